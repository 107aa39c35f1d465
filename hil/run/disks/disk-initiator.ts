/**
 * A controller's end of a line to a disk, as a step machine. A command waits here until it is answered: what a lost
 * line left unanswered is given again, in its order, once the line is back. All that controllers do to disks may be
 * done twice.
 */
import type { Device, DeviceEffect, DeviceEvent, PortName } from '../../../protocol/device.js';
import { unreachable } from '../../../protocol/ids.js';
import type { Message } from '../../../protocol/message/messages.js';
import type { Refusal } from '../../../protocol/refusals.js';
import { decodeCapacity16 } from '../../../protocol/scsi/capacity-data.js';
import { encodeCdb } from '../../../protocol/scsi/cdb-encode.js';
import type { Completion, MediumCommand } from '../../../protocol/scsi/commands.js';
import { type CommandRequest, type CommandResult, Initiator } from '../../../protocol/scsi/initiator.js';
import { checkedResult, requestOf } from '../../../protocol/scsi/initiator-commands.js';
import { Endpoint } from '../../../protocol/session/endpoint.js';
import type { EndpointEvent } from '../../../protocol/session/endpoint-types.js';

export interface DiskInitiatorOptions {
  readonly role: 'main' | 'sub';
  readonly entropy: Uint8Array;
  readonly framePayloadMax?: number;
  /** The disk at the other end is none, or speaks another version. Called within a step. */
  readonly onRefused: (refusal: Refusal) => void;
}

interface Pending {
  readonly order: number;
  readonly request: CommandRequest;
  /** Undefined for commands that are none of the medium. */
  readonly command: MediumCommand | undefined;
  readonly done: (completion: Completion) => void;
}

/** Commands under way at once; a disk takes 256. */
const outstandingMax = 128;
const capacityBytes = 32;
const lun = 0;

export class DiskInitiator implements Device {
  readonly #onRefused: (refusal: Refusal) => void;
  readonly #endpoint: Endpoint;
  readonly #initiator = new Initiator({ outstandingMax });
  readonly #underWay = new Map<number, Pending>();
  #waiting: Pending[] = [];
  #nextOrder = 0;
  #nowUs = 0;

  constructor({ role, entropy, framePayloadMax, onRefused }: DiskInitiatorOptions) {
    this.#onRefused = onRefused;
    const link = framePayloadMax === undefined ? {} : { link: { framePayloadMax } };
    this.#endpoint = new Endpoint({ role, peers: ['disk'], entropy, ...link });
  }

  get isOpen(): boolean {
    return this.#endpoint.open;
  }

  /** Gives a command; `done` is called within a later step, and must not call back. Ask for frames afterwards. */
  submit(command: MediumCommand, done: (completion: Completion) => void): void {
    this.#give({ order: this.#nextOrder, request: requestOf(command, lun), command, done });
  }

  /**
   * Asks for the capacity in sectors; undefined when the disk's answer has none. A unit attention of a disk that has
   * just been powered on is passed over: at this time nothing of ours can have been lost.
   */
  askCapacity(done: (sectors: number | undefined) => void): void {
    const cdb = encodeCdb({ op: 'readCapacity', form: 16, allocationBytes: capacityBytes });
    const answered = (completion: Completion) => {
      if (completion.status === 'checkCondition' && completion.sense.key === 'unitAttention') this.askCapacity(done);
      else done(completion.status === 'good' ? decodeCapacity16(completion.data) : undefined);
    };
    const request = { lun, cdb, dataInBytesMax: capacityBytes };
    this.#give({ order: this.#nextOrder, request, command: undefined, done: answered });
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
        break;
      case 'powerOn':
      case 'disk':
        break;
      case 'shutdown':
        return [{ kind: 'closed' }];
      default:
        return unreachable(event);
    }
    return [];
  }

  transmit(_port: PortName, nowUs: number): Uint8Array | undefined {
    return this.#endpoint.transmit(nowUs);
  }

  deadline(): number | undefined {
    return this.#endpoint.deadline();
  }

  #give(pending: Pending): void {
    this.#nextOrder += 1;
    if (this.isOpen) this.#submit(pending);
    else this.#waiting.push(pending);
  }

  #submit(pending: Pending): void {
    const { tag, effects } = this.#initiator.submit(pending.request);
    this.#underWay.set(tag, pending);
    for (const effect of effects) if (effect.kind === 'send') this.#endpoint.send(effect.message, this.#nowUs);
  }

  #take(events: readonly EndpointEvent[]): void {
    for (const event of events) {
      switch (event.kind) {
        case 'opened':
          for (const each of this.#waiting.splice(0).sort((a, b) => a.order - b.order)) this.#submit(each);
          break;
        case 'closed':
          this.#initiator.reset(event.reason);
          this.#waiting.push(...this.#underWay.values());
          this.#underWay.clear();
          break;
        case 'refused':
          this.#onRefused(event.refusal);
          break;
        case 'message':
          this.#message(event.message);
          break;
        default:
          unreachable(event);
      }
    }
  }

  #message(message: Message): void {
    switch (message.kind) {
      case 'transferReady':
      case 'dataIn':
      case 'response':
      case 'taskResponse':
        for (const effect of this.#initiator.receive(message)) {
          if (effect.kind === 'send') this.#endpoint.send(effect.message, this.#nowUs);
          else if (effect.kind === 'ended') this.#ended(effect.tag, effect.result);
          else if (effect.kind === 'refused') this.#onRefused(effect.refusal);
        }
        break;
      default:
        this.#onRefused({ code: 'message-unexpected', detail: message.kind });
    }
  }

  #ended(tag: number, result: CommandResult): void {
    const pending = this.#underWay.get(tag);
    if (pending === undefined) return;
    this.#underWay.delete(tag);
    const checked = pending.command === undefined ? result : checkedResult(pending.command, result);
    // What came back damaged says nothing of the medium: the command is given again.
    if (checked.kind === 'completed') pending.done(checked.completion);
    else this.#submit(pending);
  }
}
