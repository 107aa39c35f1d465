/**
 * The initiator's end of SCSI over messages: numbers commands, keeps so many of them under way, sends data when the
 * target asks for it, and checks what comes back. A pure machine.
 */
import { crc32 } from 'node:zlib';
import { unreachable } from '../ids.js';
import type { Message, MessageNamed } from '../message/messages.js';
import { partOf } from '../part-of.js';
import type { Refusal } from '../refusals.js';
import type { Completion } from './commands.js';
import { decodeStatus } from './response.js';

export interface CommandRequest {
  readonly lun: number;
  readonly cdb: Uint8Array;
  /** Kept by reference until the command has ended. */
  readonly dataOut?: Uint8Array;
  /** A command that gives more is ended by the target with ABORTED COMMAND. */
  readonly dataInBytesMax: number;
}

export type CommandResult =
  | { readonly kind: 'completed'; readonly completion: Completion }
  /** It isn't known whether the command was carried out: the line was lost, or what came back is damaged. */
  | { readonly kind: 'failed'; readonly refusal: Refusal };

export type InitiatorEffect =
  | { readonly kind: 'send'; readonly message: Message }
  | { readonly kind: 'ended'; readonly tag: number; readonly result: CommandResult }
  | {
      readonly kind: 'managed';
      readonly request: number;
      readonly response: MessageNamed<'taskResponse'>['response'];
    }
  /** Something came that belongs to no command; it was dropped. */
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export type InitiatorMessage = MessageNamed<'transferReady' | 'dataIn' | 'response' | 'taskResponse'>;

interface Outstanding extends Required<CommandRequest> {
  readonly tag: number;
  readonly parts: Uint8Array[];
  receivedBytes: number;
  /** Data out that was asked for: in any order, but no more than there is. */
  askedBytes: number;
  /** Why the data in can't be used any more. */
  damage: string | undefined;
}

const empty = new Uint8Array(0);
const lineLost: Refusal = { code: 'line-lost', detail: 'the session closed before the response' };

export class Initiator {
  readonly #outstandingMax: number;
  readonly #outstanding = new Map<number, Outstanding>();
  #queue: Outstanding[] = [];
  #managing = new Map<number, MessageNamed<'taskManagement'>>();
  #nextTag = 1;

  constructor({ outstandingMax }: { readonly outstandingMax: number }) {
    this.#outstandingMax = outstandingMax;
  }

  /** Commands that haven't ended, those that wait for their turn among them. */
  get unfinished(): number {
    return this.#outstanding.size + this.#queue.length;
  }

  /** Takes a command. Tags are never reused within 2^32 − 1 commands. */
  submit(request: CommandRequest): { readonly tag: number; readonly effects: InitiatorEffect[] } {
    const tag = this.#nextTag;
    this.#nextTag = tag === 0xffffffff ? 1 : tag + 1;
    const { lun, cdb, dataOut = empty, dataInBytesMax } = request;
    const counts = { parts: [], receivedBytes: 0, askedBytes: 0, damage: undefined };
    this.#queue.push({ lun, cdb, dataOut, dataInBytesMax, tag, ...counts });
    return { tag, effects: this.#advance() };
  }

  /** Sends a task management function. The commands that it aborts end with TASK ABORTED when it is complete. */
  manage(message: Omit<MessageNamed<'taskManagement'>, 'kind'>): InitiatorEffect[] {
    const whole = { kind: 'taskManagement' as const, ...message };
    this.#managing.set(message.request, whole);
    return [{ kind: 'send', message: whole }];
  }

  /** Takes a message in the order of arrival. Data in is kept by reference: it becomes the data of the completion. */
  receive(message: InitiatorMessage): InitiatorEffect[] {
    switch (message.kind) {
      case 'transferReady':
        return this.#transferReady(message);
      case 'dataIn':
        return this.#dataIn(message);
      case 'response':
        return this.#response(message);
      case 'taskResponse':
        return this.#taskResponse(message);
      default:
        return unreachable(message);
    }
  }

  /** The session has closed: every command that hasn't ended fails, those not yet sent among them. */
  reset(refusal: Refusal = lineLost): InitiatorEffect[] {
    const all = [...this.#outstanding.values(), ...this.#queue];
    this.#outstanding.clear();
    this.#queue = [];
    this.#managing = new Map();
    return all.map(({ tag }) => ({ kind: 'ended', tag, result: { kind: 'failed', refusal } }));
  }

  #advance(): InitiatorEffect[] {
    const count = Math.max(0, Math.min(this.#outstandingMax - this.#outstanding.size, this.#queue.length));
    const starting = this.#queue.splice(0, count);
    for (const command of starting) this.#outstanding.set(command.tag, command);
    return starting.map((command) => ({ kind: 'send', message: commandMessage(command) }));
  }

  #transferReady({ tag, offset, length }: MessageNamed<'transferReady'>): InitiatorEffect[] {
    const command = this.#outstanding.get(tag);
    const { dataOut = empty } = command ?? {};
    const bytes = length + (command?.askedBytes ?? 0);
    if (command === undefined || length === 0 || offset + length > dataOut.length || bytes > dataOut.length) {
      return [unexpected(`data asked for that command ${tag} doesn't have`)];
    }
    command.askedBytes = bytes;
    const data = partOf(dataOut, offset, offset + length);
    return [{ kind: 'send', message: { kind: 'dataOut', tag, offset, data } }];
  }

  #dataIn({ tag, offset, data }: MessageNamed<'dataIn'>): InitiatorEffect[] {
    const command = this.#outstanding.get(tag);
    if (command === undefined) return [unexpected(`data of command ${tag}, which isn't under way`)];
    if (offset !== command.receivedBytes) command.damage ??= `data at ${offset}, expected at ${command.receivedBytes}`;
    if (offset + data.length > command.dataInBytesMax) command.damage ??= `more than ${command.dataInBytesMax} bytes`;
    // Parts of nothing would fill the memory without ever being too much.
    if (data.length === 0) command.damage ??= 'data of no bytes';
    if (command.damage !== undefined) return [];
    command.parts.push(data);
    command.receivedBytes += data.length;
    return [];
  }

  #response(message: MessageNamed<'response'>): InitiatorEffect[] {
    const command = this.#outstanding.get(message.tag);
    if (command === undefined) return [unexpected(`response to command ${message.tag}, which isn't under way`)];
    return this.#end(command, resultOf(command, message));
  }

  #end({ tag }: Outstanding, result: CommandResult): InitiatorEffect[] {
    this.#outstanding.delete(tag);
    return [{ kind: 'ended', tag, result }, ...this.#advance()];
  }

  #taskResponse({ request, response }: MessageNamed<'taskResponse'>): InitiatorEffect[] {
    const asked = this.#managing.get(request);
    if (asked === undefined) return [unexpected(`answer to task management ${request}, which nobody asked for`)];
    this.#managing.delete(request);
    const aborted = response === 'complete' ? this.#abortedBy(asked) : [];
    const result: CommandResult = { kind: 'completed', completion: { status: 'taskAborted' } };
    return [{ kind: 'managed', request, response }, ...aborted.flatMap((command) => this.#end(command, result))];
  }

  #abortedBy(asked: MessageNamed<'taskManagement'>): Outstanding[] {
    if (asked.function === 'queryTask') return [];
    const ofUnit = [...this.#outstanding.values()].filter(({ lun }) => lun === asked.lun);
    return asked.function === 'abortTask' ? ofUnit.filter(({ tag }) => tag === asked.managedTag) : ofUnit;
  }
}

function commandMessage({ tag, lun, cdb, dataInBytesMax, dataOut }: Outstanding): Message {
  const dataCheck = dataOut.length === 0 ? 0 : crc32(dataOut);
  const dataOutBytes = dataOut.length;
  return { kind: 'command', tag, lun, attribute: 'simple', cdb, dataOutBytes, dataInBytesMax, dataCheck };
}

function resultOf(command: Outstanding, response: MessageNamed<'response'>): CommandResult {
  const [first = empty] = command.parts;
  const data = command.parts.length > 1 ? Buffer.concat(command.parts) : first;
  const damage = command.damage ?? damageOf(data, response);
  if (damage !== undefined) return damaged(`command ${command.tag}: ${damage}`);
  const decoded = decodeStatus(response, data);
  if (!decoded.ok) return { kind: 'failed', refusal: decoded.refusal };
  return { kind: 'completed', completion: decoded.completion };
}

function damageOf(data: Uint8Array, { dataInBytes, dataCheck }: MessageNamed<'response'>): string | undefined {
  if (data.length !== dataInBytes) return `${data.length} of ${dataInBytes} bytes arrived`;
  const check = data.length === 0 ? 0 : crc32(data);
  return check === dataCheck ? undefined : 'the data fails its check';
}

function damaged(detail: string): CommandResult {
  return { kind: 'failed', refusal: { code: 'message-check', detail } };
}

function unexpected(detail: string): InitiatorEffect {
  return { kind: 'refused', refusal: { code: 'message-unexpected', detail } };
}
