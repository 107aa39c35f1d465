/** A bench in real time with both models in this process, over lines and disks in memory. */
import { metaBytesMin } from '../../firmware-sim/controller/controller.js';
import { MemoryStore } from '../../firmware-sim/disk/memory-store.js';
import { MainController } from '../../firmware-sim/main/main-controller.js';
import { SubController } from '../../firmware-sim/sub/sub-controller.js';
import type { DiskName, PortName } from '../../protocol/device.js';
import { assert } from '../../protocol/ids.js';
import type { CaptureFile } from '../capture/capture-file.js';
import type { AreaName } from '../report/block-states.js';
import { type Compress, compressingPort } from '../run/compress.js';
import { DeviceRunner } from '../run/device-runner.js';
import { armErrors } from '../run/disks/arm-errors.js';
import type { DiskPort } from '../run/disks/disk-port.js';
import { LocalDisk, memoryMedium } from '../run/disks/local-disk.js';
import { captureBytes } from '../run/lines/capture-bytes.js';
import { EmulatedLine } from '../run/lines/emulator.js';
import type { Line } from '../run/lines/line.js';
import { memoryLines } from '../run/lines/memory.js';
import {
  type BenchAbilities,
  type BenchModels,
  type BenchShape,
  type DiskError,
  hostLineNames,
  ownerOf,
  type Powered,
  remoteLineName,
  type SlotAreaBytes,
} from './bench.js';
import { type BenchKeys, portKeys, sealOf } from './bench-keys.js';
import { HostEnd } from './host-end.js';
import { emulatedName, type LineEmulation, shapeOf } from './line-emulation.js';
import { RealTimeBench } from './real-time-bench.js';
import { Relay } from './relay.js';
import { WatchedDevice } from './watched-device.js';

export interface InProcessOptions extends BenchShape, SlotAreaBytes {
  readonly keys: BenchKeys;
  /** Between the controllers; off unless given. */
  readonly compress?: Compress;
  readonly seed: string;
  readonly hostLine: LineEmulation;
  readonly remoteLine: LineEmulation;
  readonly capture?: CaptureFile;
}

interface Site {
  readonly model: MainController | SubController;
  readonly lines: ReadonlyMap<PortName, Line>;
  readonly stores: ReadonlyMap<DiskName, { readonly store: MemoryStore; readonly bytes: number }>;
  runner: DeviceRunner | undefined;
  /** Those of the runner. */
  disks: ReadonlyMap<DiskName, DiskPort>;
}

export class InProcessBench extends RealTimeBench {
  readonly kind = 'in-process';
  readonly shape: BenchShape;
  readonly can: BenchAbilities = {
    cutRemote: true,
    power: new Set<Powered>(['main', 'sub']),
    areas: new Set<Powered>(['main', 'sub']),
    failDisks: new Set<Powered>(['main', 'sub']),
    virtualTime: false,
  };
  readonly models: BenchModels;
  protected readonly hostEnd: HostEnd;
  protected readonly subHostEnd: HostEnd;
  protected readonly remote: Relay;
  protected readonly hostAddress: string;
  readonly #sites: { readonly main: Site; readonly sub: Site };
  readonly #stepListeners: ((role: Powered) => void)[] = [];

  constructor(options: InProcessOptions) {
    super();
    const { method, volumes, blockBytes, keys } = options;
    this.shape = { method, volumes, blockBytes };
    const common = { blockBytes, volumeCount: volumes.length };
    const ports = (role: Powered) => {
      const { host, remote } = portKeys(keys, role);
      return { host, remote: { ...remote, ...compressingPort(options.compress), heldRuns: true } };
    };
    const main = new MainController({ ...common, ...ports('main'), method });
    const sub = new SubController({ ...common, ...ports('sub') });
    this.models = { main, sub, onStep: (listener) => this.#stepListeners.push(listener) };
    const lines = this.#lines(options);
    this.remote = lines.relay;
    this.hostAddress = emulatedName('memory', options.hostLine);
    this.hostEnd = new HostEnd({ line: lines.host, ...sealOf(keys, 'hostMain') });
    this.subHostEnd = new HostEnd({ line: lines.subHost, ...sealOf(keys, 'hostSub') });
    this.#sites = {
      main: {
        model: main,
        lines: lines.main,
        stores: this.#stores(['primary', 'shadow'], options.shadowBytes),
        ...{ runner: undefined, disks: new Map() },
      },
      sub: {
        model: sub,
        lines: lines.sub,
        stores: this.#stores(['secondary', 'staging'], options.stagingBytes),
        ...{ runner: undefined, disks: new Map() },
      },
    };
    for (const role of ['main', 'sub'] as const) this.#start(role);
  }

  async powerCut(role: Powered): Promise<void> {
    this.hostOf(role).expectAbsence();
    this.#sites[role].runner?.cutPower();
    this.#sites[role].runner = undefined;
  }

  async powerOn(role: Powered): Promise<void> {
    if (this.#sites[role].runner === undefined) this.#start(role);
  }

  async failDisk({ area, volume, command, times }: DiskError): Promise<void> {
    armErrors(this.#sites[ownerOf[area]].disks, { disk: `${area}${volume}`, command, times });
  }

  async readArea(area: AreaName, volume: number, offsetBytes: number, lengthBytes: number): Promise<Buffer> {
    const { main, sub } = this.#sites;
    const name: DiskName = `${area}${volume}`;
    const found = main.stores.get(name) ?? sub.stores.get(name);
    assert(found !== undefined, `there is a disk ${name}`);
    const bytes = Buffer.alloc(lengthBytes);
    found.store.read(offsetBytes, bytes);
    return bytes;
  }

  protected async stop(): Promise<void> {
    for (const { runner, lines } of [this.#sites.main, this.#sites.sub]) {
      if (runner !== undefined) await runner.stop();
      else await Promise.all([...lines.values()].map((line) => line.close()));
    }
  }

  #lines(options: InProcessOptions) {
    const { seed, hostLine, remoteLine, capture } = options;
    const [hostEnd, mainHost] = memoryLines(hostLineNames.main);
    const [subHostEnd, subHost] = memoryLines(hostLineNames.sub);
    const [mainRemote, relayMain] = memoryLines('main');
    const [subRemote, relaySub] = memoryLines('sub');
    const relay = new Relay(relayMain, relaySub, {
      ...{ name: remoteLineName, address: emulatedName('memory', remoteLine), impairments: shapeOf(remoteLine) },
      ...{ seed: `${seed}/remote`, marked: true },
      capture: capture?.line({ name: remoteLineName, from: 'main', to: 'sub' }),
    });
    const captured = (role: Powered) => {
      const line = capture?.line({ name: hostLineNames[role], from: 'host', to: role });
      return line === undefined ? {} : { onArrived: captureBytes(line) };
    };
    return {
      host: new EmulatedLine(hostEnd, { ...shapeOf(hostLine), ...captured('main'), seed: `${seed}/host` }),
      subHost: new EmulatedLine(subHostEnd, { ...shapeOf(hostLine), ...captured('sub'), seed: `${seed}/subHost` }),
      relay,
      main: new Map<PortName, Line>([
        ['host', mainHost],
        ['remote', mainRemote],
      ]),
      sub: new Map<PortName, Line>([
        ['host', subHost],
        ['remote', subRemote],
      ]),
    };
  }

  #stores(areas: readonly AreaName[], slotBytes: number | undefined): Site['stores'] {
    const { volumes, blockBytes } = this.shape;
    const total = volumes.reduce((sum, bytes) => sum + bytes, 0);
    const stores: [DiskName, { store: MemoryStore; bytes: number }][] = [];
    const add = (name: DiskName, bytes: number) => stores.push([name, { store: new MemoryStore(), bytes }]);
    add('meta', Math.ceil(Math.max(8 * metaBytesMin, total / 16) / 512) * 512);
    for (const [volume, bytes] of volumes.entries()) {
      const slots = slotBytes ?? Math.ceil(bytes / blockBytes + 1) * blockBytes;
      for (const area of areas) add(`${area}${volume}`, area === 'primary' || area === 'secondary' ? bytes : slots);
    }
    return new Map(stores);
  }

  /** Power on: fresh disks over the stores, so that what was not flushed is gone. */
  #start(role: Powered): void {
    const site = this.#sites[role];
    site.disks = new Map(
      [...site.stores].map(([name, { store, bytes }]) => [name, new LocalDisk({ medium: memoryMedium(bytes, store) })]),
    );
    const device = new WatchedDevice(site.model, {
      stepped: () => {
        for (const listener of this.#stepListeners) listener(role);
      },
    });
    const runner = new DeviceRunner({ device, lines: site.lines, disks: site.disks });
    runner.on('mark', (name, values) => this.mark({ atUs: this.nowUs(), role, name, values }));
    site.runner = runner;
    runner.start();
  }
}
