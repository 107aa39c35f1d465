/**
 * A read of the image at the sub: from staging where the commit has not been structured yet, else from the secondary
 * area. Content whose digest is known is checked; a host never gets a silently wrong block.
 */
import { contentDigest, sameDigest, zeroDigest } from '../../protocol/digest.js';
import { sectorBytes } from '../../protocol/ids.js';
import type { Completion } from '../../protocol/scsi/commands.js';
import { spoiltContent, volumeFailure } from '../controller/volume-failure.js';
import type { Failure, Operation, Outcome } from '../storage/operation.js';
import { zeroSlot } from '../storage/stored-blocks.js';
import type { SubCore } from './sub-core.js';

interface Segment {
  readonly first: number;
  readonly count: number;
  /** Slot in staging; undefined when the blocks lie in the secondary area. */
  readonly slot: number | undefined;
}

export interface ImageRange {
  readonly volume: number;
  readonly lba: number;
  readonly sectors: number;
  /** Gives what the medium holds, also where it is not what was written: for digests, which have to show it. */
  readonly unchecked?: boolean;
  /** Whoever reads holds the lock of the blocks already. */
  readonly locked?: boolean;
}

export class ImageRead implements Operation {
  readonly #core: SubCore;
  readonly #range: ImageRange;
  readonly #answer: (completion: Completion) => void;
  // Stryker disable next-line ArrayDeclaration: planned when the lock is held
  #segments: Segment[] = [];
  /** All blocks touched; made when there is more than one segment. */
  #data: Uint8Array | undefined;
  #phase: 'locking' | 'reading' = 'locking';

  constructor(core: SubCore, range: ImageRange, answer: (completion: Completion) => void) {
    this.#core = core;
    this.#range = range;
    this.#answer = answer;
  }

  get name(): string {
    return `read of the image of volume ${this.#range.volume} (${this.#phase})`;
  }

  start(): void {
    const claim = { volume: this.#range.volume, ...this.#blocks(), shared: true };
    if (this.#range.locked === true || this.#core.locks.claim(this, claim)) this.#begin();
  }

  resume(outcome: Outcome): void {
    if (outcome.kind === 'failed') this.#end(this.#toldOf(outcome.completion));
    else if (this.#phase === 'locking') this.#begin();
    // Stryker disable next-line ConditionalExpression: a read ends done or failed
    else this.#take(outcome.kind === 'done' ? outcome.data : new Uint8Array(0));
  }

  #blocks(): { readonly first: number; readonly count: number } {
    return this.#core.geometry.blocksTouched(this.#range.lba, this.#range.sectors);
  }

  #begin(): void {
    // Stryker disable next-line StringLiteral: for people; what counts is that it no longer waits for its lock
    this.#phase = 'reading';
    const { first, count } = this.#blocks();
    this.#segments = this.#plan(first, count);
    this.#next();
  }

  #plan(first: number, count: number): Segment[] {
    const { overlay } = this.#core.replica.volume(this.#range.volume);
    const segments: Segment[] = [];
    for (let block = first; block < first + count; ) {
      const limit = Math.min(first + count, block + this.#core.geometry.transferBlocksMax);
      const run = overlay.nextRun(block, limit - block);
      if (run !== undefined && run.first === block) {
        segments.push({ first: block, count: run.count, slot: run.slot });
        block += run.count;
        continue;
      }
      const end = run === undefined ? limit : Math.min(limit, run.first);
      segments.push({ first: block, count: end - block, slot: undefined });
      block = end;
    }
    return segments;
  }

  #next(): void {
    const segment = this.#segments[0];
    const { geometry, disks } = this.#core;
    const { volume } = this.#range;
    if (segment === undefined) this.#finish();
    else if (segment.slot === undefined) {
      disks.issue(`secondary${volume}`, geometry.readVolume(volume, segment.first, segment.count), this);
    } else if (segment.slot === zeroSlot) this.#take(new Uint8Array(segment.count * geometry.blockBytes));
    else disks.issue(`staging${volume}`, geometry.readSlots(segment.slot, segment.count), this);
  }

  #take(read: Uint8Array): void {
    const segment = this.#segments.shift();
    // Stryker disable next-line ConditionalExpression: what was read was asked for
    if (segment === undefined) return;
    const { blockBytes } = this.#core.geometry;
    const data = this.#core.geometry.padded(read, segment.count);
    const wrong = this.#range.unchecked === true ? undefined : this.#firstWrong(segment, data);
    if (wrong !== undefined) {
      const area = segment.slot === undefined ? 'image-corrupt' : 'staging-corrupt';
      this.#core.suspend(area, `volume ${this.#range.volume}, block ${wrong}`);
      this.#end(spoiltContent(wrong * this.#core.geometry.sectorsPerBlock));
      return;
    }
    const { first, count } = this.#blocks();
    // Stryker disable next-line ConditionalExpression: a copy has the same bytes
    if (segment.count === count) this.#data = data;
    else {
      this.#data ??= new Uint8Array(count * blockBytes);
      this.#data.set(data, (segment.first - first) * blockBytes);
    }
    this.#next();
  }

  #toldOf(failure: Failure): Failure {
    const segment = this.#segments[0];
    if (segment?.slot === undefined) return failure;
    return volumeFailure(failure, [this.#core.geometry.slotSectors(segment.slot, segment.first, segment.count)]);
  }

  #firstWrong({ first, count, slot }: Segment, data: Uint8Array): number | undefined {
    const { overlay, known, occupied } = this.#core.replica.volume(this.#range.volume);
    const map = slot === undefined ? known : overlay;
    const isZeros = (block: number) => slot === undefined && !occupied.has(block);
    const { blockBytes } = this.#core.geometry;
    for (let index = 0; index < count; index += 1) {
      // Whatever was never written there reads as zeros, or is not what was kept.
      const digest = map.digestOf(first + index) ?? (isZeros(first + index) ? zeroDigest : undefined);
      if (digest === undefined) continue;
      const block = data.subarray(index * blockBytes, (index + 1) * blockBytes);
      if (!sameDigest(contentDigest(block), digest)) return first + index;
    }
    return undefined;
  }

  #finish(): void {
    const data = this.#data ?? new Uint8Array(0);
    const from = (this.#range.lba - this.#blocks().first * this.#core.geometry.sectorsPerBlock) * sectorBytes;
    this.#end({ status: 'good', data: data.subarray(from, from + this.#range.sectors * sectorBytes) });
  }

  #end(completion: Completion): void {
    if (this.#range.locked !== true) this.#core.unlock(this);
    this.#answer(completion);
  }
}
