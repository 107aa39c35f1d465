/**
 * A link as the suite has it: as simple as the protocol allows, with every frame in the hands of the check.
 */
import type { Frame } from '../../protocol/frame/frame.js';
import { sequenceModulus, unitBytes } from '../../protocol/limits.js';
import {
  type AcknowledgementRecord,
  decodeAcknowledgement,
  encodeAcknowledgement,
} from '../../protocol/link/acknowledgement.js';
import { markOfLink } from '../../protocol/link/handshake.js';
import { type Open, type PerPriority, priorities, type ReceiveLimits } from '../../protocol/link/open-frame.js';
import { unitsOf, unwrapped } from '../../protocol/link/sequence.js';
import type { Priority } from '../../protocol/message/message.js';
import { Finding, NotRun } from './finding.js';
import { type Fragment, Fragments } from './fragments.js';
import { hexWords } from './frame-words.js';
import type { LinkFrames, Probe } from './probe.js';

export interface LinkMessage {
  readonly atUs: number;
  readonly priority: Priority;
  readonly bytes: Uint8Array;
}

export interface Acknowledged {
  readonly atUs: number;
  readonly records: readonly AcknowledgementRecord[];
}

/** A fragment to be sent, in units that are not wrapped. */
export interface Piece {
  readonly priority: Priority;
  readonly start: number;
  readonly first: boolean;
  readonly last: boolean;
  readonly payload: Uint8Array;
}

/** What the suite takes unless a check says otherwise. */
export const generousLimits: ReceiveLimits = { windowUnits: 16_384, payloadUnitsMax: 64, messageBytesMax: 2_000_000 };
const repeatUs = 400_000;
const repeatsMax = 10;

export class ProbeLink implements LinkFrames {
  readonly probe: Probe;
  readonly own: bigint;
  readonly limits: ReceiveLimits;
  /** What the device takes, as its newest open says. */
  peerLimits: ReceiveLimits = generousLimits;
  peer = 0n;
  /** Acknowledge each fragment at once, and answer opens that ask. */
  acknowledges = true;
  answers = true;
  /** Messages of the device, in order of arrival. */
  readonly messages: LinkMessage[] = [];
  readonly acknowledgements: Acknowledged[] = [];
  readonly queues: PerPriority<Fragments> = [new Fragments(), new Fragments(), new Fragments()];
  onMessage: (message: LinkMessage) => void = () => {};
  /** The next unit that this side uses, and the first that the device has not acknowledged, in each queue. */
  readonly #nextOut: [number, number, number] = [0, 0, 0];
  readonly #acknowledgedOut: [number, number, number] = [0, 0, 0];
  /** What this side has acknowledged. */
  readonly #told: [number, number, number] = [0, 0, 0];
  #unacknowledged: Piece[] = [];
  /** What the window has no room for yet. */
  readonly #waiting: PerPriority<Piece[]> = [[], [], []];

  constructor(probe: Probe, own: bigint, limits: ReceiveLimits = generousLimits) {
    this.probe = probe;
    this.own = own;
    this.limits = limits;
    probe.link = this;
  }

  get markIn(): number | undefined {
    return this.peer === 0n ? undefined : markOfLink(this.peer, this.own);
  }

  get markOut(): number {
    return markOfLink(this.own, this.peer);
  }

  /** The open of this link as it stands. */
  open(changes: Partial<Open> = {}): Open {
    const next = [0, 1, 2].map((queue) => (this.#told[queue as Priority] ?? 0) % sequenceModulus);
    const base = { ask: true, running: this.peer !== 0n, own: this.own, peer: this.peer, limits: this.limits };
    return { ...base, next: next as unknown as PerPriority<number>, ...changes };
  }

  sendOpen(changes: Partial<Open> = {}): void {
    this.probe.sendOpen(this.open(changes));
  }

  /** Sends an open that asks, and waits for the answer: all that was sent before has been looked at then. */
  async barrier(): Promise<Open> {
    const from = this.probe.opens.length;
    this.sendOpen();
    return this.probe.need('an answer to an open that asks, naming both ids', () => {
      return this.probe.opens.slice(from).find(({ open }) => open.own === this.peer && open.peer === this.own)?.open;
    });
  }

  /** Numbers a message of so many bytes in a queue, without sending it. */
  reserve(priority: Priority, bytes: number): number {
    const start = this.#nextOut[priority];
    this.#nextOut[priority] += unitsOf(bytes);
    return start;
  }

  /** Sends one fragment that the device takes by what it has announced. Throws NotRun: then the check cannot be made. */
  sendPiece(piece: Piece): void {
    this.demandRoom(piece.payload.length, endOf(piece) - this.#acknowledgedOut[piece.priority]);
    this.sendBeyond(piece);
  }

  /** Throws NotRun when the device takes no frame of so many bytes, or has no window for so many units. */
  demandRoom(bytes: number, units = unitsOf(bytes)): void {
    const { payloadUnitsMax, windowUnits } = this.peerLimits;
    if (bytes > payloadUnitsMax * unitBytes)
      throw new NotRun(`it sends frames of ${bytes} bytes, and the device takes ${payloadUnitsMax * unitBytes}`);
    if (units > windowUnits)
      throw new NotRun(`it sends ${units} units at once, and the device has a window of ${windowUnits}`);
  }

  /** Sends one fragment, whatever there is to say against it. */
  sendBeyond({ priority, start, first, last, payload }: Piece): void {
    const sequence = start % sequenceModulus;
    this.probe.sendFrame({ kind: 'data', priority, first, last, sequence, payload }, this.markOut);
  }

  /** The next message of a queue as fragments of so many bytes, numbered and not sent. */
  pieces(message: Uint8Array, priority: Priority, fragmentBytes = this.#fragmentBytes): Piece[] {
    const start = this.reserve(priority, message.length);
    const pieces: Piece[] = [];
    for (let at = 0; at === 0 || at < message.length; at += fragmentBytes) {
      const payload = message.subarray(at, at + fragmentBytes);
      const last = at + fragmentBytes >= message.length;
      pieces.push({ priority, start: start + at / unitBytes, first: at === 0, last, payload });
    }
    return pieces;
  }

  /** Sends a message within the window; resolves when the device has acknowledged all of it. */
  async deliver(message: Uint8Array, priority: Priority, fragmentBytes?: number): Promise<void> {
    const pieces = this.pieces(message, priority, fragmentBytes);
    const end = this.#nextOut[priority];
    const { windowUnits } = this.peerLimits;
    for (const piece of pieces) {
      const room = () => (endOf(piece) <= this.#acknowledgedOut[priority] + windowUnits ? true : undefined);
      if (room() === undefined) await this.#settled(room);
      this.#unacknowledged.push(piece);
      this.sendPiece(piece);
    }
    await this.#settled(() => (this.#acknowledgedOut[priority] >= end ? true : undefined));
  }

  /** Sends a message; waits only where it takes several fragments, or the window has no room for it. */
  async give(message: Uint8Array, priority: Priority): Promise<void> {
    const end = this.#nextOut[priority] + unitsOf(message.length);
    const hasRoom = end <= this.#acknowledgedOut[priority] + this.peerLimits.windowUnits;
    if (hasRoom && message.length <= this.#fragmentBytes) this.push(message, priority);
    else await this.deliver(message, priority);
  }

  /** Sends a message at once and repeats nothing; returns the unit after it. */
  push(message: Uint8Array, priority: Priority, fragmentBytes?: number): number {
    for (const piece of this.pieces(message, priority, fragmentBytes)) this.sendPiece(piece);
    return this.#nextOut[priority];
  }

  /** Sends a message as the window has room for it, repeats nothing, and waits for nothing. */
  post(message: Uint8Array, priority: Priority): void {
    this.#waiting[priority].push(...this.pieces(message, priority));
    this.#sendWaiting(priority);
  }

  /** Resolves when the device has acknowledged everything of a queue before this unit. */
  async acknowledged(priority: Priority, end: number, limitUs?: number): Promise<void> {
    const look = () => (this.#acknowledgedOut[priority] >= end ? true : undefined);
    await this.probe.need(`an acknowledgement of queue ${priority} up to unit ${end}`, look, limitUs);
  }

  /** The first unit that the device has not acknowledged. */
  acknowledgedUnits(priority: Priority): number {
    return this.#acknowledgedOut[priority];
  }

  /** Acknowledges all that has arrived in order, in the queues that anything has arrived in. */
  acknowledge(): void {
    const news = priorities.filter((priority) => this.queues[priority].all.length > 0);
    if (news.length === 0) return;
    for (const priority of news) this.#told[priority] = this.queues[priority].end;
    this.sendRecords(news.map((priority) => ({ priority, next: this.#told[priority], runs: [] })));
  }

  sendRecords(records: readonly Omit<AcknowledgementRecord, 'complete'>[]): void {
    const payload = encodeAcknowledgement(records.map((each) => ({ ...each, next: each.next % sequenceModulus })));
    this.probe.sendFrame({ kind: 'acknowledgement', payload }, this.markOut);
  }

  opened(open: Open): void {
    if (open.peer !== this.own || (this.peer !== 0n && open.own !== this.peer)) return;
    this.peerLimits = open.limits;
    if (this.peer !== 0n && open.ask && this.answers) this.sendOpen({ ask: false });
  }

  took(frame: Exclude<Frame, { kind: 'open' }>, encoded: Uint8Array): void {
    if (frame.kind === 'acknowledgement') this.#takeAcknowledgement(frame.payload);
    else this.#takeData(frame, encoded);
  }

  get #fragmentBytes(): number {
    return Math.min(4096, this.peerLimits.payloadUnitsMax * unitBytes);
  }

  async #settled(look: () => true | undefined): Promise<void> {
    for (let repeats = 0; repeats < repeatsMax; repeats += 1) {
      if ((await this.probe.until(look, repeatUs)) === true) return;
      for (const piece of this.#unacknowledged) this.sendPiece(piece);
    }
    const ms = (repeatsMax * repeatUs) / 1000;
    throw new Finding('an acknowledgement of what was sent', `none within ${ms} ms, though it was repeated`);
  }

  #sendWaiting(priority: Priority): void {
    const waiting = this.#waiting[priority];
    const end = this.#acknowledgedOut[priority] + this.peerLimits.windowUnits;
    for (let next = waiting[0]; next !== undefined && endOf(next) <= end; next = waiting[0]) {
      waiting.shift();
      this.sendPiece(next);
    }
  }

  #takeData(frame: Extract<Frame, { kind: 'data' }>, encoded: Uint8Array): void {
    const { priority } = frame;
    const { payloadUnitsMax, windowUnits } = this.limits;
    const queue = this.queues[priority];
    const atUs = this.probe.wire.nowUs();
    if (frame.payload.length > payloadUnitsMax * unitBytes) {
      this.probe.note('L-36', `at most ${payloadUnitsMax} units in a frame`, `${frame.payload.length} bytes`);
    }
    const { message, notes } = queue.take(frame, atUs);
    for (const { number, expected, came } of notes) {
      this.probe.note(number, expected, `${came} in queue ${priority}: ${hexWords(encoded, 64)}`);
    }
    if ((queue.all.at(-1) as Fragment).end > this.#told[priority] + windowUnits) {
      this.probe.note(
        'L-32',
        `nothing past unit ${this.#told[priority] + windowUnits}`,
        `unit ${frame.sequence} in queue ${priority}`,
      );
    }
    if (this.acknowledges) this.acknowledge();
    if (message === undefined) return;
    const arrived = { atUs, priority, bytes: message };
    this.messages.push(arrived);
    this.onMessage(arrived);
  }

  #takeAcknowledgement(payload: Uint8Array): void {
    const records = decodeAcknowledgement(payload);
    if (records === undefined) {
      this.probe.note('L-23', 'records in ascending order, with an even count of runs', hexWords(payload, 64));
      return;
    }
    this.acknowledgements.push({ atUs: this.probe.wire.nowUs(), records });
    for (const { priority, next, runs } of records) {
      const named = unwrapped(next, this.#acknowledgedOut[priority]);
      const reached = runs.reduce((sum, run) => sum + run, named);
      if (reached > this.#nextOut[priority]) {
        this.probe.note(
          'L-24',
          `nothing past unit ${this.#nextOut[priority]} acknowledged, for nothing more was sent`,
          `unit ${reached} of queue ${priority}`,
        );
      } else this.#acknowledgedOut[priority] = Math.max(this.#acknowledgedOut[priority], named);
    }
    this.#unacknowledged = this.#unacknowledged.filter((piece) => endOf(piece) > this.#acknowledgedOut[piece.priority]);
    for (const priority of priorities) this.#sendWaiting(priority);
  }
}

const endOf = ({ start, payload }: Piece): number => start + unitsOf(payload.length);
