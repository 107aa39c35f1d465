/** A random program against the whole bench in virtual time, and a plain model in memory beside it. */
import { expect } from 'chai';
import { EmulatedBench } from '../../hil/bench/emulated-bench.js';
import { Random } from '../../hil/random.js';
import type { Method } from '../../protocol/ids.js';
import { RefusalError } from '../../protocol/refusals.js';

const volumeBytes = 64 * 4096;

export type Step =
  | { readonly kind: 'write'; readonly volume: number; readonly sector: number; readonly sectors: number }
  | { readonly kind: 'unmap'; readonly volume: number; readonly sector: number; readonly sectors: number }
  | { readonly kind: 'freeze' }
  | { readonly kind: 'pass'; readonly us: number }
  | { readonly kind: 'cut'; readonly us: number }
  | { readonly kind: 'power'; readonly who: 'main' | 'sub' | 'both' };

export interface Program {
  readonly method: Method;
  readonly volumes: number;
  readonly shadowBlocks: number;
  readonly baud: number;
  readonly steps: readonly Step[];
}

/** Runs a program and checks, as it goes, that the sub shows exactly the image of a freeze. */
export class ModelRun {
  readonly bench: EmulatedBench;
  readonly #volumes: number;
  readonly #now: Buffer[];
  /** Images by generation; 0 is what there was before the first. */
  readonly #images: Buffer[][] = [];
  readonly #random = new Random('model');
  #writes: Promise<void>[] = [];
  #underWay: { readonly volume: number; readonly sector: number; readonly end: number }[] = [];
  #newest = 0;
  #tokens = 0;

  constructor({ method, volumes, shadowBlocks, baud }: Program) {
    this.#volumes = volumes;
    this.#now = Array.from({ length: volumes }, () => Buffer.alloc(volumeBytes));
    this.bench = new EmulatedBench({
      method,
      volumes: this.#now.map(() => volumeBytes),
      shadowBytes: shadowBlocks * 4096,
      remoteLine: { baud, latencyUs: 500, bitErrorRate: 0, dropRate: 0 },
      diskTimes: { accessUs: 50, flushUs: 400 },
    });
  }

  async step(step: Step): Promise<void> {
    switch (step.kind) {
      case 'write':
        // Order among writes that overlap and are under way together is nobody's promise (SAM-5, simple tasks).
        if (this.#overlaps(step)) await this.#written();
        this.#write(step.volume % this.#volumes, step.sector, step.sectors);
        break;
      case 'unmap':
        await this.#unmap(step.volume % this.#volumes, step.sector, step.sectors);
        break;
      case 'freeze':
        await this.#freeze();
        break;
      case 'pass':
        await this.bench.pass(step.us);
        break;
      case 'cut':
        this.bench.kernel.cut(this.bench.lines.remote);
        await this.bench.pass(step.us);
        this.bench.kernel.restore(this.bench.lines.remote);
        break;
      case 'power':
        await this.#power(step.who);
        break;
    }
  }

  /** Everything settles: the last generation is structured, its image right in the file, and the primary is the newest data. */
  async finish(): Promise<void> {
    await this.#written();
    const { host, subHost } = this.bench;
    await this.#resync();
    const token = this.#token();
    const { generation } = await this.bench.run(host.freeze(token));
    this.#images[generation] = this.#now.map((each) => Buffer.from(each));
    await this.bench.run(host.wait(generation, 'structured'));
    await this.bench.run(subHost.wait(generation, 'structured'));
    await this.bench.pass(1_000_000);
    for (const [volume, expected] of this.#now.entries()) {
      expect(
        this.bench.durable(`secondary${volume}`).equals(expected),
        `secondary ${volume} of ${generation}`,
      ).to.equal(true);
      expect(this.bench.durable(`primary${volume}`).equals(expected), `primary ${volume}`).to.equal(true);
    }
  }

  #write(volume: number, sector: number, sectors: number): void {
    const count = Math.min(sectors, volumeBytes / 512 - sector);
    const data = Buffer.alloc(
      count * 512,
      Uint8Array.from({ length: 16 }, () => this.#random.u32() & 0xff),
    );
    data.copy(this.#now[volume] ?? data, sector * 512);
    const write = this.bench.host.write(volume, sector * 512, data);
    write.done.catch(() => {});
    this.#writes.push(write.done);
    this.#underWay.push({ volume, sector, end: sector + count });
  }

  #overlaps({
    volume,
    sector,
    sectors,
  }: {
    readonly volume: number;
    readonly sector: number;
    readonly sectors: number;
  }): boolean {
    const same = volume % this.#volumes;
    return this.#underWay.some((each) => each.volume === same && sector < each.end && each.sector < sector + sectors);
  }

  async #unmap(volume: number, sector: number, sectors: number): Promise<void> {
    await this.#written();
    const count = Math.min(sectors, volumeBytes / 512 - sector);
    this.#now[volume]?.fill(0, sector * 512, (sector + count) * 512);
    await this.bench.run(this.bench.host.command(volume, { op: 'unmap', ranges: [{ lba: sector, sectors: count }] }));
  }

  async #written(): Promise<void> {
    this.#underWay = [];
    for (const write of this.#writes.splice(0)) await this.bench.run(write);
    for (const [volume, expected] of this.#now.entries()) {
      const read = Buffer.from(await this.bench.run(this.bench.host.read(volume, 0, volumeBytes)));
      expect(read.equals(expected), `host read of volume ${volume}`).to.equal(true);
    }
  }

  async #freeze(): Promise<void> {
    await this.#written();
    try {
      const { generation } = await this.bench.run(this.bench.host.freeze(this.#token()));
      expect(generation).to.be.greaterThan(this.#newest);
      this.#newest = generation;
      this.#images[generation] = this.#now.map((each) => Buffer.from(each));
    } catch (error) {
      expect(error).to.be.instanceOf(RefusalError);
      const { code } = (error as RefusalError).refusal;
      expect(['transfer-in-progress', 'pair-suspended']).to.include(code);
      if (code === 'pair-suspended') await this.#resync();
    }
    await this.#checkImage();
  }

  /** The sub shows one whole image: that of the generation that it says is committed. */
  async #checkImage(): Promise<void> {
    const { subHost } = this.bench;
    const { committed } = await this.bench.run(subHost.status());
    if (committed === 0) return;
    for (let volume = 0; volume < this.#volumes; volume += 1) {
      const read = Buffer.from(await this.bench.run(subHost.read(volume, 0, volumeBytes)));
      const after = await this.bench.run(subHost.status());
      if (after.committed !== committed) return;
      expect(read.equals(this.#images[committed]?.[volume] ?? Buffer.alloc(0)), `image ${committed}`).to.equal(true);
    }
  }

  async #power(who: 'main' | 'sub' | 'both'): Promise<void> {
    if (who !== 'sub') this.bench.powerCut('main');
    if (who !== 'main') this.bench.powerCut('sub');
    await this.bench.pass(100_000);
    if (who !== 'sub') this.bench.powerOn('main');
    if (who !== 'main') this.bench.powerOn('sub');
    await this.#checkImage();
  }

  async #resync(): Promise<void> {
    for (;;) {
      const { pairState, frozen, committed, failed } = await this.bench.run(this.bench.host.status());
      if (pairState === 'PSUE') await this.bench.run(this.bench.host.resync());
      else if (frozen > committed && frozen !== failed) {
        await this.bench.run(this.bench.host.wait(frozen, 'committed').catch(() => {}));
      } else return;
    }
  }

  #token(): Uint8Array {
    this.#tokens += 1;
    return Buffer.alloc(16, this.#tokens);
  }
}
