/**
 * The host's end of a line to a controller, as a step machine: SCSI commands and instructions out, results back.
 * `HostClient` gives it promises.
 */
import type { Device, DeviceEffect, DeviceEvent, PortName } from '../protocol/device.js';
import { earlier } from '../protocol/earlier.js';
import type { Message, MessageKind, MessageNamed } from '../protocol/message/messages.js';
import { type Refusal, refusalByNumber } from '../protocol/refusals.js';
import {
  type CommandRequest,
  type CommandResult,
  Initiator,
  type InitiatorEffect,
} from '../protocol/scsi/initiator.js';
import { Endpoint } from '../protocol/session/endpoint.js';
import type { EndpointEvent, Role } from '../protocol/session/endpoint-types.js';
import { type LineSeal, lineSealOf } from '../protocol/session/line-seal.js';

/** An instruction: any request message but for its number, which the machine gives it. */
export type Instruction = {
  [Kind in MessageKind]: MessageNamed<Kind> extends { readonly request: number }
    ? Omit<MessageNamed<Kind>, 'request'>
    : never;
}[MessageKind];

export type InstructionResult =
  | { readonly kind: 'answered'; readonly message: Message }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** What the machine tells whoever uses it; called within a step, must not call back into the machine. */
export interface HostListener {
  opened(peer: Role): void;
  closed(reason: Refusal): void;
  /** Version, key or role do not fit: this line will not open. */
  refused(refusal: Refusal): void;
  ended(tag: number, result: CommandResult): void;
  answered(request: number, result: InstructionResult): void;
}

export interface HostMachineOptions extends LineSeal {
  readonly entropy: Uint8Array;
  readonly listener: HostListener;
  /** Commands under way at once; the rest waits here. At most 128, which is what a controller takes. */
  readonly outstandingMax?: number;
  /** The largest payload of frames, where the default does not suit the line. */
  readonly framePayloadMax?: number;
}

const outstandingDefault = 32;

export class HostMachine implements Device {
  readonly #listener: HostListener;
  readonly #endpoint: Endpoint;
  readonly #initiator: Initiator;
  readonly #pending = new Set<number>();
  /** What is to be done at a time to come, by whoever uses the machine. */
  #later: { readonly atUs: number; readonly action: () => void }[] = [];
  #nextRequest = 1;
  #nowUs = 0;

  constructor(options: HostMachineOptions) {
    const { entropy, listener, framePayloadMax, outstandingMax = outstandingDefault } = options;
    this.#listener = listener;
    this.#endpoint = new Endpoint({
      role: 'host',
      peers: ['main', 'sub'],
      entropy,
      ...lineSealOf(options),
      ...(framePayloadMax === undefined ? {} : { link: { framePayloadMax } }),
    });
    this.#initiator = new Initiator({ outstandingMax });
  }

  get isOpen(): boolean {
    return this.#endpoint.open;
  }

  /** Submits a SCSI command; `listener.ended` tells its end. Returns its tag. */
  submit(request: CommandRequest): number {
    const { tag, effects } = this.#initiator.submit(request);
    this.#carryOut(effects);
    return tag;
  }

  /** Aborts a command: it ends with TASK ABORTED once nothing of it happens any more, unless it has ended before. */
  abort(tag: number, lun: number): void {
    const request = this.#nextRequest;
    this.#nextRequest += 1;
    this.#carryOut(this.#initiator.manage({ request, function: 'abortTask', lun, managedTag: tag }));
  }

  /** Sends an instruction; `listener.answered` tells the answer. Returns its number. */
  instruct(instruction: Instruction): number {
    const request = this.#nextRequest;
    this.#nextRequest += 1;
    this.#pending.add(request);
    this.#endpoint.send({ ...instruction, request } as Message, this.#nowUs);
    return request;
  }

  /** Calls `action` after so much time, at the end of a step. */
  after(delayUs: number, action: () => void): void {
    this.#later.push({ atUs: this.#nowUs + delayUs, action });
  }

  step(event: DeviceEvent, nowUs: number): readonly DeviceEffect[] {
    this.#nowUs = nowUs;
    switch (event.kind) {
      case 'line':
        if (event.up) this.#endpoint.lineUp(nowUs);
        else this.#endpoint.lineDown(nowUs);
        this.#take(this.#endpoint.tick(nowUs));
        break;
      case 'frame':
        this.#take(this.#endpoint.receiveFrame(event.bytes, nowUs));
        break;
      case 'timer':
        this.#take(this.#endpoint.tick(nowUs));
        this.#doLater();
        break;
      case 'powerOn':
      case 'disk':
        break;
      case 'shutdown':
        return [{ kind: 'closed' }];
    }
    return [];
  }

  transmit(_port: PortName, nowUs: number): Uint8Array | undefined {
    return this.#endpoint.transmit(nowUs);
  }

  deadline(): number | undefined {
    let first = this.#endpoint.deadline();
    for (const { atUs } of this.#later) first = earlier(first, atUs);
    return first;
  }

  #doLater(): void {
    const due = this.#later.filter(({ atUs }) => atUs <= this.#nowUs);
    this.#later = this.#later.filter(({ atUs }) => atUs > this.#nowUs);
    for (const { action } of due) action();
  }

  #take(events: readonly EndpointEvent[]): void {
    for (const event of events) {
      if (event.kind === 'opened') this.#listener.opened(event.peer);
      else if (event.kind === 'closed') this.#lost(event.reason);
      else if (event.kind === 'refused') this.#listener.refused(event.refusal);
      else this.#message(event.message);
    }
  }

  /** Nothing that was under way will be answered: commands and instructions end, and can be given again. */
  #lost(reason: Refusal): void {
    this.#carryOut(this.#initiator.reset(reason));
    for (const request of this.#pending) this.#listener.answered(request, { kind: 'refused', refusal: reason });
    this.#pending.clear();
    this.#listener.closed(reason);
  }

  #message(message: Message): void {
    switch (message.kind) {
      case 'transferReady':
      case 'dataIn':
      case 'response':
      case 'taskResponse':
        this.#carryOut(this.#initiator.receive(message));
        break;
      case 'refused': {
        const code = refusalByNumber(message.code) ?? 'message-unexpected';
        this.#answer(message.request, { kind: 'refused', refusal: { code, detail: message.detail } });
        break;
      }
      default:
        if ('request' in message) this.#answer(message.request, { kind: 'answered', message });
    }
  }

  #answer(request: number, result: InstructionResult): void {
    if (this.#pending.delete(request)) this.#listener.answered(request, result);
  }

  #carryOut(effects: readonly InitiatorEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'send') this.#endpoint.send(effect.message, this.#nowUs);
      else if (effect.kind === 'ended') this.#listener.ended(effect.tag, effect.result);
    }
  }
}
