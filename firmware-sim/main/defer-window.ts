/**
 * Blocks that a host writes before their frozen content is sent: stored in the shadow area, as whole blocks, merged with their
 * newest content.
 *
 *     (reading base) ► storing ► flushing ► recording ► ended
 */
import { contentDigest, contentDigests, digestsAt, sameDigest } from '../../protocol/digest.js';
import { blockNumber, sectorBytes, volumeNumber } from '../../protocol/ids.js';
import { spoiltContent, volumeFailure } from '../controller/volume-failure.js';
import type { WritePiece } from '../controller/write-pieces.js';
import type { Failure, Operation, Outcome } from '../storage/operation.js';
import type { SlotRun } from '../storage/slot-allocator.js';
import { zeroSlot } from '../storage/stored-blocks.js';
import type { MainCore } from './main-core.js';

export interface DeferredPart {
  readonly volume: number;
  /** What is written; the window begins at this sector, counted in the volume. */
  readonly piece: WritePiece;
  readonly atSector: number;
  /** Where the blocks from there on are to be stored. */
  readonly slots: readonly SlotRun[];
}

/** How it ended, with the sector that follows what is stored. The slots are the map's, or have been given back. */
export type Deferred =
  | { readonly kind: 'stored'; readonly endSector: number }
  | { readonly kind: 'failed'; readonly completion: Failure };

/** Runs under the lock of whoever writes. */
export class DeferWindow implements Operation {
  readonly #core: MainCore;
  readonly #volume: number;
  readonly #piece: WritePiece;
  readonly #atSector: number;
  readonly #first: number;
  readonly #onEnd: (end: Deferred, nowUs: number) => void;
  #slots: readonly SlotRun[];
  #content: Uint8Array = new Uint8Array(0);
  // Stryker disable next-line StringLiteral: set anew by each step
  #phase: 'reading base' | 'storing' | 'flushing' | 'recording' = 'reading base';
  #waitingFor = 1;
  #failure: Failure | undefined;

  constructor(core: MainCore, part: DeferredPart, onEnd: (end: Deferred, nowUs: number) => void) {
    this.#core = core;
    this.#volume = part.volume;
    this.#piece = part.piece;
    this.#atSector = part.atSector;
    this.#first = Math.floor(part.atSector / core.geometry.sectorsPerBlock);
    this.#slots = part.slots;
    this.#onEnd = onEnd;
  }

  get name(): string {
    return `host write to volume ${this.#volume} (deferring ${this.#first}+${this.#count}: ${this.#phase})`;
  }

  get #count(): number {
    return this.#slots.reduce((sum, { count }) => sum + count, 0);
  }

  /** The first sector that is not written in these blocks. */
  get #endSector(): number {
    const end = (this.#first + this.#count) * this.#core.geometry.sectorsPerBlock;
    return Math.min(end, this.#piece.lba + this.#piece.sectors);
  }

  /** A block that is not wholly overwritten is merged with its newest content. */
  start(): void {
    const { sectorsPerBlock, blockBytes } = this.#core.geometry;
    const isWhole =
      this.#atSector === this.#first * sectorsPerBlock &&
      this.#endSector === (this.#first + this.#count) * sectorsPerBlock;
    if (isWhole) {
      this.#store(new Uint8Array(this.#count * blockBytes));
      return;
    }
    // Only the first and the last block can be partial; merging one block at a time keeps this simple.
    this.#core.giveSlots(this.#volume, restOf(this.#slots, 1));
    this.#slots = [{ first: this.#slots[0]?.first ?? 0, count: 1 }];
    this.#readBase();
  }

  resume(outcome: Outcome, nowUs: number): void {
    if (outcome.kind === 'failed') {
      this.#failure ??= this.#toldOf(outcome.completion);
      this.#core.unsettled.add(this.#volume);
    }
    this.#waitingFor -= 1;
    if (this.#waitingFor > 0) return;
    if (this.#failure !== undefined) {
      this.#fail(this.#failure, nowUs);
      return;
    }
    switch (this.#phase) {
      case 'reading base':
        // Stryker disable next-line ConditionalExpression: a read ends done or failed
        this.#takeBase(outcome.kind === 'done' ? outcome.data : new Uint8Array(0), nowUs);
        break;
      case 'storing':
        this.#phase = 'flushing';
        this.#waitingFor = 1;
        this.#core.disks.flush(this.#core.shadow(this.#volume), this);
        break;
      case 'flushing':
        this.#record();
        break;
      case 'recording':
        // The block may have been sent while its new content was being stored.
        this.#core.drainer.noteRest(this.#volume, this.#first, this.#count);
        this.#onEnd({ kind: 'stored', endSector: this.#endSector }, nowUs);
        break;
    }
  }

  #readBase(): void {
    const { geometry, state, disks } = this.#core;
    const first = this.#first;
    const slot = state.volume(this.#volume).deferred.slotOf(first);
    if (slot === undefined)
      disks.issue(this.#core.primary(this.#volume), geometry.readVolume(this.#volume, first, 1), this);
    else if (slot === zeroSlot) this.#store(new Uint8Array(geometry.blockBytes));
    else disks.issue(this.#core.shadow(this.#volume), geometry.readSlots(slot, 1), this);
  }

  /** A base from the shadow area is the only copy of what was deferred: spoilt, it must not get a digest of its own. */
  #takeBase(base: Uint8Array, nowUs: number): void {
    const { geometry, state } = this.#core;
    const digest = state.volume(this.#volume).deferred.digestOf(this.#first);
    if (digest === undefined || sameDigest(contentDigest(base), digest)) {
      const content = new Uint8Array(geometry.blockBytes);
      content.set(base);
      this.#store(content);
      return;
    }
    this.#core.suspend('shadow-corrupt', `volume ${this.#volume}, block ${this.#first}`);
    this.#fail(spoiltContent(this.#first * geometry.sectorsPerBlock), nowUs);
  }

  /** Stores these blocks with what is written over them. */
  #store(content: Uint8Array): void {
    const { geometry, disks } = this.#core;
    this.#content = content;
    const { lba, data } = this.#piece;
    const at = (this.#atSector - this.#first * geometry.sectorsPerBlock) * sectorBytes;
    const from = (this.#atSector - lba) * sectorBytes;
    const length = (this.#endSector - this.#atSector) * sectorBytes;
    if (data === undefined) content.fill(0, at, at + length);
    else content.set(data.subarray(from, from + length), at);
    this.#phase = 'storing';
    this.#waitingFor = this.#slots.length;
    let stored = 0;
    for (const { first, count } of this.#slots) {
      const part = content.subarray(stored, stored + count * geometry.blockBytes);
      disks.issue(this.#core.shadow(this.#volume), geometry.writeSlots(first, part), this);
      stored += part.length;
    }
  }

  #record(): void {
    this.#phase = 'recording';
    this.#waitingFor = this.#slots.length;
    const digests = contentDigests(this.#content, this.#core.geometry.blockBytes);
    let done = 0;
    for (const { first: slot, count } of this.#slots) {
      const run = { volume: volumeNumber(this.#volume), first: blockNumber(this.#first + done), count, slot };
      const part = digestsAt(digests, done, count);
      this.#core.record({ kind: 'deferred', ...run, digests: part }, this);
      done += count;
    }
  }

  #toldOf(failure: Failure): Failure {
    const { geometry, state } = this.#core;
    if (this.#phase === 'reading base') {
      const { deferred } = state.volume(this.#volume);
      const slot = deferred.slotOf(this.#first);
      return slot === undefined ? failure : volumeFailure(failure, [geometry.slotSectors(slot, this.#first, 1)]);
    }
    let done = 0;
    const held = this.#slots.map(({ first: slot, count }) => {
      done += count;
      return geometry.slotSectors(slot, this.#first + done - count, count);
    });
    return volumeFailure(failure, held);
  }

  #fail(completion: Failure, nowUs: number): void {
    this.#core.giveSlots(this.#volume, this.#slots);
    this.#onEnd({ kind: 'failed', completion }, nowUs);
  }
}

/** What is left of runs of slots after their first `used` slots. */
function restOf(slots: readonly SlotRun[], used: number): SlotRun[] {
  let left = used;
  return slots.flatMap(({ first, count }) => {
    const skip = Math.min(left, count);
    left -= skip;
    return count > skip ? [{ first: first + skip, count: count - skip }] : [];
  });
}
