/**
 * Keeps frozen content: copies it from the primary to the shadow area, in the background and, for blocks that the
 * host is about to overwrite, at once (copy-before-write). Methods copy and streaming.
 */
import { contentDigests, digestsAt, isZero } from '../../protocol/digest.js';
import { assert, blockNumber, type Generation, volumeNumber } from '../../protocol/ids.js';
import { BlockSet } from '../storage/block-set.js';
import type { Operation, Outcome } from '../storage/operation.js';
import type { SlotRun } from '../storage/slot-allocator.js';
import { zeroSlot } from '../storage/stored-blocks.js';
import type { MainCore } from './main-core.js';
import type { VolumeMaps } from './volume-maps.js';

const keepingMax = 4;
const runBlocksMax = 16;

/** What a write waits for whose blocks have to be kept first. */
export interface KeepWait {
  readonly block: number;
  /** It is being kept; else there is no slot for it, and it has to be sent first. */
  readonly hasRoom: boolean;
}

export class Keeper {
  readonly #core: MainCore;
  /** Blocks to keep, by volume; beyond them everything frozen and not sent from `#cursor` on. */
  #wanted: BlockSet[] = [];
  #cursor: { volume: number; block: number } | undefined;
  readonly #keeping = new Set<KeepRun>();

  constructor(core: MainCore) {
    this.#core = core;
  }

  /**
   * At a freeze, and after power on: keep all that is frozen and not sent. What is on its way to the sub is left alone: either
   * it is stored there, or it is given back and kept then.
   */
  keepAll(): void {
    this.#wanted = [];
    this.#cursor = { volume: 0, block: 0 };
  }

  keepAlso(volume: number, first: number, count: number): void {
    this.#wantedOf(volume).add(first, count);
  }

  /** The transfer has ended. */
  stop(): void {
    this.#wanted = [];
    this.#cursor = undefined;
  }

  /** Whether the frozen content of this block has to be kept and still lies only in the primary area. */
  isNeeded(volume: number, block: number): boolean {
    if (!this.#core.traits.keepsFrozenContent) return false;
    return this.#core.isProtected(volume, block) && !this.#core.isKept(volume, block);
  }

  /**
   * Keeps the first of these blocks that needs it now, for a write that waits; it is resumed to look again. Undefined when
   * nothing has to be waited for.
   */
  keepFor(volume: number, first: number, count: number): KeepWait | undefined {
    // Stryker disable next-line ConditionalExpression,LogicalOperator: a shortcut; no block needs it then
    if (!this.#core.traits.keepsFrozenContent || this.#core.state.transfer === undefined) return undefined;
    for (let block = first; block < first + count; block += 1) {
      if (!this.isNeeded(volume, block)) continue;
      // Nothing of a generation that fails has to be kept: the write goes on when its failure is durable.
      const isUnderWay = this.#core.failing || this.#isKeeping(volume, block);
      const hasRoom = isUnderWay || this.#start(volume, block, 1) > 0;
      if (!hasRoom) this.#core.outgoing.hurry(volume, block);
      return { block, hasRoom };
    }
    return undefined;
  }

  pump(): void {
    while (this.#keeping.size < keepingMax) {
      const next = this.#next();
      if (next === undefined) return;
      const { volume, first, count } = next;
      const started = this.#start(volume, first, count);
      if (started < count) this.keepAlso(volume, first + started, count - started);
      if (started === 0) return;
    }
  }

  ended(run: KeepRun): void {
    this.#keeping.delete(run);
  }

  /** Starts with as much of a run as there are slots for; returns how many blocks that is. */
  #start(volume: number, first: number, countMax: number): number {
    const count = Math.min(countMax, this.#core.slotsFree(volume));
    const slots = count === 0 ? undefined : this.#core.takeSlots(volume, count);
    if (slots === undefined) {
      this.#core.reclaim(volume);
      return 0;
    }
    const run = new KeepRun(this.#core, { volume, first, count }, slots);
    this.#keeping.add(run);
    run.start();
    return count;
  }

  /** What is still under way of a generation that has failed keeps nothing of the one on its way now. */
  #isKeeping(volume: number, block: number): boolean {
    const { sending } = this.#core.state;
    return [...this.#keeping].some(
      (each) =>
        each.generation === sending && each.volume === volume && block >= each.first && block < each.first + each.count,
    );
  }

  #next(): { readonly volume: number; readonly first: number; readonly count: number } | undefined {
    for (const volume of this.#core.state.volumes.keys()) {
      const wanted = this.#wantedOf(volume);
      for (let run = wanted.nextRun(0, runBlocksMax); run !== undefined; run = wanted.nextRun(0, runBlocksMax)) {
        wanted.delete(run.first, run.count);
        const needed = this.#firstNeeded(volume, run.first, run.count);
        if (needed === undefined) continue;
        const end = needed.first + needed.count;
        if (end < run.first + run.count) wanted.add(end, run.first + run.count - end);
        return { volume, ...needed };
      }
    }
    return this.#nextFrozen();
  }

  #nextFrozen(): { readonly volume: number; readonly first: number; readonly count: number } | undefined {
    while (this.#cursor !== undefined) {
      const { volume, block } = this.#cursor;
      const maps = this.#core.state.volumes[volume];
      if (maps === undefined) {
        this.#cursor = undefined;
        break;
      }
      const run = this.#unkept(maps).nextRun(block, runBlocksMax);
      if (run === undefined) {
        this.#cursor = { volume: volume + 1, block: 0 };
        continue;
      }
      const needed = this.#firstNeeded(volume, run.first, run.count);
      this.#cursor = { volume, block: needed === undefined ? run.first + run.count : needed.first + needed.count };
      if (needed !== undefined) return { volume, ...needed };
    }
    return undefined;
  }

  /** Much may have flowed before the freeze: what has is not even passed over, or the freeze would cost what it was. */
  #unkept(maps: VolumeMaps): BlockSet {
    const { state, traits } = this.#core;
    return traits.sendsBeforeFreeze ? state.missing(maps) : maps.frozen;
  }

  #firstNeeded(
    volume: number,
    first: number,
    count: number,
  ): { readonly first: number; readonly count: number } | undefined {
    const end = first + count;
    const isUnderWay = (block: number) => this.#isKeeping(volume, block) || this.#core.sender.touches(volume, block, 1);
    const isWanted = (block: number) => this.isNeeded(volume, block) && !isUnderWay(block);
    let start = first;
    while (start < end && !isWanted(start)) start += 1;
    if (start === end) return undefined;
    let stop = start + 1;
    while (stop < end && isWanted(stop)) stop += 1;
    return { first: start, count: stop - start };
  }

  #wantedOf(volume: number): BlockSet {
    this.#wanted[volume] ??= new BlockSet();
    return this.#wanted[volume];
  }
}

export class KeepRun implements Operation {
  readonly #core: MainCore;
  readonly volume: number;
  readonly first: number;
  readonly count: number;
  readonly generation: Generation;
  #slots: readonly SlotRun[];
  #digests: Uint8Array = new Uint8Array(0);
  #phase: 'reading' | 'writing' | 'flushing' | 'recording' = 'reading';
  #waitingFor = 1;
  #failed = false;

  constructor(
    core: MainCore,
    run: { readonly volume: number; readonly first: number; readonly count: number },
    slots: readonly SlotRun[],
  ) {
    this.#core = core;
    this.volume = run.volume;
    this.first = run.first;
    this.count = run.count;
    this.#slots = slots;
    this.generation = core.state.sending;
  }

  get name(): string {
    return `keeping ${this.volume}:${this.first}+${this.count} (${this.#phase})`;
  }

  start(): void {
    const { geometry, disks } = this.#core;
    disks.issue(this.#core.primary(this.volume), geometry.readVolume(this.volume, this.first, this.count), this);
  }

  resume(outcome: Outcome): void {
    if (outcome.kind === 'failed') this.#failed = true;
    this.#waitingFor -= 1;
    if (this.#waitingFor > 0) return;
    // Once the record is on its way the slots are the map's, whatever becomes of the transfer.
    const ours = this.#phase !== 'recording';
    if (ours && (this.#failed || this.#core.state.transfer?.generation !== this.generation)) {
      this.#giveUp();
      return;
    }
    switch (this.#phase) {
      case 'reading':
        this.#write(outcome.kind === 'done' ? outcome.data : new Uint8Array(0));
        break;
      case 'writing':
        this.#phase = 'flushing';
        this.#waitingFor = 1;
        this.#core.disks.flush(this.#core.shadow(this.volume), this);
        break;
      case 'flushing':
        this.#record();
        break;
      case 'recording':
        this.#core.keeper.ended(this);
        if (this.#core.state.transfer?.generation === this.generation)
          this.#core.outgoing.kept(this.volume, this.first, this.count);
        this.#core.progressed();
        break;
    }
  }

  #write(read: Uint8Array): void {
    const { geometry, disks } = this.#core;
    const data = geometry.padded(read, this.count);
    this.#digests = contentDigests(data, geometry.blockBytes);
    if (isZero(data)) {
      this.#core.giveSlots(this.volume, this.#slots);
      this.#slots = [];
      this.#record();
      return;
    }
    this.#phase = 'writing';
    this.#waitingFor = this.#slots.length;
    let at = 0;
    for (const { first, count } of this.#slots) {
      const part = data.subarray(at, at + count * geometry.blockBytes);
      disks.issue(this.#core.shadow(this.volume), geometry.writeSlots(first, part), this);
      at += part.length;
    }
  }

  #record(): void {
    this.#phase = 'recording';
    const volume = volumeNumber(this.volume);
    const runs: readonly SlotRun[] = this.#slots.length > 0 ? this.#slots : [{ first: zeroSlot, count: this.count }];
    this.#waitingFor = runs.length;
    let done = 0;
    for (const { first: slot, count } of runs) {
      const digests = digestsAt(this.#digests, done, count);
      this.#core.record(
        {
          kind: 'kept',
          generation: this.generation,
          volume,
          first: blockNumber(this.first + done),
          count,
          slot,
          digests,
        },
        this,
      );
      done += count;
    }
    assert(done === this.count, 'every kept block has a slot');
  }

  #giveUp(): void {
    this.#core.giveSlots(this.volume, this.#slots);
    this.#core.keeper.ended(this);
    this.#core.progressed();
    if (this.#failed && this.#core.state.transfer?.generation === this.generation) {
      this.#core.failGeneration('disk-error', `keeping volume ${this.volume}, block ${this.first}`);
    }
  }
}
