/**
 * A random program against the whole bench in virtual time, and a plain model in memory beside it. Nothing is waited
 * for unless a step says so: the power goes, the line is cut and the image is frozen in the middle of things.
 */
import { expect } from 'chai';
import { EmulatedBench } from '../../hil/bench/emulated-bench.js';
import { Random } from '../../hil/random.js';
import type { SimulatedDisk } from '../../hil/simulate/simulated-disk.js';
import type { Method } from '../../protocol/ids.js';
import { RefusalError } from '../../protocol/refusals.js';
import { type ModelImage, type ModelWrite, patternOf, VolumeModel } from './volume-model.js';

const volumeSectors = 509;

export type Step =
  | { readonly kind: 'write'; readonly volume: number; readonly sector: number; readonly sectors: number }
  | { readonly kind: 'unmap'; readonly volume: number; readonly sector: number; readonly sectors: number }
  | { readonly kind: 'read'; readonly volume: number }
  | { readonly kind: 'freeze' }
  | { readonly kind: 'look' }
  | { readonly kind: 'settle' }
  /** So many events happen. */
  | { readonly kind: 'events'; readonly count: number }
  | { readonly kind: 'pass'; readonly us: number }
  | { readonly kind: 'cut'; readonly line: 'host' | 'remote' }
  | { readonly kind: 'restore' }
  | { readonly kind: 'suspend' }
  | { readonly kind: 'power'; readonly who: 'main' | 'sub' | 'both' };

export interface Program {
  readonly method: Method;
  readonly volumes: number;
  readonly blockBytes: number;
  readonly shadowBlocks: number;
  readonly remote: { readonly baud: number; readonly bitErrorRate: number; readonly dropRate: number };
  /** The longest that a command of a disk takes, in microseconds; each takes its own time up to that. */
  readonly diskUs: number;
  readonly lateDisks: boolean;
  /** How much of what a disk has not flushed is on its medium all the same when the power goes. */
  readonly survival: 'none' | 'some';
  readonly seed: number;
  readonly steps: readonly Step[];
}

type Frozen = { readonly generation: number } | { readonly refusal: string };

/** Runs a program and checks, as it goes, that the sub shows exactly the image of a freeze. */
export class ModelRun {
  readonly bench: EmulatedBench;
  readonly #program: Program;
  readonly #model: VolumeModel;
  readonly #random: Random;
  /** Images by generation. */
  readonly #images = new Map<number, ModelImage>();
  readonly #writes = new Map<ModelWrite, Promise<void>>();
  #reads: Promise<void>[] = [];
  #freeze: Promise<Frozen> | undefined;
  #tokens = 0;
  #newest = 0;

  constructor(program: Program) {
    const { method, volumes, blockBytes, shadowBlocks, remote, diskUs, lateDisks, seed } = program;
    this.#program = program;
    this.#random = new Random(seed);
    this.#model = new VolumeModel(volumes, volumeSectors);
    this.bench = new EmulatedBench({
      ...{ method, blockBytes, seed },
      volumes: Array.from({ length: volumes }, () => volumeSectors * 512),
      shadowBytes: shadowBlocks * blockBytes,
      hostLine: { latencyUs: 100, bitErrorRate: 0, dropRate: 0 },
      remoteLine: { ...remote, latencyUs: 500 },
      diskTimes: { accessUs: diskUs, flushUs: diskUs, lateEffect: lateDisks },
      hostStallUsMax: 500_000,
      journalGrowthBytesMin: 2000,
      patienceUs: 600_000_000,
    });
    for (const disk of this.#disksOf('both')) disk.delayUs = () => this.#random.below(diskUs + 1);
  }

  async step(step: Step): Promise<void> {
    switch (step.kind) {
      case 'write':
      case 'unmap':
        await this.#write(step);
        break;
      case 'read':
        this.#read(step.volume % this.#program.volumes);
        break;
      case 'freeze':
        await this.#frozen();
        this.#startFreeze();
        break;
      case 'look':
        await this.#look();
        break;
      case 'settle':
        await this.#settle();
        break;
      case 'events':
        await this.#events(step.count);
        break;
      case 'pass':
        await this.bench.pass(step.us);
        break;
      case 'cut':
        this.bench.kernel.cut(this.bench.lines[step.line]);
        break;
      case 'restore':
        this.#restore();
        break;
      case 'suspend':
        await this.#suspend();
        break;
      case 'power':
        await this.#power(step.who);
        break;
    }
  }

  /** Everything settles: the last generation is structured, its image right in the file, the primary the newest data, no slot lost. */
  async finish(): Promise<void> {
    await this.#settle();
    const { host, subHost } = this.bench;
    let generation: number | undefined;
    while (generation === undefined) {
      await this.#resync();
      this.#startFreeze();
      generation = await this.#frozen();
      if (generation === undefined) continue;
      const lost = await this.bench.run(host.wait(generation, 'structured')).catch(refusalIn);
      if (lost !== undefined) generation = undefined;
    }
    await this.bench.run(subHost.wait(generation, 'structured'));
    await this.bench.pass(2_000_000);
    await this.#look();
    for (const [volume, sectors] of this.#model.acknowledged.entries()) {
      const image = { sectors: [sectors], open: [] };
      for (const area of ['primary', 'secondary'] as const) {
        this.#model.expectImage(this.bench.durable(`${area}${volume}`), 0, image, `${area}${volume}`);
      }
    }
    for (const client of [host, subHost]) {
      const { role, shadowSlots, shadowSlotsFree } = await this.bench.run(client.status());
      expect(shadowSlotsFree, `free slots at ${role}`).to.equal(shadowSlots);
    }
  }

  async #write({ kind, volume, sector, sectors }: Extract<Step, { kind: 'write' | 'unmap' }>): Promise<void> {
    const place = { volume: volume % this.#program.volumes, end: Math.min(sector + sectors, volumeSectors) };
    // Order among writes that overlap and are under way together is nobody's promise (SAM-5, simple tasks).
    for (const [write, done] of this.#writes) {
      if (write.volume !== place.volume || write.end <= sector || place.end <= write.from) continue;
      this.#restore();
      await this.bench.run(done);
    }
    let tag = 0;
    const write = this.#model.submit(place.volume, sector, place.end, kind === 'unmap', () => tag);
    const data = patternOf(write.number, place.end - sector);
    const command =
      kind === 'unmap'
        ? { op: 'unmap' as const, ranges: [{ lba: sector, sectors: place.end - sector }] }
        : { op: 'write' as const, lba: sector, data };
    const done = this.bench.host
      .command(place.volume, command, (given) => {
        tag = given;
      })
      .then(() => {
        this.#writes.delete(write);
        this.#model.acknowledge(write);
      });
    done.catch(() => {});
    this.#writes.set(write, done);
  }

  #read(volume: number): void {
    const { at, sectors } = this.#model.snapshot();
    const since = { at, acknowledged: sectors[volume] ?? new Uint32Array(0) };
    const done = this.bench.host.read(volume, 0, volumeSectors * 512).then((data) => {
      this.#model.expectRead(Buffer.from(data), volume, since);
    });
    done.catch(() => {});
    this.#reads.push(done);
  }

  #startFreeze(): void {
    const before = this.#model.snapshot();
    const { life } = this.#model;
    this.#tokens += 1;
    this.#freeze = this.bench.host.freeze(Buffer.alloc(16, this.#tokens)).then(
      ({ generation, included }) => {
        expect(generation, 'a number that has not been used').to.be.greaterThan(this.#newest);
        this.#newest = generation;
        this.#images.set(generation, this.#model.imageOf(before, life, included));
        return { generation };
      },
      (error: unknown) => ({ refusal: refusalIn(error) }),
    );
  }

  /** Waits for the answer to a freeze; its generation, or undefined when it was refused. */
  async #frozen(): Promise<number | undefined> {
    const freeze = this.#freeze;
    if (freeze === undefined) return undefined;
    this.#restore();
    this.#freeze = undefined;
    const answer = await this.bench.run(freeze);
    if ('generation' in answer) return answer.generation;
    expect(['transfer-in-progress', 'pair-suspended', 'recovering']).to.include(answer.refusal);
    if (answer.refusal === 'pair-suspended') await this.#resync();
    return undefined;
  }

  async #settle(): Promise<void> {
    this.#restore();
    for (const done of [...this.#writes.values()]) await this.bench.run(done);
    for (const done of this.#reads.splice(0)) await this.bench.run(done);
    await this.#frozen();
    this.#model.forget();
    for (let volume = 0; volume < this.#program.volumes; volume += 1) this.#read(volume);
    for (const done of this.#reads.splice(0)) await this.bench.run(done);
  }

  /** The sub shows one whole image: that of the generation that it says is committed. */
  async #look(): Promise<void> {
    const { subHost } = this.bench;
    const { committed } = await this.bench.run(subHost.status());
    if (committed === 0) return;
    for (let volume = 0; volume < this.#program.volumes; volume += 1) {
      const read = Buffer.from(await this.bench.run(subHost.read(volume, 0, volumeSectors * 512)));
      const after = await this.bench.run(subHost.status());
      if (after.committed !== committed) return;
      if (!this.#images.has(committed)) await this.#frozen();
      const image = this.#images.get(committed);
      if (image === undefined) throw new Error(`the sub shows generation ${committed}, which was never frozen`);
      this.#model.expectImage(read, volume, image, `image ${committed}`);
    }
  }

  async #events(count: number): Promise<void> {
    for (let event = 0; event < count; event += 1) {
      const { told } = this.bench;
      if (!this.bench.kernel.next()) return;
      if (this.bench.told !== told) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #power(who: 'main' | 'sub' | 'both'): Promise<void> {
    if (this.#program.survival === 'some') for (const disk of this.#disksOf(who)) this.#destage(disk);
    if (who !== 'sub') {
      this.#model.life += 1;
      this.bench.powerCut('main');
    }
    if (who !== 'main') this.bench.powerCut('sub');
    await this.bench.pass(10_000);
    if (who !== 'sub') this.bench.powerOn('main');
    if (who !== 'main') this.bench.powerOn('sub');
    for (let volume = 0; volume < this.#program.volumes; volume += 1) this.#read(volume);
  }

  /** A disk may make any part of its cache durable at any time. */
  #destage(disk: SimulatedDisk): void {
    for (let parts = this.#random.below(3); parts > 0; parts -= 1) {
      const lba = this.#random.below(disk.sectors);
      const sectors = 1 + this.#random.below(Math.min(disk.sectors - lba, 200));
      disk.submit({ op: 'synchronizeCache', lba, sectors }, () => {});
    }
  }

  async #suspend(): Promise<void> {
    this.#restore();
    await this.bench.run(this.bench.host.suspend()).catch(refusalIn);
  }

  /** Brings a suspended pair back, and waits until nothing is on its way. */
  async #resync(): Promise<void> {
    this.#restore();
    for (;;) {
      const { pairState, frozen, committed, failed } = await this.bench.run(this.bench.host.status());
      if (pairState === 'PSUE' || pairState === 'PSUS') {
        await this.bench.run(this.bench.host.resync()).catch(refusalIn);
      } else if (frozen > committed && frozen !== failed) {
        await this.bench.run(this.bench.host.wait(frozen, 'committed')).catch(refusalIn);
      } else return;
    }
  }

  #restore(): void {
    for (const line of [this.bench.lines.host, this.bench.lines.remote]) this.bench.kernel.restore(line);
  }

  #disksOf(who: 'main' | 'sub' | 'both'): SimulatedDisk[] {
    const main = who === 'sub' ? [] : [...this.bench.disks.values()];
    return who === 'main' ? main : [...main, ...this.bench.subDisks.values()];
  }
}

/** The code of a refusal; any other error goes on. */
function refusalIn(error: unknown): string {
  if (!(error instanceof RefusalError)) throw error;
  return error.refusal.code;
}
