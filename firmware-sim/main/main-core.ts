/**
 * What the parts of the main controller share: its durable state, its disks and slots, the operations under way.
 * `MainController` routes events to it.
 */

import type { DeviceEffect, PortName } from '../../protocol/device.js';
import { blockNumber, generation, volumeNumber } from '../../protocol/ids.js';
import type { Priority } from '../../protocol/message/message.js';
import type { Message } from '../../protocol/message/messages.js';
import { type RefusalCode, refusals } from '../../protocol/refusals.js';
import type { Board, RunForms } from '../controller/board.js';
import type { Geometry } from '../controller/geometry.js';
import type { ReplicaRecord } from '../replica/replica-records.js';
import type { ReplicaState } from '../replica/replica-state.js';
import { Sender } from '../replica/sender.js';
import { BlockSet } from '../storage/block-set.js';
import { diskNames } from '../storage/disk-names.js';
import type { DiskQueue } from '../storage/disk-queue.js';
import type { Operation } from '../storage/operation.js';
import { RangeLocks } from '../storage/range-locks.js';
import type { SlotAllocator, SlotRun } from '../storage/slot-allocator.js';
import { zeroSlot } from '../storage/stored-blocks.js';
import { Drainer } from './drainer.js';
import type { HostWrite } from './host-write.js';
import { Keeper } from './keeper.js';
import type { MainRecord } from './main-records.js';
import type { MainState } from './main-state.js';
import { type MethodTraits, methodTraits } from './method.js';
import { OutgoingImage } from './outgoing-image.js';

/** What the controller around the core does for it. */
export interface MainSurroundings {
  readonly effects: DeviceEffect[];
  readonly disks: DiskQueue;
  readonly state: MainState;
  readonly replica: ReplicaState;
  readonly geometry: Geometry;
  readonly allocators: readonly SlotAllocator[];
  readonly record: (record: MainRecord | ReplicaRecord, operation?: Operation) => void;
  readonly send: (port: PortName, message: Message, priority?: Priority) => void;
  readonly runForms: () => RunForms;
  /** The session with the sub is open, the pair is not suspended and both sides agree: blocks may be sent. */
  readonly maySend: () => boolean;
  /** A write has been answered. */
  readonly onWriteEnded: (write: HostWrite, nowUs: number) => void;
}

export class MainCore implements Board<MainRecord | ReplicaRecord> {
  readonly #around: MainSurroundings;
  readonly state: MainState;
  readonly replica: ReplicaState;
  readonly geometry: Geometry;
  readonly disks: DiskQueue;
  readonly effects: DeviceEffect[];
  readonly traits: MethodTraits;
  readonly primary = diskNames('primary');
  readonly shadow = diskNames('shadow');
  readonly locks = new RangeLocks<Operation>();
  readonly sender: Sender;
  readonly outgoing: OutgoingImage;
  readonly keeper: Keeper;
  readonly drainer: Drainer;
  nowUs = 0;
  /** The record that the sub has committed the generation on its way is not durable yet: it cannot fail any more. */
  committing = false;
  /** Longest time that a write waited for a block to be sent. */
  stallUsMax = 0;
  #stalled = new Set<HostWrite>();
  /** Kept blocks whose record as given up is on its way, by volume. */
  readonly #releasing: BlockSet[] = [];
  #progress = false;
  #failing = false;
  #suspending = 0;

  /**
   * Volumes with a host write that failed: what it wrote may lie in the primary disk's cache, and no flush made it durable.
   * Until one does, such content is in no image: the disk could still lose it, and the two sides would differ for good.
   */
  readonly unsettled = new Set<number>();

  constructor(around: MainSurroundings) {
    this.#around = around;
    this.state = around.state;
    this.replica = around.replica;
    this.geometry = around.geometry;
    this.disks = around.disks;
    this.effects = around.effects;
    this.traits = methodTraits[around.state.method];
    this.sender = new Sender(this as Board<never>);
    this.outgoing = new OutgoingImage(this);
    this.keeper = new Keeper(this);
    this.drainer = new Drainer(this);
    this.sender.use(this.outgoing);
  }

  record(record: MainRecord | ReplicaRecord, operation?: Operation): void {
    this.#around.record(record, operation);
  }

  send(port: PortName, message: Message, priority?: Priority): void {
    this.#around.send(port, message, priority);
  }

  runForms(): RunForms {
    return this.#around.runForms();
  }

  maySend(): boolean {
    return this.#around.maySend() && !this.#failing;
  }

  log(level: 'info' | 'warning' | 'error', text: string): void {
    this.effects.push({ kind: 'log', level, text });
  }

  mark(name: string, values: Readonly<Record<string, number | string>>): void {
    this.effects.push({ kind: 'mark', name, values });
  }

  /** Whether this block's frozen content is still owed to the sub. */
  isProtected(volume: number, block: number): boolean {
    // Stryker disable next-line ConditionalExpression: a shortcut; nothing is frozen then
    if (this.state.transfer === undefined) return false;
    return this.state.volume(volume).frozen.has(block) && !this.#isSent(volume, block);
  }

  /** Whether the sub has this block of the frozen image. One that it turned out to lack counts no more, durably so or not. */
  #isSent(volume: number, block: number): boolean {
    return this.state.volume(volume).sent.has(block) && !this.outgoing.isReturning(volume, block);
  }

  /** Whether this block's frozen content is in the shadow area, and stays there. */
  isKept(volume: number, block: number): boolean {
    return this.state.volume(volume).kept.has(block) && !this.#releasing[volume]?.has(block);
  }

  /** Whether a write to this block has to wait in the shadow area. */
  defers(volume: number, block: number): boolean {
    return this.traits.defersWrites && this.isProtected(volume, block);
  }

  slotsFree(volume: number): number {
    return this.#around.allocators[volume]?.free ?? 0;
  }

  slotsTotal(volume: number): number {
    return this.#around.allocators[volume]?.total ?? 0;
  }

  /** Takes slots of the shadow area: all of `count` or none, or with `any` as many as there are. */
  takeSlots(volume: number, count: number, want: 'all' | 'any' = 'all'): SlotRun[] | undefined {
    const allocator = this.#around.allocators[volume];
    if (allocator === undefined || allocator.free < (want === 'all' ? count : 1)) return undefined;
    const runs: SlotRun[] = [];
    for (let left = count; left > 0; ) {
      const run = allocator.take(left);
      if (run === undefined) break;
      runs.push(run);
      left -= run.count;
    }
    return runs;
  }

  giveSlots(volume: number, runs: readonly SlotRun[]): void {
    for (const { first, count } of runs) this.#around.allocators[volume]?.release(first, count);
    if (runs.length > 0) this.progressed();
  }

  /** Takes back the slots that records gave up. */
  takeFreed(): void {
    for (const state of [this.state, this.replica]) {
      // Stryker disable next-line ConditionalExpression: a shortcut; there is nothing to take back
      if (state.freed.length === 0) continue;
      for (const { volume, first, count } of state.freed) this.giveSlots(volume, [{ first, count }]);
      state.freed = [];
    }
  }

  /** Gives up kept content that the sub holds, for room; the slots come when the record is durable. */
  reclaim(volume: number): void {
    this.#releasing[volume] ??= new BlockSet();
    const releasing = this.#releasing[volume];
    if (releasing.size > 0) return;
    for (const { first, count: countMax, slot } of this.state.volume(volume).kept.runs()) {
      if (slot === zeroSlot || !this.#isSent(volume, first)) continue;
      let count = 1;
      while (count < countMax && this.#isSent(volume, first + count)) count += 1;
      releasing.add(first, count);
      this.record(
        { kind: 'released', volume: volumeNumber(volume), first: blockNumber(first), count },
        { name: 'recording kept content as given up', resume: () => releasing.delete(first, count) },
      );
      return;
    }
  }

  /** A write looks again when something has been kept, sent, drained or freed. */
  waitForProgress(write: HostWrite): void {
    this.#stalled.add(write);
  }

  progressed(): void {
    this.#progress = true;
  }

  unlock(holder: Operation, nowUs: number): void {
    // Stryker disable next-line ObjectLiteral,StringLiteral: for people; what counts is that nothing failed
    for (const next of this.locks.release(holder)) next.resume({ kind: 'locked' }, nowUs);
  }

  /** The content of these blocks in the primary area is about to change, or has just changed. */
  overwritten(volume: number, first: number, count: number): void {
    // What is on its way of a frozen image stays right: only before a freeze the newest content is wanted.
    const stale = this.state.transfer === undefined ? 'sent' : 'reading';
    this.sender.overwritten(volume, first, count, stale);
  }

  /** The content of these blocks has changed and the change is durable. */
  written(volume: number, first: number, count: number): void {
    if (!this.traits.sendsBeforeFreeze || this.state.transfer !== undefined) return;
    this.overwritten(volume, first, count);
    this.outgoing.add(volume, first, count);
  }

  writeEnded(write: HostWrite, nowUs: number): void {
    this.#around.onWriteEnded(write, nowUs);
  }

  /** When the write that has waited longest began to; undefined when none waits for a generation that goes on. */
  stalledSinceUs(): number | undefined {
    if (this.#failing) return undefined;
    let since: number | undefined;
    for (const each of this.#stalled) {
      if (each.stalledSinceUs !== undefined) since = Math.min(since ?? each.stalledSinceUs, each.stalledSinceUs);
    }
    return since;
  }

  /** The suspension of the pair is being recorded: nothing begins any more. */
  get suspending(): boolean {
    return this.#suspending > 0;
  }

  /** The failure of the generation on its way is being recorded. */
  get failing(): boolean {
    return this.#failing;
  }

  /** The image loses, not the host: the generation on its way is given up. */
  failGeneration(code: RefusalCode, detail: string): void {
    const transfer = this.state.transfer;
    if (transfer === undefined || this.#failing || this.committing) return;
    this.#failing = true;
    this.log('error', `generation ${transfer.generation} failed: ${code}${detail === '' ? '' : ` (${detail})`}`);
    this.record(
      { kind: 'failed', generation: transfer.generation, code: refusals[code].number },
      {
        name: 'recording a failure',
        resume: () => {
          this.#failing = false;
          this.sender.lost();
          this.transferEnded();
          this.mark('failed', { generation: transfer.generation, reason: code });
          this.send('remote', {
            kind: 'abandon',
            generation: transfer.generation,
            code: refusals[code].number,
            state: 'PSUE',
          });
        },
      },
    );
  }

  /**
   * A disk or the sub makes it impossible to go on: the pair is suspended, the generation on its way fails. `anew`: recorded
   * even if that is why it is suspended already, for what has been sent since.
   */
  suspend(code: RefusalCode, detail: string, anew = false): void {
    if (this.state.transfer !== undefined && !this.committing) this.failGeneration(code, detail);
    else if (anew || this.state.reason !== code) {
      this.log('error', `pair suspended: ${code}${detail === '' ? '' : ` (${detail})`}`);
      this.#suspending += 1;
      const resume = () => {
        this.#suspending -= 1;
        this.failSuspended();
      };
      this.record(
        { kind: 'pairState', state: 'PSUE', code: refusals[code].number },
        { name: 'recording a suspension', resume },
      );
      this.send('remote', { kind: 'pairStateChanged', state: 'PSUE', code: refusals[code].number });
    }
  }

  /** A freeze and a suspension that were being recorded at the same time: fails that generation, too. */
  failSuspended(): void {
    const { pairState, reason } = this.state;
    if (pairState === 'PSUE') this.failGeneration(reason ?? 'disk-error', '');
  }

  /** Continues whatever can go on; called at the end of every step. */
  pump(nowUs: number): void {
    this.takeFreed();
    this.#wake(nowUs);
    this.drainer.pump();
    // Stryker disable next-line ConditionalExpression,LogicalOperator: a shortcut; no content needs keeping otherwise
    const keeps = this.traits.keepsFrozenContent && this.state.transfer !== undefined;
    if (keeps && !this.#failing) this.keeper.pump();
    this.sender.pump();
  }

  /** A generation that has been committed: nothing of it is protected any more. */
  transferEnded(): void {
    this.keeper.stop();
    this.outgoing.restart();
    this.drainer.noteAll();
    this.progressed();
  }

  /** A frozen image begins its way: what of it has not flowed to the sub before is kept, or sent at once. */
  transferBegan(): void {
    this.keeper.keepAll();
    this.outgoing.freeze();
  }

  /** After power on, in the middle of a transfer or with none. */
  resumed(): void {
    this.keeper.keepAll();
    this.outgoing.restart();
    this.drainer.noteAll();
  }

  /** The generation that the next freeze makes. */
  nextGeneration() {
    return generation(this.state.lastFrozen + 1);
  }

  #wake(nowUs: number): void {
    if (!this.#progress) return;
    this.#progress = false;
    const waiting = [...this.#stalled];
    this.#stalled.clear();
    for (const each of waiting) {
      if (each.stalledSinceUs !== undefined) this.stallUsMax = Math.max(this.stallUsMax, nowUs - each.stalledSinceUs);
      each.resume({ kind: 'look' }, nowUs);
    }
  }
}
