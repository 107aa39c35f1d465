/** A bench in virtual time with what the tests of the controllers need: states to order, and controllers started anew. */
import { expect } from 'chai';
import { EmulatedBench, type EmulatedBenchOptions } from '../../hil/bench/emulated-bench.js';
import { Random } from '../../hil/random.js';
import type { SimulatedDisk } from '../../hil/simulate/simulated-disk.js';
import { HostClient } from '../../host/client.js';
import type { Device, DiskName } from '../../protocol/device.js';
import { RefusalError } from '../../protocol/refusals.js';

export const blockBytes = 4096;
export const volumeBlocks = 16;

export type LabOptions = Partial<EmulatedBenchOptions>;

export class Lab {
  readonly bench: EmulatedBench;
  #freezes = 0;
  #written = 0;

  constructor(options: LabOptions = {}) {
    this.bench = new EmulatedBench({
      method: 'differential',
      volumes: [volumeBlocks * blockBytes],
      hostLine: { latencyUs: 500, bitErrorRate: 0, dropRate: 0 },
      remoteLine: { latencyUs: 500, bitErrorRate: 0, dropRate: 0, baud: 3_000_000 },
      diskTimes: { accessUs: 50, flushUs: 200, lateEffect: true },
      patienceUs: 60_000_000,
      ...options,
    });
  }

  /** The token of the newest freeze. */
  get token(): Uint8Array {
    return Buffer.alloc(16, this.#freezes);
  }

  /** Fills blocks with bytes that were never written before, and says which. */
  async write(first: number, count: number, client = this.bench.host): Promise<Buffer> {
    this.#written += 1;
    const data = Buffer.alloc(count * blockBytes, `write ${this.#written} of the lab.`);
    await this.bench.run(client.write(0, first * blockBytes, data).done);
    return data;
  }

  freeze(): Promise<number> {
    return this.bench.run(this.startFreeze());
  }

  /** Sends a freeze; resolves with its generation as time goes on. */
  startFreeze(): Promise<number> {
    this.#freezes += 1;
    return this.bench.host.freeze(this.token).then(({ generation }) => generation);
  }

  /** Freezes, and waits until all of it is in the secondary area and main knows. */
  async image(): Promise<number> {
    const generation = await this.freeze();
    await this.bench.run(this.bench.subHost.wait(generation, 'structured'));
    await this.bench.run(this.bench.host.wait(generation, 'structured'));
    return generation;
  }

  /** Carries out events, one by one, until something is so. */
  async until(what: () => boolean, withinUs = 20_000_000): Promise<void> {
    const { kernel } = this.bench;
    const untilUs = kernel.nowUs + withinUs;
    while (!what()) {
      await new Promise((resolve) => setImmediate(resolve));
      if (what()) return;
      if (!kernel.next(untilUs)) throw new Error(`it did not come about: ${what}`);
    }
  }

  cutRemote(): void {
    this.bench.kernel.cut(this.bench.lines.remote);
  }

  restoreRemote(): void {
    this.bench.kernel.restore(this.bench.lines.remote);
  }

  /** Every byte of every disk of both sites, durable and cached. */
  fingerprint(): string {
    const all = [
      ...this.bench.disks,
      ...[...this.bench.subDisks].map(([name, disk]) => [`sub ${name}`, disk] as const),
    ];
    return all.map(([name, disk]) => `${name} ${disk.fingerprint()}`).join('\n');
  }

  /** Starts another controller, over disks of its own or those of one whose power is off, with a host at its port. */
  start(name: string, device: Device, disks: ReadonlyMap<DiskName, SimulatedDisk>, key?: Uint8Array): HostClient {
    const { kernel } = this.bench;
    const host = `host of ${name}`;
    const client: HostClient = new HostClient({
      entropy: Buffer.alloc(32, `${host} ${kernel.nowUs} `),
      ...(key === undefined ? {} : { key }),
      onSubmit: () => kernel.poke(host),
      onTold: () => {
        this.bench.told += 1;
      },
    });
    this.add(name, device, disks);
    this.plug(host, client.machine, name);
    return client;
  }

  /** Adds a controller without a host, switched off. */
  add(name: string, device: Device, disks: ReadonlyMap<DiskName, SimulatedDisk>): void {
    this.bench.kernel.add(name, device, disks);
  }

  /** Puts a device at the host port of a controller, and switches both on. */
  plug(name: string, device: Device, controller: string): void {
    const { kernel } = this.bench;
    kernel.add(name, device);
    const line = { latencyUs: 500, bitErrorRate: 0, dropRate: 0, random: new Random(name) };
    kernel.connect([name, 'target'], [controller, 'host'], line);
    for (const each of [controller, name]) kernel.powerOn(each, Buffer.alloc(32, `${each} ${kernel.nowUs} `));
  }

  /** Joins the remote ports of two controllers that `start` started. */
  join(main: string, sub: string): void {
    const line = { latencyUs: 500, bitErrorRate: 0, dropRate: 0, random: new Random(`${main} ${sub}`) };
    this.bench.kernel.connect([main, 'remote'], [sub, 'remote'], line);
  }
}

/** The code of the refusal that a promise is rejected with. */
export async function refusalOf(lab: Lab, promise: Promise<unknown>): Promise<string> {
  try {
    await lab.bench.run(promise);
  } catch (error) {
    expect(error).to.be.instanceOf(RefusalError);
    return (error as RefusalError).refusal.code;
  }
  return 'not refused';
}
