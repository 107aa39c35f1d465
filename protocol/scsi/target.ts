/**
 * The target's end of SCSI over messages: takes commands, asks for their data as its buffers allow, and hands a command
 * up only when all of its data has arrived and agrees with its check. A pure machine.
 *
 * Buffers are reserved for a whole command before its first byte is asked for, in order of arrival, so that commands
 * that have half of their data never wait for each other.
 */
import { crc32 } from 'node:zlib';
import { assert, unreachable } from '../ids.js';
import type { Message, MessageNamed } from '../message/messages.js';
import type { Refusal } from '../refusals.js';
import { type CdbCommand, dataOutBytes, parseCdb } from './cdb.js';
import type { Completion } from './commands.js';
import { type ConditionName, checkCondition } from './conditions.js';
import type { Parsed } from './parsed.js';
import { encodeStatus } from './response.js';
import { TaskManager } from './task-management.js';

export interface TargetOptions {
  /** The most bytes of data out that commands hold, from the first byte asked for to their answer. */
  readonly bufferBytesMax: number;
  /** The most commands not yet answered; one more gets TASK SET FULL. */
  readonly commandsMax: number;
  /** Logical units that exist, for task management; the layer above answers commands for others. */
  readonly luns: readonly number[];
}

export type TargetEffect =
  | { readonly kind: 'send'; readonly message: Message }
  /** Carry this command out, then call `complete(id, …)`. `dataOut` is for the layer above to keep. */
  | ({ readonly kind: 'execute' } & ReceivedCommand & { readonly dataOut: Uint8Array })
  /** A logical unit reset: raise its unit attention. Commands under way run to their end and aren't answered. */
  | { readonly kind: 'unitReset'; readonly lun: number }
  /** Something came that fits no command, such as data of one that has just been aborted; it was dropped. */
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export interface ReceivedCommand {
  /** Unique among all commands of this target, in all sessions. */
  readonly id: number;
  /** The initiator's tag. */
  readonly tag: number;
  readonly lun: number;
  readonly cdb: Uint8Array;
}

export type TargetMessage = MessageNamed<'command' | 'dataOut' | 'taskManagement'>;

interface Task extends ReceivedCommand {
  phase: 'queued' | 'arriving' | 'received';
  /** Nobody waits for its answer any more. */
  dropped: boolean;
  readonly dataOutBytes: number;
  readonly dataInBytesMax: number;
  readonly dataCheck: number;
  buffer: Buffer;
  askedBytes: number;
  receivedBytes: number;
}

/** Largest part asked for at once, and sent in one dataIn. */
const partBytes = 65536;
/** How many parts of one command are asked for ahead of what has arrived: one arrives while the next is asked for. */
const partsAhead = 2;
const empty = Buffer.alloc(0);

export class Target {
  readonly #options: TargetOptions;
  /** Commands of this session by tag. */
  readonly #tasks = new Map<number, Task>();
  /** Commands that the layer above carries out, by id, those of earlier sessions among them. */
  readonly #running = new Map<number, Task>();
  readonly #managing = new TaskManager();
  #reservedBytes = 0;
  #nextId = 1;

  constructor(options: TargetOptions) {
    this.#options = options;
  }

  /** Commands received in full and not yet answered, in order of arrival. Aborted ones are not among them. */
  received(): ReceivedCommand[] {
    return [...this.#tasks.values()].filter(({ phase }) => phase === 'received');
  }

  /** Commands whose data has not all arrived. */
  arriving(): ReceivedCommand[] {
    return [...this.#tasks.values()].filter(({ phase }) => phase !== 'received');
  }

  /** Takes a message in the order of arrival. The bytes of a CDB are kept by reference until the command is answered. */
  receive(message: TargetMessage): TargetEffect[] {
    switch (message.kind) {
      case 'command':
        return this.#command(message);
      case 'dataOut':
        return this.#dataOut(message);
      case 'taskManagement':
        return this.#manage(message);
      default:
        return unreachable(message);
    }
  }

  /** The layer above has ended a command. */
  complete(id: number, completion: Completion): TargetEffect[] {
    const task = this.#running.get(id);
    assert(task !== undefined && task.phase === 'received', `command ${id} isn't being carried out`);
    this.#running.delete(id);
    if (this.#tasks.get(task.tag) === task) this.#tasks.delete(task.tag);
    this.#release(task);
    const answer = task.dropped ? [] : respond(task, completion);
    return [...answer, ...this.#managing.ended(id), ...this.#admit()];
  }

  /**
   * The session has closed. Commands that had half arrived vanish. Those received in full are run to their end by the
   * layer above, since they may be part of a frozen image, and their answers are dropped.
   */
  reset(): void {
    for (const task of [...this.#tasks.values()]) this.#forget(task);
    this.#managing.reset();
  }

  #command(message: MessageNamed<'command'>): TargetEffect[] {
    const overlapped = this.#tasks.get(message.tag);
    if (overlapped !== undefined) return this.#overlap(overlapped, message);
    const parsed = parseCdb(message.cdb);
    const refused = this.#refusalOf(message, parsed);
    if (refused !== undefined) return respond(message, refused);
    // What can't be parsed needs no data to be refused by the layer above, with the unit attention first.
    const task = newTask(this.#nextId, message, parsed.ok ? message.dataOutBytes : 0);
    this.#nextId += 1;
    this.#tasks.set(task.tag, task);
    return task.dataOutBytes === 0 ? this.#execute(task) : this.#admit();
  }

  /** A tag that is in use: neither command can be told from the other by its answer, so the first goes unanswered. */
  #overlap(first: Task, second: MessageNamed<'command'>): TargetEffect[] {
    this.#forget(first);
    return [...respond(second, checkCondition('overlappedCommands')), ...this.#admit()];
  }

  #refusalOf(message: MessageNamed<'command'>, parsed: Parsed<CdbCommand>): Completion | undefined {
    if (this.#underWay() >= this.#options.commandsMax) return { status: 'taskSetFull' };
    // Only SIMPLE: nothing here keeps commands in order.
    if (message.attribute !== 'simple') return checkCondition('invalidInformationUnit');
    if (!parsed.ok) return undefined;
    if (dataOutBytes(parsed.value) !== message.dataOutBytes) return checkCondition('invalidInformationUnit');
    return message.dataOutBytes > this.#options.bufferBytesMax ? checkCondition('insufficientResources') : undefined;
  }

  /** Commands of this session, and those of earlier ones that are still being carried out. */
  #underWay(): number {
    let count = this.#tasks.size;
    for (const task of this.#running.values()) if (this.#tasks.get(task.tag) !== task) count += 1;
    return count;
  }

  /** Reserves buffers for commands that wait, in order of arrival, and asks for their first parts. */
  #admit(): TargetEffect[] {
    const effects: TargetEffect[] = [];
    for (const task of this.#tasks.values()) {
      if (task.phase !== 'queued') continue;
      if (this.#reservedBytes + task.dataOutBytes > this.#options.bufferBytesMax) break;
      this.#reservedBytes += task.dataOutBytes;
      task.phase = 'arriving';
      task.buffer = Buffer.allocUnsafe(task.dataOutBytes);
      effects.push(...ask(task));
    }
    return effects;
  }

  #dataOut({ tag, offset, data }: MessageNamed<'dataOut'>): TargetEffect[] {
    const task = this.#tasks.get(tag);
    if (task?.phase !== 'arriving') return [unexpected(`data of command ${tag}, which waits for none`)];
    if (offset !== task.receivedBytes || data.length === 0) return this.#fail(task, 'dataOffsetError');
    if (offset + data.length > task.askedBytes) return this.#fail(task, 'tooMuchWriteData');
    task.buffer.set(data, offset);
    task.receivedBytes += data.length;
    if (task.receivedBytes < task.dataOutBytes) return ask(task);
    return crc32(task.buffer) === task.dataCheck ? this.#execute(task) : this.#fail(task, 'dataPhaseError');
  }

  #execute(task: Task): TargetEffect[] {
    const { id, tag, lun, cdb, buffer: dataOut } = task;
    task.phase = 'received';
    this.#running.set(id, task);
    return [{ kind: 'execute', id, tag, lun, cdb, dataOut }];
  }

  /** Ends a command whose data is wrong with ABORTED COMMAND. */
  #fail(task: Task, condition: ConditionName): TargetEffect[] {
    this.#forget(task);
    return [...respond(task, checkCondition(condition)), ...this.#admit()];
  }

  /** Nothing of this command is answered any more. What half arrived is gone; what is being carried out runs to its end. */
  #forget(task: Task): void {
    task.dropped = true;
    this.#tasks.delete(task.tag);
    if (task.phase !== 'received') this.#release(task);
  }

  #release(task: Task): void {
    if (task.phase !== 'queued') this.#reservedBytes -= task.dataOutBytes;
    task.buffer = empty;
  }

  #manage(message: MessageNamed<'taskManagement'>): TargetEffect[] {
    const { request, lun } = message;
    if (!this.#options.luns.includes(lun)) return [taskResponse(request, 'incorrectLun')];
    const all = [...this.#tasks.values()].filter((task) => task.lun === lun);
    const named = all.filter((task) => task.tag === message.managedTag);
    switch (message.function) {
      case 'queryTask':
        return [taskResponse(request, named.length > 0 ? 'succeeded' : 'complete')];
      case 'abortTask':
        return this.#abort(request, named);
      case 'abortTaskSet':
      case 'clearTaskSet':
        return this.#abort(request, all);
      case 'logicalUnitReset':
        return [{ kind: 'unitReset', lun }, ...this.#abort(request, all)];
      default:
        return unreachable(message.function);
    }
  }

  /** Drops what half arrived; what is being carried out ends unanswered, and only then the function is complete. */
  #abort(request: number, tasks: readonly Task[]): TargetEffect[] {
    const ids = tasks.filter((task) => task.phase === 'received').map(({ id }) => id);
    for (const task of tasks) this.#forget(task);
    return [...this.#managing.begin(request, ids), ...this.#admit()];
  }
}

function newTask(id: number, message: MessageNamed<'command'>, dataOutBytes: number): Task {
  const { tag, lun, cdb, dataInBytesMax, dataCheck } = message;
  return {
    id,
    tag,
    lun,
    cdb,
    phase: 'queued',
    dropped: false,
    dataOutBytes,
    dataInBytesMax,
    dataCheck,
    buffer: empty,
    askedBytes: 0,
    receivedBytes: 0,
  };
}

function ask(task: Task): TargetEffect[] {
  const effects: TargetEffect[] = [];
  const limit = Math.min(task.dataOutBytes, task.receivedBytes + partsAhead * partBytes);
  while (task.askedBytes < limit) {
    const length = Math.min(partBytes, task.dataOutBytes - task.askedBytes);
    effects.push(send({ kind: 'transferReady', tag: task.tag, offset: task.askedBytes, length }));
    task.askedBytes += length;
  }
  return effects;
}

function respond(
  to: { readonly tag: number; readonly dataInBytesMax: number },
  completion: Completion,
): TargetEffect[] {
  const { tag } = to;
  const data = completion.status === 'good' ? completion.data : empty;
  if (data.length > to.dataInBytesMax) return respond(to, checkCondition('invalidInformationUnit'));
  const effects: TargetEffect[] = [];
  for (let offset = 0; offset < data.length; offset += partBytes) {
    effects.push(send({ kind: 'dataIn', tag, offset, data: data.subarray(offset, offset + partBytes) }));
  }
  const { status, sense } = encodeStatus(completion);
  const dataCheck = data.length === 0 ? 0 : crc32(data);
  effects.push(send({ kind: 'response', tag, status, sense, dataInBytes: data.length, dataCheck }));
  return effects;
}

function send(message: Message): TargetEffect {
  return { kind: 'send', message };
}

function taskResponse(request: number, response: MessageNamed<'taskResponse'>['response']): TargetEffect {
  return send({ kind: 'taskResponse', request, response });
}

function unexpected(detail: string): TargetEffect {
  return { kind: 'refused', refusal: { code: 'message-unexpected', detail } };
}
