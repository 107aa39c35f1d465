/**
 * Structuring, one run at a time: from staging to the image area, flushed, then recorded as placed. A power cut at any
 * point repeats it from staging, so it may run any number of times.
 */
import { volumeNumber } from '../../protocol/ids.js';
import { spoiltContent, volumeFailure } from '../controller/volume-failure.js';
import { done, type Failure, type Operation, type Outcome } from '../storage/operation.js';
import { firstSpoilt } from '../storage/spoilt-block.js';
import { type StoredRun, zeroSlot } from '../storage/stored-blocks.js';
import type { Structuring } from './structuring.js';

export class PlaceRun implements Operation {
  readonly #structuring: Structuring;
  readonly volume: number;
  readonly run: StoredRun;
  /** Whoever asked for this run to be placed out of turn and holds the lock of its blocks. */
  readonly #asker: Operation | undefined;
  #phase: 'locking' | 'reading' | 'writing' | 'flushing' | 'recording' = 'locking';

  constructor(structuring: Structuring, volume: number, run: StoredRun, asker?: Operation) {
    this.#structuring = structuring;
    this.volume = volume;
    this.run = { ...run, digests: Uint8Array.from(run.digests) };
    this.#asker = asker;
  }

  get isAskedFor(): boolean {
    return this.#asker !== undefined;
  }

  get name(): string {
    return `structuring ${this.volume}:${this.run.first}+${this.run.count} (${this.#phase})`;
  }

  start(): void {
    const { first, count } = this.run;
    if (this.#asker !== undefined) this.#read();
    else if (this.#structuring.locks.claim(this, { volume: this.volume, first, count, shared: false })) this.#read();
  }

  resume(outcome: Outcome, nowUs: number): void {
    if (outcome.kind === 'failed') {
      this.#structuring.placeFailed(this, 'disk-error');
      this.#end({ kind: 'failed', completion: this.#toldOf(outcome.completion) }, nowUs);
      return;
    }
    switch (this.#phase) {
      case 'locking':
        if (this.#isStillThere()) this.#read();
        else {
          this.#structuring.placedByOthers(this);
          this.#end(done, nowUs);
        }
        break;
      case 'reading':
        // Stryker disable next-line ConditionalExpression: a read ends done or failed
        this.#check(outcome.kind === 'done' ? outcome.data : new Uint8Array(0), nowUs);
        break;
      case 'writing':
        this.#phase = 'flushing';
        this.#structuring.board.disks.flush(this.#structuring.image(this.volume), this);
        break;
      case 'flushing':
        this.#phase = 'recording';
        this.#structuring.board.record({ kind: 'placed', ...this.#range() }, this);
        break;
      case 'recording':
        this.#structuring.placed(this);
        this.#end(done, nowUs);
        break;
    }
  }

  /** Whether the overlay still holds all of the run: a host write may have placed blocks of it and changed them since. */
  #isStillThere(): boolean {
    const { first, count, slot } = this.run;
    const { overlay } = this.#structuring.state.volume(this.volume);
    for (let index = 0; index < count; index += 1) {
      if (overlay.slotOf(first + index) !== (slot === zeroSlot ? zeroSlot : slot + index)) return false;
    }
    return true;
  }

  #range() {
    return { volume: volumeNumber(this.volume), first: this.run.first, count: this.run.count };
  }

  #read(): void {
    const { geometry, board, staging, image } = this.#structuring;
    const { first, count, slot } = this.run;
    if (slot === zeroSlot) {
      this.#phase = 'writing';
      board.disks.issue(image(this.volume), geometry.zeroVolume(this.volume, first, count), this);
      return;
    }
    this.#phase = 'reading';
    board.disks.issue(staging(this.volume), geometry.readSlots(slot, count), this);
  }

  #check(data: Uint8Array, nowUs: number): void {
    const { geometry, board, image } = this.#structuring;
    const spoilt = firstSpoilt(data, this.run.digests, geometry.blockBytes);
    if (spoilt !== undefined) {
      this.#structuring.placeFailed(this, 'staging-corrupt');
      const lba = (this.run.first + spoilt) * geometry.sectorsPerBlock;
      this.#end({ kind: 'failed', completion: spoiltContent(lba) }, nowUs);
      return;
    }
    this.#phase = 'writing';
    board.disks.issue(image(this.volume), geometry.writeVolume(this.volume, this.run.first, data), this);
  }

  #toldOf(failure: Failure): Failure {
    if (this.#phase !== 'reading') return failure;
    const { first, count, slot } = this.run;
    return volumeFailure(failure, [this.#structuring.geometry.slotSectors(slot, first, count)]);
  }

  #end(outcome: Outcome, nowUs: number): void {
    if (this.#asker === undefined) this.#structuring.unlock(this, nowUs);
    else this.#asker.resume(outcome, nowUs);
  }
}
