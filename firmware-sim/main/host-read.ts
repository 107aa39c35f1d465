/**
 * One host read on its way: always the newest write, from the shadow area where that is deferred, else from the
 * primary area. Shares its blocks with other reads; writes and drains wait.
 */
import { contentDigests, sameDigest } from '../../protocol/digest.js';
import { sectorBytes } from '../../protocol/ids.js';
import { digestBytes } from '../../protocol/message/messages.js';
import type { Completion } from '../../protocol/scsi/commands.js';
import { spoiltContent, volumeFailure } from '../controller/volume-failure.js';
import type { Failure, Operation, Outcome } from '../storage/operation.js';
import { zeroSlot } from '../storage/stored-blocks.js';
import type { MainCore } from './main-core.js';

interface Segment {
  readonly first: number;
  readonly count: number;
  /** Slot in the shadow area; undefined when the blocks lie in the primary area. */
  readonly slot: number | undefined;
  readonly digests: Uint8Array;
}

export class HostRead implements Operation {
  readonly #core: MainCore;
  readonly #range: { readonly volume: number; readonly lba: number; readonly sectors: number };
  readonly #locked: boolean;
  readonly #answer: (completion: Completion) => void;
  // Stryker disable next-line ArrayDeclaration: planned when the lock is held
  #segments: Segment[] = [];
  /** All blocks touched; made when there is more than one segment. */
  #data: Uint8Array | undefined;
  #phase: 'locking' | 'reading' = 'locking';

  /** `locked`: whoever reads holds the lock of the blocks already. */
  constructor(
    core: MainCore,
    range: { readonly volume: number; readonly lba: number; readonly sectors: number; readonly locked?: boolean },
    answer: (completion: Completion) => void,
  ) {
    this.#core = core;
    this.#range = range;
    this.#locked = range.locked ?? false;
    this.#answer = answer;
  }

  get name(): string {
    return `host read of volume ${this.#range.volume} (${this.#phase})`;
  }

  start(nowUs: number): void {
    const claim = { volume: this.#range.volume, ...this.#blocks(), shared: true };
    if (this.#locked || this.#core.locks.claim(this, claim)) this.#begin(nowUs);
  }

  resume(outcome: Outcome, nowUs: number): void {
    if (outcome.kind === 'failed') this.#end(this.#toldOf(outcome.completion), nowUs);
    else if (this.#phase === 'locking') this.#begin(nowUs);
    // Stryker disable next-line ConditionalExpression: a read ends done or failed
    else this.#take(outcome.kind === 'done' ? outcome.data : new Uint8Array(0), nowUs);
  }

  #blocks(): { readonly first: number; readonly count: number } {
    return this.#core.geometry.blocksTouched(this.#range.lba, this.#range.sectors);
  }

  #begin(nowUs: number): void {
    // Stryker disable next-line StringLiteral: for people; what counts is that it no longer waits for its lock
    this.#phase = 'reading';
    const { first, count } = this.#blocks();
    this.#segments = this.#plan(first, count);
    this.#next(nowUs);
  }

  /** Contiguous blocks from one place; the common case is one segment, all of it primary. */
  #plan(first: number, count: number): Segment[] {
    const maps = this.#core.state.volume(this.#range.volume);
    const none = new Uint8Array(0);
    const segments: Segment[] = [];
    for (let block = first; block < first + count; ) {
      const map = maps.newest(block);
      let end = block + 1;
      const slot = map?.slotOf(block);
      const limit = Math.min(first + count, block + this.#core.geometry.transferBlocksMax);
      if (slot === undefined) while (end < limit && maps.newest(end) === undefined) end += 1;
      const digests = Uint8Array.from(map?.digestOf(block) ?? none);
      segments.push({ first: block, count: end - block, slot, digests });
      block = end;
    }
    return segments;
  }

  #next(nowUs: number): void {
    const segment = this.#segments[0];
    const { geometry, disks } = this.#core;
    const { volume } = this.#range;
    if (segment === undefined) this.#finish(nowUs);
    else if (segment.slot === undefined) {
      disks.issue(this.#core.primary(volume), geometry.readVolume(volume, segment.first, segment.count), this);
    } else if (segment.slot === zeroSlot) this.#take(new Uint8Array(geometry.blockBytes), nowUs);
    else disks.issue(this.#core.shadow(volume), geometry.readSlots(segment.slot, segment.count), this);
  }

  #take(data: Uint8Array, nowUs: number): void {
    const segment = this.#segments.shift();
    // Stryker disable next-line ConditionalExpression: what was read was asked for
    if (segment === undefined) return;
    const { blockBytes } = this.#core.geometry;
    if (segment.digests.length === digestBytes && !sameDigest(contentDigests(data, blockBytes), segment.digests)) {
      this.#core.suspend('shadow-corrupt', `volume ${this.#range.volume}, block ${segment.first}`);
      this.#end(spoiltContent(segment.first * this.#core.geometry.sectorsPerBlock), nowUs);
      return;
    }
    const { first, count } = this.#blocks();
    // Stryker disable next-line ConditionalExpression: a copy has the same bytes
    if (segment.count === count) this.#data = data;
    else {
      this.#data ??= new Uint8Array(count * blockBytes);
      this.#data.set(data, (segment.first - first) * blockBytes);
    }
    this.#next(nowUs);
  }

  #toldOf(failure: Failure): Failure {
    const segment = this.#segments[0];
    if (segment?.slot === undefined) return failure;
    return volumeFailure(failure, [this.#core.geometry.slotSectors(segment.slot, segment.first, segment.count)]);
  }

  #finish(nowUs: number): void {
    const data = this.#data ?? new Uint8Array(0);
    const from = (this.#range.lba - this.#blocks().first * this.#core.geometry.sectorsPerBlock) * sectorBytes;
    this.#end({ status: 'good', data: data.subarray(from, from + this.#range.sectors * sectorBytes) }, nowUs);
  }

  #end(completion: Completion, nowUs: number): void {
    if (!this.#locked) this.#core.unlock(this, nowUs);
    this.#answer(completion);
  }
}
