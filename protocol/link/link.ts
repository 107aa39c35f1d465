/**
 * A reliable link of messages over a line that corrupts, drops and is cut (PROTOCOL.md, "Link"). A pure machine: time
 * comes as an argument, frames are taken by `transmit` when the line has room for one.
 */
import { earlier } from '../earlier.js';
import { decodeFrame, type Frame, FrameEncoder, markOf } from '../frame/frame.js';
import { assert, unreachable } from '../ids.js';
import {
  framePayloadBytesDefault,
  framePayloadBytesMax,
  linkMessageBytesMax,
  unitBytes,
  windowUnitsMax,
} from '../limits.js';
import type { Priority } from '../message/message.js';
import type { Refusal, RefusalCode } from '../refusals.js';
import { decodeAcknowledgement } from './acknowledgement.js';
import { Handshake, markOfLink, type Opening, type OpenOutcome } from './handshake.js';
import { decodeOpen, encodeOpen, type Open, type ReceiveLimits } from './open-frame.js';
import type { DataFrame } from './receive-queue.js';
import { Receiver } from './receiver.js';
import { Sender } from './sender.js';

export interface LinkOptions {
  /** Fresh random bytes of this power on; link ids derive from it. */
  readonly entropy: Uint8Array;
  /** The largest payload of a frame, in bytes; a multiple of 64, at most 65536. More is worth it on clean, fast lines. */
  readonly framePayloadMax?: number;
  /** How much may be on its way to this side in each queue, in bytes. */
  readonly windowBytes?: number;
  /** The longest message that this side takes, in bytes. */
  readonly messageBytesMax?: number;
  /** After so much silence with something unacknowledged the peer is asked who it is. */
  readonly keepaliveUs?: number;
}

export type LinkEvent =
  /** A fresh link: nothing of an earlier one will arrive any more. */
  | { readonly kind: 'opened' }
  /** The link has ended; what was queued and not acknowledged is dropped. */
  | { readonly kind: 'closed'; readonly reason: Refusal }
  | { readonly kind: 'message'; readonly priority: Priority; readonly bytes: Uint8Array }
  /** Something that arrived was dropped; the link goes on. */
  | { readonly kind: 'refused'; readonly refusal: Refusal };

const keepaliveUsDefault = 2_000_000;
const none: readonly LinkEvent[] = [];
const peerRestarted: LinkEvent = { kind: 'closed', reason: { code: 'peer-restarted', detail: '' } };

export class Link {
  readonly #limits: ReceiveLimits;
  readonly #keepaliveUs: number;
  readonly #handshake: Handshake;
  readonly #encoder = new FrameEncoder();
  #sender: Sender | undefined;
  #receiver: Receiver;
  /** Marks of frames that leave, that arrive, and that arrived in the link before. */
  #markOut = 0;
  #markIn = 0;
  #markBefore: number | undefined;
  #delimiterDue = false;
  #heardUs = 0;

  constructor(options: LinkOptions) {
    this.#limits = {
      windowUnits: Math.floor((options.windowBytes ?? windowUnitsMax * unitBytes) / unitBytes),
      payloadUnitsMax: Math.floor((options.framePayloadMax ?? framePayloadBytesDefault) / unitBytes),
      messageBytesMax: options.messageBytesMax ?? linkMessageBytesMax,
    };
    const { windowUnits, payloadUnitsMax } = this.#limits;
    assert(windowUnits >= 1 && windowUnits <= windowUnitsMax, 'the window is allowed');
    assert(payloadUnitsMax >= 1 && payloadUnitsMax * unitBytes <= framePayloadBytesMax, 'the payload is allowed');
    this.#keepaliveUs = options.keepaliveUs ?? keepaliveUsDefault;
    this.#handshake = new Handshake(options.entropy);
    this.#receiver = new Receiver(this.#limits);
  }

  /** Both sides know each other. Stays so while the line is lost, until the peer turns out to have started anew. */
  get open(): boolean {
    return this.#handshake.established;
  }

  /** Bytes of messages that are queued and not acknowledged. */
  get queuedBytes(): number {
    return this.#sender?.queuedBytes ?? 0;
  }

  /** Messages that are queued and whose end is not acknowledged. */
  get queuedMessages(): number {
    return this.#sender?.queuedMessages ?? 0;
  }

  /** Bytes of payload that wait for their order or for the rest of their message. */
  get heldBytes(): number {
    return this.#receiver.heldBytes;
  }

  /** The payload that frames have at present, in bytes. */
  get payloadBytes(): number {
    return this.#sender?.payloadBytes ?? 0;
  }

  /** When a good frame last arrived. */
  get heardUs(): number {
    return this.#heardUs;
  }

  lineUp(nowUs: number): void {
    this.#handshake.connect(nowUs);
    this.#delimiterDue = true;
    this.#heardUs = nowUs;
  }

  lineDown(): void {
    this.#handshake.disconnect();
  }

  /** Drops the link and all its messages on this side; the peer learns it from the open of the next one. */
  forget(): void {
    this.#handshake.forget();
    this.#drop();
  }

  /**
   * Queues a message, which must not change until it is acknowledged; false when no link is open and it is dropped.
   * Throws when it is longer than the peer takes.
   */
  send(message: Uint8Array, priority: Priority): boolean {
    if (this.#sender === undefined) return false;
    const { messageBytesMax } = this.#sender;
    if (message.length > messageBytesMax) {
      throw new RangeError(`a message of ${message.length} bytes, the peer takes ${messageBytesMax}`);
    }
    this.#sender.push(message, priority);
    return true;
  }

  /** The next frame to put on the line, with its delimiter, or undefined when there is none now. */
  transmit(nowUs: number): Buffer | undefined {
    if (!this.#handshake.lineUp) return undefined;
    if (this.#delimiterDue) {
      this.#delimiterDue = false;
      return Buffer.of(0);
    }
    const opening = this.#handshake.transmit(nowUs);
    if (opening !== undefined) return this.#encodeOpening(opening);
    if (!this.#handshake.running || this.#sender === undefined) return undefined;
    const acknowledgement = this.#receiver.transmit(nowUs);
    if (acknowledgement !== undefined) {
      return this.#encoder.encode({ kind: 'acknowledgement', payload: acknowledgement }, this.#markOut);
    }
    this.#tickSender(this.#sender, nowUs);
    return this.#encodeData(this.#sender, nowUs);
  }

  /** Takes the bytes between two delimiters. */
  receiveFrame(encoded: Uint8Array, nowUs: number): readonly LinkEvent[] {
    if (encoded.length === 0) return none;
    const decoded = decodeFrame(encoded, this.#markIn);
    if (!decoded.ok) return [refused(this.#nameStale(encoded, decoded.refusal))];
    return this.#receive(decoded.frame, nowUs);
  }

  /** To be called at `deadline`; `transmit` may have something to send afterwards. */
  tick(nowUs: number): void {
    if (!this.#handshake.lineUp) return;
    this.#handshake.tick(nowUs);
    if (!this.#handshake.running || this.#sender === undefined) return;
    this.#receiver.tick(nowUs);
    this.#tickSender(this.#sender, nowUs);
  }

  /** When `tick` wants to be called, in microseconds; undefined for never. */
  deadline(): number | undefined {
    if (!this.#handshake.lineUp) return undefined;
    const running = this.#handshake.running;
    const { deadlineUs } = this.#handshake;
    return running ? earlier(deadlineUs, earlier(this.#receiver.deadlineUs, this.#sender?.deadlineUs)) : deadlineUs;
  }

  #receive(frame: Frame, nowUs: number): readonly LinkEvent[] {
    switch (frame.kind) {
      case 'open':
        return this.#receiveOpen(frame.payload, nowUs);
      case 'acknowledgement':
        return this.#receiveAcknowledgement(frame.payload, nowUs);
      case 'data':
        return this.#receiveData(frame, nowUs);
      default:
        return unreachable(frame);
    }
  }

  #receiveData(frame: DataFrame, nowUs: number): readonly LinkEvent[] {
    if (!this.open) return [refused({ code: 'frame-session', detail: 'no link is open' })];
    this.#heardUs = nowUs;
    const { outcome, messages } = this.#receiver.take(frame, nowUs);
    const events: LinkEvent[] = messages.map((bytes) => ({ kind: 'message', priority: frame.priority, bytes }));
    if (outcome === 'taken' || outcome === 'gap' || outcome === 'repeated') return events;
    return [...events, refused({ code: outcome, detail: `queue ${frame.priority}, unit ${frame.sequence}` })];
  }

  #receiveAcknowledgement(payload: Uint8Array, nowUs: number): readonly LinkEvent[] {
    const records = decodeAcknowledgement(payload);
    if (records === undefined)
      return [refused({ code: 'frame-kind', detail: 'acknowledgement that is not well formed' })];
    if (!this.open) return [refused({ code: 'frame-session', detail: 'no link is open' })];
    this.#heardUs = nowUs;
    this.#sender?.acknowledge(records, nowUs);
    return this.#contradictions(nowUs);
  }

  #receiveOpen(payload: Uint8Array, nowUs: number): readonly LinkEvent[] {
    const decoded = decodeOpen(payload);
    if (!decoded.ok) {
      if (decoded.refusal.code === 'version-mismatch') this.#handshake.tell(nowUs);
      return [refused(decoded.refusal)];
    }
    this.#heardUs = nowUs;
    return this.#follow(this.#handshake.receive(decoded.open, nowUs), decoded.open, nowUs);
  }

  #follow(outcome: OpenOutcome, open: Open, nowUs: number): readonly LinkEvent[] {
    switch (outcome.kind) {
      case 'none':
        return none;
      case 'reflected':
        return [refused({ code: 'frame-session', detail: 'an open of this side came back' })];
      case 'runs':
        this.#sender?.resume(open.next, outcome.repeatAll, nowUs);
        if (this.#sender?.isInDoubt === true) this.#handshake.askAgain(nowUs);
        return this.#contradictions(nowUs);
      case 'ended':
        this.#drop();
        return [peerRestarted];
      case 'opened':
        return this.#begin(outcome.replaced, open);
      default:
        return unreachable(outcome);
    }
  }

  /** Whoever uses this link gives it up then: what the peer lacks is here no more. */
  #contradictions(nowUs: number): readonly LinkEvent[] {
    if (this.#sender?.isContradicted(nowUs) !== true) return none;
    return [refused({ code: 'acknowledgement-contradicted', detail: 'the peer lacks what was acknowledged' })];
  }

  #begin(replaced: boolean, open: Open): readonly LinkEvent[] {
    this.#drop();
    const { own, peer } = this.#handshake.ids;
    this.#markOut = markOfLink(own, peer);
    this.#markIn = markOfLink(peer, own);
    this.#sender = new Sender(open.limits, this.#limits.payloadUnitsMax * unitBytes);
    if (!replaced) return [{ kind: 'opened' }];
    return [peerRestarted, { kind: 'opened' }];
  }

  #drop(): void {
    this.#markBefore = this.#sender === undefined ? this.#markBefore : this.#markIn;
    this.#sender = undefined;
    this.#receiver = new Receiver(this.#limits);
  }

  #encodeOpening({ ask, running, own, peer }: Opening): Buffer {
    const ofLink = own === this.#handshake.ids.own && this.open;
    const open: Open = {
      ask,
      running,
      own,
      peer,
      next: ofLink ? this.#receiver.next : [0, 0, 0],
      limits: this.#limits,
    };
    return this.#encoder.encode({ kind: 'open', payload: encodeOpen(open) }, 0);
  }

  #encodeData(sender: Sender, nowUs: number): Buffer | undefined {
    const next = sender.transmit(nowUs);
    if (next === undefined) return undefined;
    const { priority, fragment } = next;
    const { first, last, bytes } = fragment;
    const sequence = fragment.start & 0xffff;
    return this.#encoder.encode({ kind: 'data', priority, first, last, sequence, payload: bytes }, this.#markOut);
  }

  #tickSender(sender: Sender, nowUs: number): void {
    const ended = sender.tick(nowUs);
    if (ended && nowUs - this.#heardUs >= this.#keepaliveUs) this.#handshake.ask();
  }

  /** Tells a frame of the link before, or of one that is not known here, from a spoilt one. */
  #nameStale(encoded: Uint8Array, refusal: Refusal): Refusal {
    const before = refusal.code === 'frame-checksum' ? markOf(encoded) : undefined;
    const stale = before !== undefined && before === this.#markBefore;
    return stale ? { code: 'frame-session', detail: `${encoded.length} bytes of the link before` } : refusal;
  }
}

function refused(refusal: { readonly code: RefusalCode; readonly detail: string }): LinkEvent {
  return { kind: 'refused', refusal };
}
