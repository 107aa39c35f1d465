/**
 * The side that receives an image: takes runs into staging, and answers complete with the commit. Used by the sub, and by
 * main during a failback.
 */

import { inflateRun } from '../../protocol/compression/inflate.js';
import type { DiskName } from '../../protocol/device.js';
import { contentDigests, runDigest, sameDigest } from '../../protocol/digest.js';
import { assert, type Generation } from '../../protocol/ids.js';
import type { MessageNamed } from '../../protocol/message/messages.js';
import { digestBytes } from '../../protocol/message/messages.js';
import { type RefusalCode, refusals } from '../../protocol/refusals.js';
import type { Board } from '../controller/board.js';
import type { Geometry } from '../controller/geometry.js';
import type { Operation, Outcome } from '../storage/operation.js';
import type { SlotAllocator, SlotRun } from '../storage/slot-allocator.js';
import { HeldRun } from './held-run.js';
import { sendHoldings } from './holdings.js';
import { Recorded } from './recorded.js';
import type { ReplicaRecord } from './replica-records.js';
import type { Receiving, ReplicaState } from './replica-state.js';
import { RunOrder, type WaitingRun } from './run-order.js';
import { type ArrivedRun, missingParts, StageRun } from './stage-run.js';
import { Structuring, type StructuringOptions } from './structuring.js';
import { summaryOf } from './summary.js';

/** The most bytes of blocks that one run has, unless a block has more. */
export const runBytesMax = 65536;
/** The most blocks that one zeroRun names. */
export const zeroRunBlocksMax = 4096;
/** The most runs that one stored names. */
const storedRunsMax = 4096;

export interface ReceiverOptions extends Omit<StructuringOptions, 'onSettled'> {
  readonly allocators: readonly SlotAllocator[];
  /** The commit, or the end of structuring, is durable. */
  readonly onProgress: () => void;
}

export class Receiver implements Operation {
  readonly board: Board<ReplicaRecord>;
  readonly state: ReplicaState;
  readonly geometry: Geometry;
  readonly staging: (volume: number) => DiskName;
  readonly image: (volume: number) => DiskName;
  /** What becomes of the image once it is committed. */
  readonly structuring: Structuring;
  readonly #allocators: readonly SlotAllocator[];
  readonly #onProgress: () => void;
  /** Runs whose record is durable, to be acknowledged at the end of this step. */
  #stored: number[] = [];
  #staging = 0;
  /** Runs wait for those before them, and for room in staging: others on their way, or structuring, may make some. */
  readonly #order = new RunOrder();
  /** The generation that staging is for once all records on their way are durable. */
  #target: Receiving | undefined;
  /** Beginnings of generations that are not durable yet, and the runs that came meanwhile. */
  #beginning = 0;
  #early: MessageNamed<'blockRun' | 'compressedRun' | 'heldRun' | 'zeroRun'>[] = [];
  #session = 0;
  #holdingsAsked: Generation | undefined;
  /** A complete that waits for the structuring of the image before it. */
  #complete: MessageNamed<'complete'> | undefined;
  #committing: MessageNamed<'complete'> | undefined;

  constructor(options: ReceiverOptions) {
    this.board = options.board;
    this.state = options.state;
    this.geometry = options.geometry;
    this.staging = options.staging;
    this.image = options.image;
    this.#allocators = options.allocators;
    this.#onProgress = options.onProgress;
    this.structuring = new Structuring({ ...options, onSettled: () => this.#settled() });
    this.#target = options.state.receiving;
  }

  get name(): string {
    return `commit of generation ${this.#committing?.generation ?? 0}`;
  }

  /** Runs that have arrived and are neither stored nor refused, by what keeps them. */
  inHand(): string[] {
    const kept: readonly [number, string][] = [
      [this.#staging, 'runs on their way into staging'],
      [this.#order.waiting, 'runs that wait for room in staging'],
      [this.#early.length, 'runs that wait for the beginning of their generation'],
    ];
    return kept.filter(([count]) => count > 0).map(([count, what]) => `${what}: ${count}`);
  }

  begin(message: MessageNamed<'begin'>): void {
    const { epoch, generation, base, full } = message;
    if (generation === this.state.committed) {
      // The sender has not heard of the commit: nothing has to be sent again.
      this.#tellCommitted();
      return;
    }
    if (this.#committing?.generation === generation) return;
    // The same generation may turn from a difference into the whole image: what has arrived for it stays.
    if (isSame(this.#target, message)) return;
    this.#target = { epoch, generation, base, full };
    this.#beginning += 1;
    this.board.record(
      { kind: 'begun', epoch, generation, base, full },
      new Recorded('beginning of a generation', () => this.#begun()),
    );
    this.#complete = undefined;
  }

  blockRun(message: MessageNamed<'blockRun'>): void {
    if (this.#beginning > 0) {
      this.#early.push(message);
      return;
    }
    const { run, generation, volume, first, count, digest, data } = message;
    const { blockBytes } = this.geometry;
    if (!this.#fits(volume, first, count) || data.length !== count * blockBytes) {
      this.#refuseRun(generation, run, 'range-outside');
      return;
    }
    const digests = contentDigests(data, blockBytes);
    if (!sameDigest(runDigest(digests), digest)) this.#refuseRun(generation, run, 'digest-mismatch');
    else this.#stage({ run, session: this.#session, generation, volume, first, count, digests, data });
  }

  /** A run that arrives smaller than it is: inflated here, and from then on as any other. */
  compressedRun(message: MessageNamed<'compressedRun'>): void {
    if (this.#beginning > 0) {
      this.#early.push(message);
      return;
    }
    const { run, generation, volume, first, count } = message;
    const contentBytes = count * this.geometry.blockBytes;
    if (!this.#fits(volume, first, count) || !this.#isRun(count)) {
      this.#refuseRun(generation, run, 'range-outside');
      return;
    }
    const { takenBits: windowBits } = this.board.runForms();
    const data = inflateRun(message.data, { contentBytes, windowBits });
    if (data === undefined) this.#refuseRun(generation, run, 'compressed-invalid');
    else this.blockRun({ ...message, kind: 'blockRun', data });
  }

  /** A run without its contents: looked for in the image, and from then on as any other. */
  heldRun(message: MessageNamed<'heldRun'>): void {
    if (this.#beginning > 0) {
      this.#early.push(message);
      return;
    }
    const { run, generation, volume, first, count } = message;
    if (!this.#fits(volume, first, count) || !this.#isRun(count)) this.#refuseRun(generation, run, 'range-outside');
    else if (this.#target?.generation === generation) {
      if (this.#order.isAwaited(message)) this.#order.add(message);
      else this.#look(message);
    }
  }

  /** What looking for a run has come to: `arrived` when the image holds it. */
  looked(message: MessageNamed<'heldRun'>, session: number, arrived: ArrivedRun | undefined): void {
    const { generation, run } = message;
    this.#staging -= 1;
    this.#order.end(message);
    if (arrived !== undefined) this.#stageFound(arrived);
    else if (session === this.#session) this.#refuseRun(generation, run, 'content-differs');
  }

  zeroRun(message: MessageNamed<'zeroRun'>): void {
    if (this.#beginning > 0) {
      this.#early.push(message);
      return;
    }
    const { run, generation, volume, first, count } = message;
    const fits = this.#fits(volume, first, count) && count <= zeroRunBlocksMax;
    if (!fits) this.#refuseRun(generation, run, 'range-outside');
    else
      this.#stage({
        run,
        session: this.#session,
        generation,
        volume,
        first,
        count,
        digests: new Uint8Array(count * digestBytes),
        data: new Uint8Array(0),
      });
  }

  complete(message: MessageNamed<'complete'>): void {
    const { generation } = message;
    if (generation === this.state.committed) this.#tellCommitted();
    else if (this.#committing?.generation !== generation) {
      this.#complete = { ...message, digest: Uint8Array.from(message.digest) };
      this.pump();
    }
  }

  /** Answered once nothing of an earlier session is on its way into staging any more. */
  getHoldings(message: MessageNamed<'getHoldings'>): void {
    this.#holdingsAsked = message.generation;
    this.pump();
  }

  /** A new session: runs of the one before must not be acknowledged in it, their numbers may be used again. */
  sessionOpened(): void {
    // Stryker disable next-line AssignmentOperator: the numbers of sessions need only differ
    this.#session += 1;
    this.#stored = [];
    this.#early = [];
    this.#order.forget();
    this.#complete = undefined;
    this.#holdingsAsked = undefined;
  }

  /** Drops staging of this generation, or of whichever it is for, if it is not committed. */
  drop(generation = this.#target?.generation): void {
    if (generation === undefined || this.#target?.generation !== generation) return;
    this.#target = undefined;
    this.#complete = undefined;
    this.#early = [];
    this.#order.forget();
    // What is on its way into staging will not be there: it is not said to be stored.
    this.#session += 1;
    this.#stored = [];
    this.board.record({ kind: 'dropped', generation });
  }

  /** Continues whatever can go on; called at the end of every step of the controller. */
  pump(): void {
    // First, for it says whether there may be room yet.
    this.structuring.pump();
    this.#stageWaiting();
    this.#acknowledge();
    this.#answerHoldings();
    this.#tryCommit();
  }

  /** The record of where a run is follows those before it: what comes after it may be recorded, too. */
  recorded(arrived: ArrivedRun): void {
    this.#order.end(arrived);
  }

  staged({ run, session, parts }: ArrivedRun): void {
    this.#staging -= 1;
    if (parts !== undefined) parts.left -= 1;
    if (session === this.#session && (parts?.left ?? 0) === 0) this.#stored.push(run);
  }

  stagingFailed(arrived: ArrivedRun, slots: readonly SlotRun[]): void {
    const { volume, generation } = arrived;
    this.#staging -= 1;
    this.#order.end(arrived);
    for (const { first, count } of slots) (this.#allocators[volume] as SlotAllocator).release(first, count);
    this.#abandon(generation, 'disk-error');
    this.board.suspend('disk-error', this.staging(volume));
  }

  /** The commit is durable. */
  resume(outcome: Outcome): void {
    assert(outcome.kind === 'done', 'a durable record ends well or not at all');
    this.#committing = undefined;
    this.structuring.begin();
    this.board.mark('committed', { generation: this.state.committed });
    this.#tellCommitted();
    this.#onProgress();
  }

  #begun(): void {
    this.#beginning -= 1;
    // While another beginning is on its way they are kept again.
    for (const run of this.#early.splice(0)) {
      if (run.kind === 'blockRun') this.blockRun(run);
      else if (run.kind === 'compressedRun') this.compressedRun(run);
      else if (run.kind === 'heldRun') this.heldRun(run);
      else this.zeroRun(run);
    }
  }

  #stage(arrived: ArrivedRun): void {
    this.#order.add(arrived);
    if (this.#order.next === arrived) this.#stageWaiting();
  }

  #stageFound(arrived: ArrivedRun): void {
    this.#order.addBack(arrived);
    if (this.#order.next === arrived) this.#stageWaiting();
  }

  #stageWaiting(): void {
    this.#takeFreed();
    for (let { next } = this.#order; next !== undefined; next = this.#order.next) {
      if (this.#target?.generation === next.generation && !this.#goesOn(next)) return;
      this.#order.shift();
    }
  }

  /** False when something has to come to its end first. */
  #goesOn(next: WaitingRun): boolean {
    if (this.#order.isBusy(next)) return false;
    if ('digests' in next) return this.#startStaging(next);
    this.#look(next);
    return true;
  }

  #look(message: MessageNamed<'heldRun'>): void {
    const kept = { ...message, digest: Uint8Array.from(message.digest) };
    this.#staging += 1;
    this.#order.begin(kept);
    new HeldRun(this, kept, this.#session).start();
  }

  /** False when there is no room now, but what is on its way may make some. */
  #startStaging(arrived: ArrivedRun): boolean {
    const { volume, count, data } = arrived;
    const slots = data.length === 0 ? [] : this.#takeSlots(volume, count);
    if (slots !== undefined) {
      this.#startRun(arrived, slots);
      return true;
    }
    if (this.#staging > 0 || this.structuring.makesRoom) return false;
    this.#stageMissing(arrived);
    return true;
  }

  /** Only what staging does not hold yet of a run that comes once more, as all do after a session was lost. */
  #stageMissing(arrived: ArrivedRun): void {
    const { volume, generation, run, session } = arrived;
    const parts = missingParts(arrived, this.state.volume(volume).staged);
    if (parts.reduce((sum, { count }) => sum + count, 0) > (this.#allocators[volume] as SlotAllocator).free) {
      this.#abandon(generation, 'staging-full');
      return;
    }
    if (parts.length === 0 && session === this.#session) this.#stored.push(run);
    for (const part of parts) {
      const slots = this.#takeSlots(volume, part.count);
      assert(slots !== undefined, 'slots were counted as free');
      this.#startRun(part, slots);
    }
  }

  #startRun(arrived: ArrivedRun, slots: readonly SlotRun[]): void {
    this.#staging += 1;
    this.#order.begin(arrived);
    new StageRun(this, arrived, slots).start();
  }

  #takeSlots(volume: number, count: number): SlotRun[] | undefined {
    const allocator = this.#allocators[volume] as SlotAllocator;
    if (allocator.free < count) return undefined;
    const slots: SlotRun[] = [];
    for (let left = count; left > 0; ) {
      const taken = allocator.take(left);
      // Stryker disable next-line ConditionalExpression: what is free can be taken
      assert(taken !== undefined, 'slots were counted as free');
      slots.push(taken);
      left -= taken.count;
    }
    return slots;
  }

  #fits(volume: number, first: number, count: number): boolean {
    if (!Number.isInteger(count) || count < 1) return false;
    // A volume that is not there has no blocks.
    return first + count <= this.geometry.blocksOf(volume);
  }

  /** Whether so many blocks are no more than a run may have. */
  #isRun(count: number): boolean {
    return count === 1 || count * this.geometry.blockBytes <= runBytesMax;
  }

  #refuseRun(generation: Generation, run: number, code: RefusalCode): void {
    this.board.send('remote', { kind: 'runRefused', generation, run, code: refusals[code].number });
  }

  #abandon(generation: Generation, code: RefusalCode): void {
    this.drop(generation);
    this.board.send('remote', { kind: 'abandon', generation, code: refusals[code].number, state: 'PSUE' });
  }

  #takeFreed(): void {
    if (this.state.freed.length === 0) return;
    for (const { volume, first, count } of this.state.freed.splice(0)) {
      (this.#allocators[volume] as SlotAllocator).release(first, count);
    }
  }

  #acknowledge(): void {
    const generation = this.state.receiving?.generation ?? this.state.committed;
    while (this.#stored.length > 0) {
      this.board.send('remote', { kind: 'stored', generation, runs: this.#stored.splice(0, storedRunsMax) });
    }
  }

  #answerHoldings(): void {
    if (this.#holdingsAsked === undefined || this.#staging > 0 || this.#order.waiting > 0) return;
    sendHoldings(this, this.#holdingsAsked);
    this.#holdingsAsked = undefined;
  }

  #tryCommit(): void {
    const complete = this.#complete;
    if (complete === undefined || this.#beginning > 0 || this.#committing !== undefined) return;
    if (this.#staging > 0 || this.#order.waiting > 0) return;
    const receiving = this.state.receiving;
    // A full image mends one that cannot be structured: it need not wait for that.
    if (this.state.overlaid > 0 && !(this.structuring.isFailed && receiving?.full)) return;
    this.#complete = undefined;
    const { generation, digest } = complete;
    const target = this.#target;
    if (target?.generation !== generation) return;
    if (!this.#agrees(complete)) {
      this.board.send('remote', { kind: 'completeRefused', generation, code: refusals['digest-mismatch'].number });
      return;
    }
    this.#committing = complete;
    this.#target = undefined;
    this.board.mark('complete', { generation });
    this.board.record({ kind: 'accepted', epoch: target.epoch, generation, digest }, this);
  }

  #agrees({ blocks, zeroBlocks, digest }: MessageNamed<'complete'>): boolean {
    const held = summaryOf(this.state.volumes.map(({ staged }) => staged));
    return held.blocks === blocks && held.zeroBlocks === zeroBlocks && sameDigest(held.digest, digest);
  }

  #settled(): void {
    this.#onProgress();
    this.pump();
  }

  #tellCommitted(): void {
    const { epoch, committed, commitDigest } = this.state;
    this.board.send('remote', { kind: 'committed', epoch, generation: committed, digest: commitDigest });
    if (this.state.structured === committed) this.board.send('remote', { kind: 'structured', generation: committed });
  }
}

function isSame(target: Receiving | undefined, { epoch, generation, base, full }: Receiving): boolean {
  if (target?.generation !== generation || target.epoch !== epoch) return false;
  return target.base === base && target.full === full;
}
