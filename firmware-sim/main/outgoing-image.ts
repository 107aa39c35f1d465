/**
 * Which blocks main sends, in what order, and from where.
 *
 *     method        before the freeze          after it
 *     ---------------------------------------------------------------------------------------------
 *     copy          nothing                    what the keeper has kept, from the shadow area
 *     differential  nothing                    the difference in ascending order, from the primary area
 *     streaming     changed blocks, as they    what had not been sent, once kept, from the shadow area
 *                   come, from the primary
 *
 * Blocks that a host write waits for overtake all of these.
 */
import { digestsAt } from '../../protocol/digest.js';
import { type BlockRun, blockNumber, type Generation, volumeNumber } from '../../protocol/ids.js';
import type { Outgoing, PickedRun, RunPlace } from '../replica/sender.js';
import { BlockSet } from '../storage/block-set.js';
import type { Operation } from '../storage/operation.js';
import type { StoredRun } from '../storage/stored-blocks.js';
import type { MainCore } from './main-core.js';

export class OutgoingImage implements Outgoing {
  readonly #core: MainCore;
  /** Blocks to send, by volume. */
  #queue: BlockSet[] = [];
  /** Beyond the queue: everything frozen from here on (differential). */
  #cursor: { volume: number; block: number } | undefined;
  /** Blocks that a host write waits for. */
  #urgent: { readonly volume: number; readonly block: number }[] = [];
  /** Blocks that the sub holds, whose record is not durable yet. */
  readonly #recording = new Set<SentRecorded>();
  /** Blocks that the sub turned out to lack, whose record is not durable yet, by volume. */
  readonly #returning: BlockSet[] = [];

  constructor(core: MainCore) {
    this.#core = core;
  }

  get generation(): Generation {
    return this.#core.state.sending;
  }

  get mayBeHeld(): boolean {
    return this.#core.state.committed > 0;
  }

  get blockBytes(): number {
    return this.#core.geometry.blockBytes;
  }

  /** Begins anew from what the durable maps say: at a freeze, after power on, when a session opens. */
  restart(): void {
    this.#queue = [];
    this.#urgent = [];
    this.#cursor = undefined;
    const { state, traits } = this.#core;
    if (state.transfer === undefined) {
      if (traits.sendsBeforeFreeze) this.#queueUnstreamed();
    } else if (traits.keepsFrozenContent) this.#queueKept();
    else this.#cursor = { volume: 0, block: 0 };
  }

  /** The cursor of a differential transfer, or nothing to send until the keeper has kept something. */
  freeze(): void {
    this.#queue = [];
    this.#urgent = [];
    this.#cursor = this.#core.traits.keepsFrozenContent ? undefined : { volume: 0, block: 0 };
  }

  add(volume: number, first: number, count: number): void {
    this.#queueOf(volume).add(first, count);
  }

  /** A write waits for this block to be sent. */
  hurry(volume: number, block: number): void {
    if (!this.#urgent.some((each) => each.volume === volume && each.block === block))
      this.#urgent.push({ volume, block });
  }

  /** Frozen content has been kept: it can be sent now. */
  kept(volume: number, first: number, count: number): void {
    for (let block = first; block < first + count; block += 1) {
      if (this.#core.isProtected(volume, block) && !this.#isUnderWay(volume, block)) this.add(volume, block, 1);
    }
  }

  /** An older deferred write has reached the primary area, whose block can be sent now. */
  drained(volume: number, first: number, count: number): void {
    if (!this.#core.traits.defersWrites) return;
    for (let block = first; block < first + count; block += 1) {
      if (this.#core.isProtected(volume, block) && !this.#isUnderWay(volume, block)) this.add(volume, block, 1);
    }
  }

  pick(countMax: number): PickedRun | undefined {
    if (!this.#core.maySend()) return undefined;
    const urgent = this.#pickUrgent();
    if (urgent !== undefined || countMax === 0) return urgent;
    return this.#pickQueued(countMax) ?? this.#pickFrozen(countMax);
  }

  locate({ volume, first, count }: PickedRun): RunPlace {
    const { geometry, state } = this.#core;
    const kept = state.transfer === undefined ? undefined : keptRun(this.#core, volume, first);
    if (kept !== undefined && kept.first === first && kept.count >= count) {
      const digests = digestsAt(kept.digests, 0, count);
      return { disk: this.#core.shadow(volume), command: geometry.readSlots(kept.slot, count), digests };
    }
    return { disk: this.#core.primary(volume), command: geometry.readVolume(volume, first, count) };
  }

  stored(volume: number, first: number, count: number, digests: Uint8Array): void {
    const run = { volume: volumeNumber(volume), first: blockNumber(first), count };
    const recorded = new SentRecorded(this.#core, { volume, first, count }, () => this.#recording.delete(recorded));
    this.#recording.add(recorded);
    this.#core.record({ kind: 'sent', generation: this.generation, ...run, digests }, recorded);
  }

  /** The sub turned out to lack this block, which counts as sent. */
  lacking(volume: number, block: number): void {
    this.#returning[volume] ??= new BlockSet();
    const returning = this.#returning[volume];
    if (returning.has(block)) return;
    returning.add(block);
    const run = { volume: volumeNumber(volume), first: blockNumber(block), count: 1 };
    const resume = () => {
      returning.delete(block);
      this.returned(volume, block, 1);
    };
    this.#core.record(
      { kind: 'unsent', generation: this.generation, ...run },
      { name: 'recording a block as not sent', resume },
    );
  }

  isReturning(volume: number, block: number): boolean {
    return this.#returning[volume]?.has(block) === true;
  }

  /** Whether the record of any block as not sent is on its way. */
  get returning(): boolean {
    return this.#returning.some(({ size }) => size > 0);
  }

  /** Whether any of these blocks is about to count as sent. */
  isRecording(volume: number, first: number, count: number): boolean {
    for (const { run } of this.#recording) {
      if (run.volume === volume && run.first < first + count && first < run.first + run.count) return true;
    }
    return false;
  }

  returned(volume: number, first: number, count: number): void {
    const { state, traits, keeper } = this.#core;
    const keeps = state.transfer !== undefined && traits.keepsFrozenContent;
    for (let block = first; block < first + count; block += 1) {
      if (keeps && !this.#core.isKept(volume, block)) keeper.keepAlso(volume, block, 1);
      else this.add(volume, block, 1);
    }
  }

  unreadable(volume: number, first: number, count: number, corrupt: boolean): void {
    const place = `volume ${volume}, blocks ${first}+${count}`;
    if (this.#core.state.transfer === undefined) this.#core.suspend('disk-error', place);
    else this.#core.failGeneration(corrupt ? 'shadow-corrupt' : 'disk-error', place);
  }

  #pickUrgent(): PickedRun | undefined {
    for (let next = this.#urgent.shift(); next !== undefined; next = this.#urgent.shift()) {
      const { volume, block } = next;
      if (!this.#core.isProtected(volume, block) || this.#isUnderWay(volume, block)) continue;
      this.#queueOf(volume).delete(block);
      return { volume, first: block, count: 1, urgent: true };
    }
    return undefined;
  }

  #pickQueued(countMax: number): PickedRun | undefined {
    for (const volume of this.#core.state.volumes.keys()) {
      const queue = this.#queueOf(volume);
      for (let from = 0; ; ) {
        const run = queue.nextRun(from, countMax);
        if (run === undefined) break;
        const sendable = this.#sendable(volume, run);
        from = run.first + (sendable === undefined ? run.count : 0);
        if (sendable === undefined) continue;
        queue.delete(sendable.first, sendable.count);
        return { volume, ...sendable, urgent: false };
      }
    }
    return undefined;
  }

  #pickFrozen(countMax: number): PickedRun | undefined {
    while (this.#cursor !== undefined) {
      const { volume, block } = this.#cursor;
      const maps = this.#core.state.volumes[volume];
      const run = maps?.frozen.nextRun(block, countMax);
      if (maps === undefined) this.#cursor = undefined;
      else if (run === undefined) this.#cursor = { volume: volume + 1, block: 0 };
      else {
        const sendable = this.#sendable(volume, run);
        this.#cursor = {
          volume,
          block: sendable === undefined ? run.first + run.count : sendable.first + sendable.count,
        };
        if (sendable !== undefined) return { volume, ...sendable, urgent: false };
      }
    }
    return undefined;
  }

  /**
   * Whether a block is being read, on its way, or about to count as sent. Once it counts, what was deferred of it goes to
   * the primary area: a second read for the same image could meet newer content there.
   */
  #isUnderWay(volume: number, block: number): boolean {
    return this.#core.sender.touches(volume, block, 1) || this.isRecording(volume, block, 1);
  }

  /** The first part of a run that can be sent as one: nothing on its way, nothing in between, from one place. */
  #sendable(volume: number, run: BlockRun): BlockRun | undefined {
    const end = run.first + run.count;
    let start = run.first as number;
    while (start < end && !this.#maySendBlock(volume, start)) start += 1;
    if (start === end) return undefined;
    const kept = this.#core.state.transfer === undefined ? undefined : keptRun(this.#core, volume, start);
    const limit = kept === undefined ? end : Math.min(end, kept.first + kept.count);
    let stop = start + 1;
    while (stop < limit && this.#maySendBlock(volume, stop)) stop += 1;
    return { first: blockNumber(start), count: stop - start };
  }

  #maySendBlock(volume: number, block: number): boolean {
    const { state, locks } = this.#core;
    if (this.#isUnderWay(volume, block)) return false;
    if (state.transfer === undefined) {
      return (
        !this.#core.unsettled.has(volume) &&
        !state.volume(volume).streamed.has(block) &&
        locks.isFree({ volume, first: block, count: 1, shared: true })
      );
    }
    return this.#core.isProtected(volume, block) && !state.volume(volume).before.has(block);
  }

  #queueUnstreamed(): void {
    const { state } = this.#core;
    for (const [number, maps] of state.volumes.entries()) this.#queueOf(number).addAll(state.missing(maps));
  }

  #queueKept(): void {
    for (const [number, maps] of this.#core.state.volumes.entries()) {
      for (const { first, count } of maps.kept.runs()) {
        for (let block = first as number; block < first + count; block += 1) {
          if (!maps.sent.has(block)) this.add(number, block, 1);
        }
      }
    }
  }

  #queueOf(volume: number): BlockSet {
    this.#queue[volume] ??= new BlockSet();
    return this.#queue[volume];
  }
}

function keptRun(core: MainCore, volume: number, block: number): StoredRun | undefined {
  const kept = core.state.volume(volume).kept;
  return kept.has(block) ? kept.nextRun(block, 64) : undefined;
}

/** The record that these blocks are at the sub has become durable. */
class SentRecorded implements Operation {
  readonly #core: MainCore;
  readonly run: { readonly volume: number; readonly first: number; readonly count: number };
  readonly #onEnd: () => void;

  constructor(core: MainCore, run: SentRecorded['run'], onEnd: () => void) {
    this.#core = core;
    this.run = run;
    this.#onEnd = onEnd;
  }

  get name(): string {
    return `recording ${this.run.volume}:${this.run.first}+${this.run.count} as sent`;
  }

  resume(): void {
    this.#onEnd();
    this.#core.drainer.noteSent(this.run.volume, this.run.first, this.run.count);
    this.#core.progressed();
  }
}
