/**
 * A bench in virtual time: host, main, sub and their disks in one process. Promises of the host's clients are kept by
 * `run`, which lets time pass until a promise is settled.
 */
import { createHash } from 'node:crypto';
import { metaBytesMin } from '../../firmware-sim/controller/controller.js';
import { MainController } from '../../firmware-sim/main/main-controller.js';
import { SubController } from '../../firmware-sim/sub/sub-controller.js';
import { HostClient } from '../../host/client.js';
import type { Device, DiskName } from '../../protocol/device.js';
import type { Method } from '../../protocol/ids.js';
import { RefusalError } from '../../protocol/refusals.js';
import type { LineSeal } from '../../protocol/session/line-seal.js';
import { Random } from '../random.js';
import { type Compress, compressingPort } from '../run/compress.js';
import { idealLine, Kernel, type SimulatedLine } from '../simulate/kernel.js';
import type { LineModelOptions } from '../simulate/line-model.js';
import { type DiskTimes, SimulatedDisk } from '../simulate/simulated-disk.js';
import type { Powered } from './bench.js';
import { type BenchKeys, oneKey, portKeys, sealOf } from './bench-keys.js';

export interface EmulatedBenchOptions {
  readonly method: Method;
  /** Sizes of the volumes in bytes. */
  readonly volumes: readonly number[];
  readonly blockBytes?: number;
  /** Sizes of each shadow and staging area in bytes; by default they take a whole volume. */
  readonly shadowBytes?: number;
  readonly stagingBytes?: number;
  /** Seals all lines, 32 bytes. */
  readonly key?: Uint8Array;
  /** Seals single lines, in place of `key`. */
  readonly keys?: BenchKeys;
  /** Between the controllers; off unless given. */
  readonly compress?: Compress | undefined;
  /** Runs that the sub may hold already are named before they are sent; so it is unless this says no. */
  readonly heldRuns?: boolean | undefined;
  /** Of one controller, in place of `compress`. */
  readonly compressOf?: Readonly<Partial<Record<Powered, Compress>>>;
  readonly seed?: string | number;
  readonly hostLine?: LineModelOptions;
  readonly remoteLine?: LineModelOptions;
  readonly diskTimes?: DiskTimes;
  readonly hostStallUsMax?: number;
  readonly framePayloadMax?: number;
  /** Bytes of records after which a controller replaces them by a snapshot: small to have that often. */
  readonly journalGrowthBytesMin?: number;
  /** Virtual time after which `run` gives up waiting for a promise, in microseconds. */
  readonly patienceUs?: number;
  /** Puts something between a device and the bench: to watch its steps and frames. */
  readonly wrap?: (name: string, device: Device) => Device;
}

const patienceUsDefault = 24 * 3_600_000_000;

export class EmulatedBench {
  readonly kernel = new Kernel();
  readonly options: EmulatedBenchOptions;
  readonly main: MainController;
  readonly sub: SubController;
  /** The host at main, and the one at the sub. */
  readonly host: HostClient;
  readonly subHost: HostClient;
  readonly lines: { readonly host: SimulatedLine; readonly remote: SimulatedLine; readonly subHost: SimulatedLine };
  readonly disks = new Map<DiskName, SimulatedDisk>();
  readonly subDisks = new Map<DiskName, SimulatedDisk>();
  readonly #random: Random;
  #powerOns = 0;

  constructor(options: EmulatedBenchOptions) {
    this.options = options;
    this.#random = new Random(options.seed ?? 1);
    const { method, volumes, blockBytes = 4096, hostStallUsMax, framePayloadMax, journalGrowthBytesMin } = options;
    const keys = options.keys ?? oneKey(options.key);
    const payload = framePayloadMax === undefined ? {} : { framePayloadMax };
    const ports = (role: Powered) => ({
      host: { ...portKeys(keys, role).host, ...payload },
      remote: {
        ...portKeys(keys, role).remote,
        ...payload,
        ...compressingPort(options.compressOf?.[role] ?? options.compress),
        heldRuns: options.heldRuns ?? true,
      },
      ...(journalGrowthBytesMin === undefined ? {} : { journalGrowthBytesMin }),
      ...{ blockBytes, volumeCount: volumes.length },
    });
    const stall = hostStallUsMax === undefined ? {} : { hostStallUsMax };
    this.main = new MainController({ ...ports('main'), method, ...stall });
    this.sub = new SubController(ports('sub'));
    this.#makeDisks(blockBytes);
    this.host = this.#client('host', sealOf(keys, 'hostMain'));
    this.subHost = this.#client('subHost', sealOf(keys, 'hostSub'));
    const wrap = options.wrap ?? ((_: string, device: Device) => device);
    this.kernel.add('main', wrap('main', this.main), this.disks);
    this.kernel.add('sub', wrap('sub', this.sub), this.subDisks);
    this.kernel.add('host', wrap('host', this.host.machine));
    this.kernel.add('subHost', wrap('subHost', this.subHost.machine));
    this.lines = {
      host: this.#connect('host', 'target', 'main', 'host', options.hostLine),
      remote: this.#connect('main', 'remote', 'sub', 'remote', options.remoteLine),
      subHost: this.#connect('subHost', 'target', 'sub', 'host', options.hostLine),
    };
    for (const name of ['main', 'sub', 'host', 'subHost']) this.kernel.powerOn(name, this.#entropy(name));
  }

  /** Lets virtual time pass until the promise is settled; throws when nothing happens any more, or for too long. */
  async run<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const done = promise.finally(() => {
      settled = true;
    });
    done.catch(() => {});
    const untilUs = this.kernel.nowUs + (this.options.patienceUs ?? patienceUsDefault);
    for (;;) {
      // Everything that a promise leads to is done before time goes on, so that the order does not depend on the machine.
      await new Promise((resolve) => setImmediate(resolve));
      if (settled) return done;
      if (!this.#burst(untilUs)) throw this.#nothingCame();
    }
  }

  #nothingCame(): RefusalError {
    const hours = (this.options.patienceUs ?? patienceUsDefault) / 3_600_000_000;
    const detail = this.kernel.idle ? 'nothing happens any more' : `nothing came of it in ${hours} h of virtual time`;
    return new RefusalError('line-silent', detail);
  }

  /** Lets so much virtual time pass. */
  async pass(us: number): Promise<void> {
    const untilUs = this.kernel.nowUs + us;
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#burst(untilUs)) await new Promise((resolve) => setImmediate(resolve));
    this.kernel.advance(untilUs);
  }

  powerCut(name: Powered): void {
    this.kernel.powerCut(name);
  }

  powerOn(name: Powered): void {
    this.kernel.powerOn(name, this.#entropy(name));
  }

  /** The durable bytes of a disk, as a file would hold them. */
  durable(disk: DiskName, offset = 0, length?: number): Buffer {
    const found = this.disks.get(disk) ?? this.subDisks.get(disk);
    if (found === undefined) throw new RangeError(`no disk is called ${disk}`);
    return found.durable(offset, length ?? found.sectors * 512 - offset);
  }

  /** Carries events out until one of them told a host something. */
  #burst(untilUs: number): boolean {
    const { told } = this;
    while (this.told === told) if (!this.kernel.next(untilUs)) return false;
    return true;
  }

  /** How often a host has been told something. */
  told = 0;

  #makeDisks(blockBytes: number): void {
    const { volumes, shadowBytes, stagingBytes, diskTimes } = this.options;
    const disk = (bytes: number) => new SimulatedDisk(bytes, diskTimes === undefined ? {} : { times: diskTimes });
    const meta = Math.max(8 * metaBytesMin, volumes.reduce((sum, each) => sum + each, 0) / 16);
    this.disks.set('meta', disk(meta));
    this.subDisks.set('meta', disk(meta));
    for (const [volume, bytes] of volumes.entries()) {
      const whole = Math.ceil(bytes / blockBytes) * blockBytes + blockBytes;
      this.disks.set(`primary${volume}`, disk(bytes));
      this.disks.set(`shadow${volume}`, disk(shadowBytes ?? whole));
      this.subDisks.set(`staging${volume}`, disk(stagingBytes ?? whole));
      this.subDisks.set(`secondary${volume}`, disk(bytes));
    }
  }

  #client(name: string, sealed: LineSeal): HostClient {
    const entropy = this.#entropy(name);
    const client: HostClient = new HostClient({
      entropy,
      ...sealed,
      onSubmit: () => this.kernel.poke(name),
      onTold: () => {
        this.told += 1;
      },
    });
    return client;
  }

  #connect(
    a: string,
    portA: 'target' | 'remote',
    b: string,
    portB: 'host' | 'remote',
    options: LineModelOptions = idealLine,
  ): SimulatedLine {
    return this.kernel.connect([a, portA], [b, portB], { ...options, random: this.#random.fork(`${a}-${b}`) });
  }

  /** Fresh at each power on, and the same in each run of a seed. */
  #entropy(name: string): Uint8Array {
    this.#powerOns += 1;
    return createHash('sha256').update(`${this.#random.seed}/${name}/${this.#powerOns}`).digest();
  }
}
