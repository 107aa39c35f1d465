/**
 * A random program with takeovers and failbacks against the whole bench in virtual time, and beside it what each site
 * must hold: after a takeover the sub's volume is the one that counts, until a failback has brought it to main.
 */
import { expect } from 'chai';
import { EmulatedBench } from '../../hil/bench/emulated-bench.js';
import { Random } from '../../hil/random.js';
import type { HostClient } from '../../host/client.js';
import type { Method } from '../../protocol/ids.js';
import { RefusalError } from '../../protocol/refusals.js';

export const takeoverVolumeBytes = 48 * 4096;

export type TakeoverStep =
  | { readonly kind: 'write'; readonly sector: number; readonly sectors: number }
  | { readonly kind: 'freeze'; readonly answered: boolean }
  | { readonly kind: 'pass'; readonly us: number }
  | { readonly kind: 'cut'; readonly us: number }
  | { readonly kind: 'power'; readonly who: 'main' | 'sub' | 'both' }
  | { readonly kind: 'takeover'; readonly settled: boolean }
  | { readonly kind: 'failback'; readonly discard: boolean };

export interface TakeoverProgram {
  readonly method: Method;
  readonly shadowBlocks: number;
  readonly lateDisks: boolean;
  readonly steps: readonly TakeoverStep[];
}

export class TakeoverRun {
  readonly bench: EmulatedBench;
  readonly #random = new Random('takeover');
  readonly #images: Buffer[] = [];
  /** Who takes host writes: main, the sub, or nobody while a failback is under way. */
  #side: 'main' | 'sub' | 'returning' = 'main';
  #now = Buffer.alloc(takeoverVolumeBytes);
  #returning = 0;
  #newest = 0;
  #tokens = 0;
  #writes: Promise<void>[] = [];
  #underWay: (readonly [from: number, end: number])[] = [];
  #freeze: Promise<void> | undefined;

  constructor({ method, shadowBlocks, lateDisks }: TakeoverProgram) {
    this.bench = new EmulatedBench({
      method,
      volumes: [takeoverVolumeBytes],
      shadowBytes: shadowBlocks * 4096,
      remoteLine: { baud: 921_600, latencyUs: 500, bitErrorRate: 0, dropRate: 0 },
      hostLine: { baud: 3_000_000, latencyUs: 200, bitErrorRate: 0, dropRate: 0 },
      diskTimes: { accessUs: 50, flushUs: 400, lateEffect: lateDisks },
      patienceUs: 300_000_000,
    });
  }

  async step(step: TakeoverStep): Promise<void> {
    await this.#look();
    switch (step.kind) {
      case 'write':
        await this.#write(step.sector, step.sectors);
        break;
      case 'freeze':
        await this.#startFreeze(step.answered);
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
      case 'takeover':
        await this.#takeOver(step.settled);
        break;
      case 'failback':
        await this.#failBack(step.discard);
        break;
    }
    await this.#check();
  }

  /** Everything comes home: main is the main side, the sub has the newest image, no slot is lost. */
  async finish(): Promise<void> {
    await this.#settle();
    for (let tries = 0; this.#side !== 'main'; tries += 1) {
      if (this.#side === 'sub') await this.#failBack(true);
      await this.bench.pass(2_000_000);
      await this.#look();
      if (this.#side === 'sub' && this.bench.main.state.failingBack) return; // Its shadow area has no room.
      expect(tries, 'passes until the failback has ended').to.be.lessThan(20);
    }
    const { host, subHost } = this.bench;
    await this.#resync();
    await this.#startFreeze(true);
    const generation = this.#newest;
    await this.bench.run(host.wait(generation, 'structured'));
    await this.bench.run(subHost.wait(generation, 'structured'));
    await this.bench.pass(1_000_000);
    expect(this.bench.durable('secondary0').equals(this.#now), `secondary of ${generation}`).to.equal(true);
    expect(this.bench.durable('primary0').equals(this.#now), 'primary').to.equal(true);
    for (const client of [host, subHost]) {
      const { role, shadowSlots, shadowSlotsFree } = await this.bench.run(client.status());
      expect(shadowSlotsFree, `free slots at ${role}`).to.equal(shadowSlots);
    }
  }

  get #client(): HostClient {
    return this.#side === 'main' ? this.bench.host : this.bench.subHost;
  }

  /** Has a failback ended meanwhile, well or not? */
  async #look(): Promise<void> {
    if (this.#side !== 'returning') return;
    const sub = await this.bench.run(this.bench.subHost.status());
    if (sub.failed === this.#returning) this.#side = 'sub';
    if (sub.pairState === 'SSWS') return;
    const main = await this.bench.run(this.bench.host.status());
    if (main.reason !== 0) return;
    expect(main.committed, 'what main holds after a failback').to.equal(this.#returning);
    this.#side = 'main';
  }

  async #write(sector: number, sectors: number): Promise<void> {
    await this.#frozen();
    const count = Math.min(sectors, takeoverVolumeBytes / 512 - sector);
    // Order among writes that overlap and are under way together is nobody's promise (SAM-5, simple tasks).
    if (this.#underWay.some(([from, end]) => sector < end && from < sector + count)) await this.#settle();
    const data = this.#random.fill(Buffer.alloc(count * 512));
    const done = this.#client.write(0, sector * 512, data).done;
    if (this.#side === 'returning') {
      await refused(this.bench.run(done), ['scsi-error'], 'a write while a failback is under way');
      return;
    }
    data.copy(this.#now, sector * 512);
    done.catch(() => {});
    this.#writes.push(done);
    this.#underWay.push([sector, sector + count]);
    if (this.#random.below(2) === 0) await this.#settle();
  }

  async #settle(): Promise<void> {
    this.#underWay = [];
    for (const write of this.#writes.splice(0)) await this.bench.run(write);
    await this.#frozen();
  }

  async #startFreeze(answered: boolean): Promise<void> {
    await this.#settle();
    if (this.#side !== 'main') return;
    const image = Buffer.from(this.#now);
    this.#tokens += 1;
    this.#freeze = this.bench.host.freeze(Buffer.alloc(16, this.#tokens)).then(({ generation }) => {
      this.#use(generation, image);
    });
    this.#freeze.catch(() => {});
    if (answered) await this.#frozen();
  }

  #use(generation: number, image: Buffer): void {
    expect(generation, 'a number that has not been used').to.be.greaterThan(this.#newest);
    this.#newest = generation;
    this.#images[generation] = image;
  }

  async #frozen(): Promise<void> {
    const freeze = this.#freeze;
    this.#freeze = undefined;
    if (freeze === undefined) return;
    const code = await refused(
      this.bench.run(freeze),
      ['transfer-in-progress', 'pair-suspended', 'taken-over', 'failback-in-progress'],
      'a freeze',
    );
    if (code === 'pair-suspended' && this.#side === 'main') await this.#resync();
  }

  async #power(who: 'main' | 'sub' | 'both'): Promise<void> {
    if (who !== 'sub') this.bench.powerCut('main');
    if (who !== 'main') this.bench.powerCut('sub');
    await this.bench.pass(100_000);
    if (who !== 'sub') this.bench.powerOn('main');
    if (who !== 'main') this.bench.powerOn('sub');
  }

  async #takeOver(settled: boolean): Promise<void> {
    if (settled || this.#side !== 'main') await this.#settle();
    const allowed = ['not-ready', 'failback-in-progress'];
    const code = await refused(this.bench.run(this.bench.subHost.takeover(true)), allowed, 'a takeover');
    if (code !== undefined || this.#side !== 'main') return;
    this.#side = 'sub';
    // Writes and a freeze that were under way at main end somehow; what main holds does not count any more.
    for (const write of this.#writes.splice(0)) await refused(this.bench.run(write), ['scsi-error'], 'a write at main');
    await this.#frozen();
    const { committed } = await this.bench.run(this.bench.subHost.status());
    const image = this.#images[committed];
    if (image === undefined) throw new Error(`the sub has taken over with generation ${committed}, which never was`);
    this.#now = Buffer.from(image);
  }

  async #failBack(discard: boolean): Promise<void> {
    await this.#settle();
    const asked = this.bench.subHost.failback(discard).then(({ generation }) => {
      this.#returning = generation;
    });
    const refusals = ['not-taken-over', 'discard-needed', 'sub-unreachable', 'failback-in-progress'];
    const code = await refused(this.bench.run(asked), refusals, 'a failback');
    if (code !== undefined) return;
    expect(this.#side, 'who a failback was accepted by').to.equal('sub');
    this.#side = 'returning';
    this.#use(this.#returning, Buffer.from(this.#now));
  }

  /** The side that counts shows the newest data, the sub at any time one whole image. */
  async #check(): Promise<void> {
    if (this.#writes.length > 0 || this.#freeze !== undefined) return;
    const { host, subHost } = this.bench;
    if (this.#side === 'main') {
      const read = Buffer.from(await this.bench.run(host.read(0, 0, takeoverVolumeBytes)));
      expect(read.equals(this.#now), 'what main shows').to.equal(true);
    }
    const { committed } = await this.bench.run(subHost.status());
    if (committed === 0) return;
    const image = Buffer.from(await this.bench.run(subHost.read(0, 0, takeoverVolumeBytes)));
    const after = await this.bench.run(subHost.status());
    if (after.committed !== committed) return;
    const expected = this.#side === 'main' ? this.#images[committed] : this.#now;
    expect(image.equals(expected ?? Buffer.alloc(0)), `what the sub shows of ${committed}`).to.equal(true);
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
}

/** The code of one of these refusals, or undefined when there is none. */
async function refused(promise: Promise<unknown>, codes: readonly string[], what: string): Promise<string | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    if (!(error instanceof RefusalError)) throw error;
    expect(codes, what).to.include(error.refusal.code);
    return error.refusal.code;
  }
}
