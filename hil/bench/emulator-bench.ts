/** A bench in virtual time. */
import type { HostClient } from '../../host/client.js';
import type { DiskName, PortName } from '../../protocol/device.js';
import { assert } from '../../protocol/ids.js';
import { RefusalError } from '../../protocol/refusals.js';
import type { CaptureFile, LineCapture } from '../capture/capture-file.js';
import type { Way } from '../capture/pcapng.js';
import type { AreaName } from '../report/block-states.js';
import type { LineRecord } from '../report/run-record.js';
import type { SimulatedLine } from '../simulate/kernel.js';
import type { SimulatedDisk } from '../simulate/simulated-disk.js';
import {
  type Bench,
  type BenchAbilities,
  type BenchMark,
  type BenchModels,
  type BenchShape,
  type DiskError,
  hostLineNames,
  ownerOf,
  type Powered,
  remoteLineName,
} from './bench.js';
import { EmulatedBench, type EmulatedBenchOptions } from './emulated-bench.js';
import { LineTaps } from './line-taps.js';
import { type DeviceWatcher, WatchedDevice } from './watched-device.js';

export interface EmulatorBenchOptions extends EmulatedBenchOptions {
  readonly capture?: CaptureFile;
}

/** The lines of a bench that are captured. */
type Captures = Readonly<Record<'remote' | 'host' | 'subHost', LineCapture>>;

export class EmulatorBench implements Bench {
  readonly kind = 'emulator';
  readonly shape: BenchShape;
  readonly can: BenchAbilities = {
    cutRemote: true,
    power: new Set<Powered>(['main', 'sub']),
    areas: new Set<Powered>(['main', 'sub']),
    failDisks: new Set<Powered>(['main', 'sub']),
    virtualTime: true,
  };
  readonly models: BenchModels;
  /** What is behind it: kernel, lines and disks, for tests that need more than a bench offers. */
  readonly emulated: EmulatedBench;
  readonly #taps = { remote: new LineTaps({ marked: true }), host: new LineTaps({ marked: true }) };
  readonly #markListeners: ((mark: BenchMark) => void)[] = [];
  readonly #stepListeners: ((role: Powered) => void)[] = [];

  readonly #captures: Captures | undefined;

  constructor({ capture, ...options }: EmulatorBenchOptions) {
    this.shape = { method: options.method, volumes: options.volumes, blockBytes: options.blockBytes ?? 4096 };
    this.#captures = capture === undefined ? undefined : capturesOf(capture);
    this.emulated = new EmulatedBench({
      ...options,
      wrap: (name, device) => new WatchedDevice(device, this.#watcher(name)),
    });
    const { main, sub, kernel } = this.emulated;
    this.models = { main, sub, onStep: (listener) => this.#stepListeners.push(listener) };
    kernel.onNote = ({ atUs, device, effect }) => {
      if (effect.kind === 'mark') this.#mark({ atUs, role: device as Powered, ...effect });
    };
  }

  get host(): HostClient {
    return this.emulated.host;
  }

  get subHost(): HostClient {
    return this.emulated.subHost;
  }

  run<T>(promise: Promise<T>): Promise<T> {
    return this.emulated.run(promise);
  }

  nowUs(): number {
    return this.emulated.kernel.nowUs;
  }

  pass(us: number): Promise<void> {
    return this.emulated.pass(us);
  }

  cutRemote(): void {
    this.emulated.kernel.cut(this.emulated.lines.remote);
  }

  restoreRemote(): void {
    this.emulated.kernel.restore(this.emulated.lines.remote);
  }

  async powerCut(role: Powered): Promise<void> {
    this.emulated.powerCut(role);
    for (const { errors } of this.#disksOf(role).values()) errors.clear();
  }

  async powerOn(role: Powered): Promise<void> {
    this.emulated.powerOn(role);
  }

  async readArea(area: AreaName, volume: number, offsetBytes: number, lengthBytes: number): Promise<Buffer> {
    return this.emulated.durable(`${area}${volume}`, offsetBytes, lengthBytes);
  }

  async failDisk({ area, volume, command, times }: DiskError): Promise<void> {
    const disk: DiskName = `${area}${volume}`;
    const found = this.#disksOf(ownerOf[area]).get(disk);
    if (found === undefined) throw new RefusalError('unknown-volume', `volume ${volume}`);
    found.errors.arm(command, times);
  }

  lines(): readonly LineRecord[] {
    const { lines, options } = this.emulated;
    return [
      lineRecord(remoteLineName, lines.remote, options.remoteLine?.baud, this.#taps.remote),
      lineRecord(hostLineNames.main, lines.host, options.hostLine?.baud, this.#taps.host),
    ];
  }

  onMark(listener: (mark: BenchMark) => void): void {
    this.#markListeners.push(listener);
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #disksOf(role: Powered): ReadonlyMap<DiskName, SimulatedDisk> {
    return role === 'main' ? this.emulated.disks : this.emulated.subDisks;
  }

  #mark(mark: BenchMark): void {
    const { port } = mark.values;
    if (port === 'remote') this.#taps.remote.mark(mark, 'main');
    if (port === 'host' && mark.role === 'main') this.#taps.host.mark(mark, 'main');
    for (const listener of this.#markListeners) listener(mark);
  }

  #watcher(name: string): DeviceWatcher {
    const { remote, host } = this.#taps;
    switch (name) {
      case 'host':
        return { sent: (_, frame) => host.there.take(frame), ...this.#received((_, of) => [of.host, 'in']) };
      case 'subHost':
        return this.#received((_, of) => [of.subHost, 'in']);
      default: {
        assert(name === 'main' || name === 'sub', 'a device of the bench');
        const toRemote = name === 'main' ? remote.there : remote.back;
        const fromRemote = name === 'main' ? 'in' : 'out';
        const fromHost = name === 'main' ? 'host' : 'subHost';
        return {
          ...this.#received((port, of) => (port === 'remote' ? [of.remote, fromRemote] : [of[fromHost], 'out'])),
          stepped: () => {
            for (const listener of this.#stepListeners) listener(name);
          },
          sent: (port, frame) => {
            if (port === 'remote') toRemote.take(frame);
            else if (name === 'main') host.back.take(frame);
          },
        };
      }
    }
  }

  /** Captures what a device receives, as it arrives there, if the lines are captured. */
  #received(of: (port: PortName, captures: Captures) => readonly [LineCapture, Way]): DeviceWatcher {
    const captures = this.#captures;
    if (captures === undefined) return {};
    return {
      received: (port, frame, nowUs) => {
        const [line, way] = of(port, captures);
        line.take(way, frame, nowUs);
      },
    };
  }
}

function capturesOf(capture: CaptureFile): Captures {
  return {
    remote: capture.line({ name: remoteLineName, from: 'main', to: 'sub', virtualTime: true }),
    host: capture.line({ name: hostLineNames.main, from: 'host', to: 'main', virtualTime: true }),
    subHost: capture.line({ name: hostLineNames.sub, from: 'host', to: 'sub', virtualTime: true }),
  };
}

function lineRecord(name: string, line: SimulatedLine, baud: number | undefined, taps: LineTaps): LineRecord {
  const [there, back] = line.counts();
  return {
    name,
    address: baud === undefined ? 'emulated' : `emulated, ${baud} baud`,
    bytesSent: there.carriedBytes,
    bytesReceived: back.carriedBytes,
    ...taps.record,
  };
}
