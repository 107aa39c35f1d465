/**
 * Brings deferred writes home: from the shadow area to the primary area, once their block is sent. Takes the lock of
 * the blocks, so that no read meets a slot that has been given to somebody else.
 */
import { digestsAt } from '../../protocol/digest.js';
import { volumeNumber } from '../../protocol/ids.js';
import { spoiltContent, volumeFailure } from '../controller/volume-failure.js';
import { BlockSet } from '../storage/block-set.js';
import { done, type Failure, type Operation, type Outcome } from '../storage/operation.js';
import { firstSpoilt } from '../storage/spoilt-block.js';
import { type StoredRun, zeroSlot } from '../storage/stored-blocks.js';
import type { MainCore } from './main-core.js';

const drainingMax = 4;
const runBlocksMax = 64;

export class Drainer {
  readonly #core: MainCore;
  /** Blocks that may be drained, by volume. */
  #due: BlockSet[] = [];
  #active = 0;

  constructor(core: MainCore) {
    this.#core = core;
  }

  /** Nothing is deferred and nothing on its way. */
  get idle(): boolean {
    return this.#active === 0 && this.#core.state.volumes.every((each) => each.deferred.size + each.before.size === 0);
  }

  /** Whether a deferred block may go to the primary area: its frozen content is not needed there any more. */
  mayDrain(volume: number, block: number): boolean {
    const maps = this.#core.state.volume(volume);
    return maps.before.has(block) || !this.#core.isProtected(volume, block);
  }

  /** These blocks have been sent (or deferred although they were): drain what is deferred of them. */
  noteSent(volume: number, first: number, count: number): void {
    const maps = this.#core.state.volume(volume);
    for (const map of [maps.deferred, maps.before]) {
      // Stryker disable next-line ConditionalExpression,EqualityOperator: what is due is looked at again when its turn comes
      for (let run = map.nextRun(first, count); run !== undefined && run.first < first + count; ) {
        // Stryker disable next-line ArithmeticOperator: what is due is looked at again when its turn comes
        this.#dueOf(volume).add(run.first, Math.min(run.count, first + count - run.first));
        run = map.nextRun(run.first + run.count, count);
      }
    }
  }

  /** Looks at everything that is deferred: after power on, and when a transfer has ended. */
  noteAll(): void {
    for (const [number, maps] of this.#core.state.volumes.entries()) {
      for (const map of [maps.deferred, maps.before]) {
        for (const run of map.runs()) {
          // Stryker disable next-line EqualityOperator: what is due is looked at again when its turn comes
          for (let block = run.first as number; block < run.first + run.count; block += 1) {
            // Stryker disable next-line ConditionalExpression: what is due is looked at again when its turn comes
            if (this.mayDrain(number, block)) this.#dueOf(number).add(block);
          }
        }
      }
    }
  }

  pump(): void {
    for (const volume of this.#core.state.volumes.keys()) {
      const due = this.#dueOf(volume);
      while (this.#active < drainingMax) {
        const run = due.nextRun(0, runBlocksMax);
        if (run === undefined) break;
        due.delete(run.first, run.count);
        this.#active += 1;
        new DrainRun(this.#core, volume, run.first, run.count, undefined, (isDrained) => {
          this.#active -= 1;
          if (isDrained) this.noteRest(volume, run.first, run.count);
        }).start();
      }
    }
  }

  /**
   * Drains these blocks for an operation that holds their lock, the first of them that lie together: which is the first? Undefined
   * when nothing of them is to be drained.
   */
  drainFor(asker: Operation, volume: number, first: number, count: number): number | undefined {
    const maps = this.#core.state.volume(volume);
    // Stryker disable next-line ConditionalExpression: a shortcut; no block is found then
    if (maps.deferred.size + maps.before.size === 0) return undefined;
    for (let block = first; block < first + count; block += 1) {
      if (maps.newest(block) === undefined || !this.mayDrain(volume, block)) continue;
      new DrainRun(this.#core, volume, block, first + count - block, asker, () => {}).start();
      return block;
    }
    return undefined;
  }

  /** A run is drained in parts, as its slots lie; what is left of it stays due. */
  noteRest(volume: number, first: number, count: number): void {
    const maps = this.#core.state.volume(volume);
    // Stryker disable next-line EqualityOperator: what is due is looked at again when its turn comes
    for (let block = first; block < first + count; block += 1) {
      if (maps.newest(block) !== undefined && this.mayDrain(volume, block)) this.#dueOf(volume).add(block);
    }
  }

  #dueOf(volume: number): BlockSet {
    this.#due[volume] ??= new BlockSet();
    return this.#due[volume];
  }
}

class DrainRun implements Operation {
  readonly #core: MainCore;
  readonly #volume: number;
  readonly #first: number;
  readonly #count: number;
  readonly #asker: Operation | undefined;
  readonly #onEnd: (isDrained: boolean) => void;
  #run: StoredRun | undefined;
  #phase: 'locking' | 'reading' | 'writing' | 'flushing' | 'recording' = 'locking';

  constructor(
    core: MainCore,
    volume: number,
    first: number,
    count: number,
    asker: Operation | undefined,
    onEnd: (isDrained: boolean) => void,
  ) {
    this.#core = core;
    this.#volume = volume;
    this.#first = first;
    this.#count = count;
    this.#asker = asker;
    this.#onEnd = onEnd;
  }

  get name(): string {
    return `draining ${this.#volume}:${this.#first}+${this.#count} (${this.#phase})`;
  }

  start(): void {
    const range = { volume: this.#volume, first: this.#first, count: this.#count, shared: false };
    if (this.#asker !== undefined || this.#core.locks.claim(this, range)) this.#read(0);
  }

  resume(outcome: Outcome, nowUs: number): void {
    if (outcome.kind === 'failed') {
      this.#core.suspend('disk-error', `draining volume ${this.#volume}, block ${this.#first}`);
      this.#end({ kind: 'failed', completion: this.#toldOf(outcome.completion) }, nowUs);
      return;
    }
    switch (this.#phase) {
      case 'locking':
        this.#read(nowUs);
        break;
      case 'reading':
        // Stryker disable next-line ConditionalExpression: a read ends done or failed
        this.#write(outcome.kind === 'done' ? outcome.data : new Uint8Array(0), nowUs);
        break;
      case 'writing':
        this.#phase = 'flushing';
        this.#core.disks.flush(this.#core.primary(this.#volume), this);
        break;
      case 'flushing':
        this.#record();
        break;
      case 'recording':
        this.#end(done, nowUs);
        break;
    }
  }

  #read(nowUs: number): void {
    this.#run = this.#drainable();
    if (this.#run === undefined) {
      this.#end(done, nowUs);
      return;
    }
    const { first, count, slot } = this.#run;
    if (slot === zeroSlot) {
      this.#phase = 'writing';
      this.#core.disks.issue(
        this.#core.primary(this.#volume),
        this.#core.geometry.zeroVolume(this.#volume, first, count),
        this,
      );
      return;
    }
    this.#phase = 'reading';
    this.#core.disks.issue(this.#core.shadow(this.#volume), this.#core.geometry.readSlots(slot, count), this);
  }

  /** The first run of the range that lies in contiguous slots and may be drained now. */
  #drainable(): StoredRun | undefined {
    const maps = this.#core.state.volume(this.#volume);
    const { drainer } = this.#core;
    for (let block = this.#first; block < this.#first + this.#count; block += 1) {
      const map = maps.newest(block);
      if (map === undefined || !drainer.mayDrain(this.#volume, block)) continue;
      const run = map.nextRun(block, this.#first + this.#count - block);
      // Stryker disable next-line ConditionalExpression: the map has the block
      if (run === undefined) continue;
      let count = 1;
      // Stryker disable next-line ConditionalExpression: no block is in both maps; the older content goes home first
      while (count < run.count && maps.newest(block + count) === map && drainer.mayDrain(this.#volume, block + count))
        count += 1;
      return { ...run, count, digests: Uint8Array.from(digestsAt(run.digests, 0, count)) };
    }
    return undefined;
  }

  #write(data: Uint8Array, nowUs: number): void {
    const { geometry, disks } = this.#core;
    const run = this.#run;
    // Stryker disable next-line ConditionalExpression: what is written has been read
    if (run === undefined) return;
    const spoilt = firstSpoilt(data, run.digests, geometry.blockBytes);
    if (spoilt !== undefined) {
      const block = run.first + spoilt;
      this.#core.suspend('shadow-corrupt', `volume ${this.#volume}, block ${block}`);
      this.#end({ kind: 'failed', completion: spoiltContent(block * geometry.sectorsPerBlock) }, nowUs);
      return;
    }
    this.#phase = 'writing';
    disks.issue(this.#core.primary(this.#volume), geometry.writeVolume(this.#volume, run.first, data), this);
  }

  #toldOf(failure: Failure): Failure {
    if (this.#run === undefined || this.#phase !== 'reading') return failure;
    const { first, count, slot } = this.#run;
    return volumeFailure(failure, [this.#core.geometry.slotSectors(slot, first, count)]);
  }

  #record(): void {
    const run = this.#run;
    // Stryker disable next-line ConditionalExpression: what is recorded has been written
    if (run === undefined) return;
    this.#phase = 'recording';
    const { first, count } = run;
    this.#core.record({ kind: 'drained', volume: volumeNumber(this.#volume), first, count }, this);
  }

  #end(outcome: Outcome, nowUs: number): void {
    this.#core.progressed();
    const run = this.#run;
    if (run !== undefined) this.#core.outgoing.drained(this.#volume, run.first, run.count);
    if (this.#asker !== undefined) {
      this.#asker.resume(outcome.kind === 'done' ? { kind: 'look' } : outcome, nowUs);
      return;
    }
    this.#core.unlock(this, nowUs);
    this.#onEnd(outcome.kind === 'done');
  }
}
