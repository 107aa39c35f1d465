/**
 * A controller's way to its disks: hands out command tags, repeats what can be repeated, and joins flushes.
 *
 * - BUSY and TASK SET FULL are tried again after a pause; medium and hardware errors a few times at once.
 * - A unit attention after a disk's own power loss means that its volatile cache is gone: every write that has not
 *   been flushed since is issued again, in order; the command that met it, and all that come, wait until those have
 *   ended, for a disk may carry out what it has at once in any order.
 * - All who ask for a flush while one is under way share the next one.
 */

import type { DeviceEffect, DiskName } from '../../protocol/device.js';
import type { Completion, MediumCommand } from '../../protocol/scsi/commands.js';
import { CachedWrites } from './cached-writes.js';
import type { Operation, Outcome } from './operation.js';

const triesMax = 3;
const busyTriesMax = 200;
const busyPauseUs = 20_000;

interface Pending {
  readonly disk: DiskName;
  readonly command: MediumCommand;
  readonly operation: Operation | undefined;
  /** A write that the disk had lost and that is issued again. */
  readonly again?: boolean;
  tries: number;
  /** Those of them that ended with an error: that the disk was busy before says nothing about it. */
  errors: number;
}

interface DiskState {
  /** Writes that have not failed and that no flush has made durable yet. */
  readonly unflushed: CachedWrites;
  /** Covered by the flush under way. */
  flushing: Operation[] | undefined;
  waiting: Operation[];
  /** The disk lost its cache since the newest flush was issued: that it ends well says nothing. */
  flushVoid: boolean;
  /** Whose writes were lost and could not be written again: they must not be told that all is durable. */
  readonly lost: Map<Operation, Outcome>;
  /** Lost writes that are being written again, and what waits for them. */
  again: number;
  held: Pending[];
}

export class DiskQueue {
  readonly #effects: DeviceEffect[];
  readonly #pending = new Map<number, Pending>();
  readonly #disks = new Map<DiskName, DiskState>();
  readonly #paused: { readonly atUs: number; readonly pending: Pending }[] = [];
  #nextTag = 1;

  /** `effects` is the controller's outbox: commands are put there. */
  constructor(effects: DeviceEffect[]) {
    this.#effects = effects;
  }

  /** Commands under way, repeats that wait for their pause included. */
  get outstanding(): number {
    let held = 0;
    for (const each of this.#disks.values()) held += each.held.length;
    return this.#pending.size + this.#paused.length + held;
  }

  /** Whose commands and flushes have not ended, by name. */
  inHand(): string[] {
    const pending = [...this.#pending.values(), ...this.#paused.map((each) => each.pending)];
    const states = [...this.#disks.values()];
    const flushed = states.flatMap(({ flushing = [], waiting }) => [...flushing, ...waiting]);
    const again = pending.filter((each) => each.again === true).map(({ disk }) => `${disk}: a lost write once more`);
    const operations = [...pending, ...states.flatMap(({ held }) => held)].flatMap(({ operation = [] }) => operation);
    return [...[...operations, ...flushed].map(({ name }) => name), ...again];
  }

  /** Issues a command; the operation is resumed with its outcome. */
  issue(disk: DiskName, command: MediumCommand, operation: Operation): void {
    this.#state(disk).unflushed.add(command, operation);
    this.#send({ disk, command, operation, tries: 0, errors: 0 });
  }

  /** Resumes the operation once every write to this disk that has completed by now is durable. */
  flush(disk: DiskName, operation: Operation): void {
    const state = this.#state(disk);
    state.waiting.push(operation);
    if (state.flushing === undefined) this.#startFlush(disk, state);
  }

  /** Whether every write that has ended well is durable. */
  isSettled(disk: DiskName): boolean {
    return (this.#disks.get(disk)?.unflushed.size ?? 0) === 0;
  }

  /** Takes the end of a command. */
  complete(tag: number, completion: Completion, nowUs: number): void {
    const pending = this.#pending.get(tag);
    if (pending === undefined) return;
    this.#pending.delete(tag);
    pending.tries += 1;
    if (this.#repeat(pending, completion, nowUs)) return;
    this.#finish(pending, completion, nowUs);
  }

  /** Issues again what was paused until now. */
  tick(nowUs: number): void {
    for (let next = this.#paused[0]; next !== undefined && next.atUs <= nowUs; next = this.#paused[0]) {
      this.#paused.shift();
      this.#send(next.pending);
    }
  }

  deadline(): number | undefined {
    return this.#paused[0]?.atUs;
  }

  #finish(pending: Pending, completion: Completion, nowUs: number): void {
    const { command, disk, operation } = pending;
    if (pending.again === true) {
      this.#writtenAgain(pending, completion, nowUs);
      return;
    }
    const outcome =
      completion.status === 'good'
        ? { kind: 'done' as const, data: completion.data }
        : { kind: 'failed' as const, completion };
    if (command.op !== 'synchronizeCache') {
      if (outcome.kind === 'failed') this.#state(disk).unflushed.delete(command);
      // Stryker disable next-line OptionalChaining: only flushes and writes issued again have no operation
      operation?.resume(outcome, nowUs);
      return;
    }
    const state = this.#state(disk);
    // Stryker disable next-line ArrayDeclaration: a flush that ends was under way
    const covered = state.flushing ?? [];
    state.flushing = undefined;
    if (outcome.kind === 'done' && state.flushVoid) {
      state.waiting.unshift(...covered);
      this.#startFlush(disk, state);
      return;
    }
    if (outcome.kind === 'done') state.unflushed.flushed();
    if (state.waiting.length > 0) this.#startFlush(disk, state);
    for (const each of covered) this.#flushed(each, state, outcome, nowUs);
  }

  /** Tells how a flush ended: well only for those whose writes are there. */
  #flushed(operation: Operation, { lost }: DiskState, outcome: Outcome, nowUs: number): void {
    const failure = lost.get(operation);
    lost.delete(operation);
    operation.resume(failure ?? outcome, nowUs);
  }

  #startFlush(disk: DiskName, state: DiskState): void {
    state.flushing = state.waiting;
    state.waiting = [];
    this.#send({
      disk,
      command: { op: 'synchronizeCache', lba: 0, sectors: 0 },
      operation: undefined,
      tries: 0,
      errors: 0,
    });
  }

  #repeat(pending: Pending, completion: Completion, nowUs: number): boolean {
    if (completion.status === 'busy' || completion.status === 'taskSetFull') {
      if (pending.tries >= busyTriesMax) return false;
      this.#paused.push({ atUs: nowUs + busyPauseUs, pending });
      return true;
    }
    if (completion.status !== 'checkCondition') return false;
    const { key, asc } = completion.sense;
    if (key === 'unitAttention') {
      // It tells what happened to the disk, and nothing of the command: that it came once more than often is no failure.
      if (asc === 0x29) this.#writeAgain(pending);
      if (pending.tries >= busyTriesMax) return false;
      this.#send(pending);
      return true;
    }
    pending.errors += 1;
    if (pending.errors >= triesMax) return false;
    const worthIt = key === 'mediumError' || key === 'hardwareError' || key === 'abortedCommand';
    if (worthIt) this.#send(pending);
    return worthIt;
  }

  /** The disk lost its volatile cache: whatever was not flushed is written again. */
  #writeAgain({ disk, command: met }: Pending): void {
    const notEnded = this.#notEnded(disk);
    const state = this.#state(disk);
    state.flushVoid = true;
    for (const command of [...state.unflushed]) {
      if (notEnded.has(command) || command === met) continue;
      state.again += 1;
      this.#send({ disk, command, operation: undefined, again: true, tries: 0, errors: 0 });
    }
  }

  /**
   * What is held waits on as long as others are written again. If one cannot be written again, what waits for it
   * fails, and so does the next flush of whoever wrote it: nobody must be told that it is durable.
   */
  #writtenAgain({ disk, command }: Pending, completion: Completion, nowUs: number): void {
    const state = this.#state(disk);
    state.again -= 1;
    if (completion.status === 'good') {
      this.#release(state.held.splice(0));
      return;
    }
    const failure: Outcome = { kind: 'failed', completion };
    const operation = state.unflushed.ownerOf(command);
    // Stryker disable next-line ConditionalExpression: what is written again has not been flushed, and has its operation
    if (operation !== undefined) state.lost.set(operation, failure);
    state.unflushed.delete(command);
    const asked = state.waiting.splice(0);
    for (const each of state.held.splice(0)) this.#finish(each, completion, nowUs);
    for (const each of asked) this.#flushed(each, state, failure, nowUs);
  }

  /** Flushes last: what goes out beside them has not ended, so they cover none of it. */
  #release(held: readonly Pending[]): void {
    const isFlush = ({ command }: Pending) => command.op === 'synchronizeCache';
    for (const each of held) if (!isFlush(each)) this.#send(each);
    for (const each of held) if (isFlush(each)) this.#send(each);
  }

  #send(pending: Pending): void {
    const state = this.#state(pending.disk);
    if (state.again > 0 && pending.again !== true) {
      state.held.push(pending);
      return;
    }
    const tag = this.#nextTag;
    // Stryker disable next-line AssignmentOperator: tags need only differ
    this.#nextTag += 1;
    this.#pending.set(tag, pending);
    if (pending.command.op === 'synchronizeCache') this.#cover(pending.disk);
    this.#effects.push({ kind: 'disk', disk: pending.disk, tag, command: pending.command });
  }

  /** A flush covers the writes that have ended before it is issued. */
  #cover(disk: DiskName): void {
    const state = this.#state(disk);
    state.flushVoid = false;
    state.unflushed.cover(() => this.#notEnded(disk));
  }

  /** Commands that have not ended: at the disk, paused until it is less busy, or held until what it lost is written again. */
  #notEnded(disk: DiskName): Set<MediumCommand> {
    const commands = new Set<MediumCommand>();
    for (const each of this.#pending.values()) commands.add(each.command);
    for (const { pending } of this.#paused) commands.add(pending.command);
    for (const each of this.#state(disk).held) commands.add(each.command);
    return commands;
  }

  #state(disk: DiskName): DiskState {
    let state = this.#disks.get(disk);
    if (state === undefined) {
      state = {
        unflushed: new CachedWrites(),
        flushing: undefined,
        waiting: [],
        // Stryker disable next-line BooleanLiteral: set when a flush is issued
        flushVoid: false,
        lost: new Map(),
        again: 0,
        held: [],
      };
      this.#disks.set(disk, state);
    }
    return state;
  }
}
