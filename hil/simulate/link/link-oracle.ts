/**
 * What the two ends owe each other (PROTOCOL.md, "Link" and "Sessions"): each queue delivers once, in order and unchanged,
 * within a session; nothing of an earlier session comes after a new one has opened; no session ends that both ends are in.
 */
import { sequenceModulus } from '../../../protocol/limits.js';
import { unitsOf } from '../../../protocol/link/sequence.js';
import type { Priority } from '../../../protocol/message/message.js';
import type { RefusalCode } from '../../../protocol/refusals.js';
import { type End, opposite } from './link-plan.js';
import { contentOf, isContentOf, type Parcel, parcelOf } from './parcel.js';

/** Told of each violation: the check's name, and what was found. */
export type Report = (check: string, detail: string) => void;

/** One end's part of a session: from its `opened` to its `closed` or its restart. */
export interface Session {
  readonly number: number;
  readonly side: End;
  /** Bytes of each content sent, by priority and index. */
  readonly sent: readonly [number[], number[], number[]];
  /** The index of each priority that is to arrive next. */
  readonly next: [number, number, number];
  /** Units of 64 bytes that arrived of each priority, at least. */
  readonly units: [number, number, number];
  /** The other end's session whose messages arrive here, once one has. */
  from: Session | undefined;
  /** Where the messages of this one arrive. */
  to: Session | undefined;
  /** Messages refused because somebody had changed them, and how many of those did not arrive for sure. */
  refused: number;
  missed: number;
  /** A message of it arrived damaged at the other end, which has given it up: what it misses is lost with it. */
  excused: boolean;
  /** A message arrived damaged here, so nothing more may be taken. */
  damaged: boolean;
  /** How often something had happened before it opened for which a link may end that both ends are in. */
  readonly causesBefore: number;
}

/** What ends a session in clear: a message that the link has acknowledged is lost. */
const damages: ReadonlySet<RefusalCode> = new Set(['message-check', 'message-truncated'] as const);
/** What only costs the message. */
const costly: ReadonlySet<RefusalCode> = new Set([
  'message-trailing',
  'message-tag',
  'message-value',
  'message-unexpected',
] as const);

/** What no noise makes of a frame, only a sender: past the window, or not well formed though its check is right. */
const disallowed: ReadonlySet<RefusalCode> = new Set(['frame-window', 'frame-kind'] as const);

/** A link lasts through stale opens as long as answers take no longer (PROTOCOL.md, L-21). */
const answerUsMax = 1_000_000;
/** A frame of somebody else may come more than once: another fault repeats what it is put in front of. */
const strangeFramesMax = 9;
/** So many questions at least are asked in that time. */
const opensLostMax = 3;

export class LinkOracle {
  readonly #report: Report;
  readonly #current = new Map<End, Session>();
  readonly #sessions: Session[] = [];
  /** Changes that somebody made on purpose to frames from this end, and refusals of messages from it. */
  readonly #forged = { a: 0, b: 0 };
  /** Frames of somebody else that have arrived from this end and were not refused yet. */
  readonly #strange = { a: 0, b: 0 };
  #delays = 0;
  /** Opens that were met by faults. */
  #opensHit = 0;
  readonly #refused = { a: 0, b: 0 };
  /** Refusals of messages at an end whose session is about to open. */
  readonly #early = { a: 0, b: 0 };
  readonly #sealed: boolean;
  /** Ends that have refused a session and take nothing before they open one. */
  readonly #deaf = new Set<End>();

  /** `sealed`: no message may be missing before another one of its queue, whatever somebody does to the line. */
  constructor(report: Report, { sealed }: { readonly sealed: boolean }) {
    this.#report = report;
    this.#sealed = sealed;
  }

  current(side: End): Session | undefined {
    return this.#current.get(side);
  }

  /** Queues that had more units than there are sequence numbers. */
  get wraps(): number {
    return this.#sessions.flatMap(({ units }) => units.filter((count) => count > sequenceModulus)).length;
  }

  opened(side: End): void {
    if (this.#current.has(side)) this.#report('opening', `${side} opens a session in a session`);
    const session: Session = {
      number: this.#sessions.length,
      side,
      sent: [[], [], []],
      next: [0, 0, 0],
      units: [0, 0, 0],
      from: undefined,
      to: undefined,
      refused: this.#early[side],
      missed: 0,
      excused: false,
      damaged: false,
      causesBefore: this.#causes,
    };
    this.#sessions.push(session);
    this.#current.set(side, session);
    this.#early[side] = 0;
    this.#deaf.delete(side);
  }

  /** The end says that its session has ended. Lost lines and old frames end none: a live one stays. */
  closed(side: End): void {
    const session = this.#current.get(side);
    const other = this.#current.get(opposite(side));
    const mates = session !== undefined && other !== undefined && (session.from === other || session.to === other);
    if (mates && this.#causes === Math.min(session.causesBefore, other.causesBefore)) {
      this.#report('live', `${side} ends session ${session.number}, and the other end is in it`);
    }
    this.ended(side);
  }

  /** The session has ended at this end, or the end has lost its power. */
  ended(side: End): void {
    this.#current.delete(side);
    this.#early[side] = 0;
  }

  /** Makes the next content that this end sends; its session must be open. */
  send(side: End, priority: Priority, bytes: number): Buffer {
    const session = this.#current.get(side);
    if (session === undefined) throw new Error(`invariant broken: ${side} sends without a session`);
    const content = contentOf({ session: session.number, priority, index: session.sent[priority].length }, bytes);
    session.sent[priority].push(bytes);
    return content;
  }

  /** Somebody changes a frame of this end on purpose. */
  forged(side: End): void {
    this.#forged[side] += 1;
  }

  /** A frame of somebody else arrives as from this end: it is refused, and nothing else may come of it. */
  strangeFrame(side: End): void {
    this.#strange[side] += strangeFramesMax;
  }

  /** A fault has met an open. */
  openHit(): void {
    this.#opensHit += 1;
  }

  /** The line stands still for so long. */
  stalled(us: number): void {
    if (us >= answerUsMax / 2) this.#delays += 1;
  }

  refused(side: End, code: RefusalCode): void {
    if (disallowed.has(code)) this.#report('allowed', `${side} is sent what it must refuse: ${code}`);
    if (code === 'version-mismatch' && this.#strange[opposite(side)] > 0) {
      this.#strange[opposite(side)] -= 1;
      return;
    }
    if (this.#sealed) {
      if (!code.startsWith('frame-')) this.#refusedSealed(side, code);
      return;
    }
    if (!damages.has(code) && !costly.has(code)) return;
    const other = opposite(side);
    this.#refused[other] += 1;
    if (this.#refused[other] > this.#forged[other]) {
      this.#report('refusal', `${side}: ${code}, ${this.#forged[other]} forged`);
    }
    const session = this.#current.get(side);
    if (damages.has(code)) this.#damaged(session, session?.from ?? this.#current.get(other));
    else if (session === undefined) this.#early[side] += 1;
    else session.refused += 1;
  }

  /** Whatever is refused of a sealed session ends it. What somebody did to one end may be refused by both. */
  #refusedSealed(side: End, code: RefusalCode): void {
    this.#refused[side] += 1;
    const forged = this.#forgeries;
    if (this.#refused.a + this.#refused.b > 2 * forged) this.#report('refusal', `${side}: ${code}, ${forged} forged`);
    const session = this.#current.get(side);
    if (session === undefined) this.#deaf.add(side);
    this.#damaged(session, session?.from ?? this.#current.get(opposite(side)));
  }

  /** A content has arrived at this end. */
  received(side: End, content: Uint8Array, priority: Priority | undefined): void {
    const session = this.#current.get(side);
    if (session === undefined) {
      this.#report('changed', `${side} is given a message without a session`);
      return;
    }
    if (session.damaged) this.#report('damage', `${side} is given a message behind a damaged one`);
    const told = parcelOf(content);
    if (told !== undefined && !this.#pair(session, told, content)) return;
    const queue = priority ?? told?.priority;
    if (queue === undefined || session.from === undefined || (told !== undefined && told.priority !== queue)) {
      this.#report('changed', `${side}: ${content.length} bytes in queue ${queue}`);
      return;
    }
    this.#take(session, session.from, { priority: queue, index: told?.index ?? session.next[queue] }, content);
  }

  /** Messages of this end that the other end does not have and may not miss. */
  missing(side: End): number {
    const session = this.#current.get(side);
    if (session === undefined || session.excused || this.#deaf.has(opposite(side))) return 0;
    const { sent, to } = session;
    const missing = sent.reduce((sum, each, priority) => sum + each.length - (to?.next[priority] ?? 0), 0);
    const excused = to === undefined ? this.#refused[side] : to.refused - to.missed;
    return Math.max(0, missing - excused);
  }

  /**
   * What is forged ends a session; and where an answer is late by more than a second, or several questions are lost, a stale
   * open ends a link.
   */
  get #causes(): number {
    return this.#forgeries + this.#delays + Math.floor(this.#opensHit / opensLostMax);
  }

  get #forgeries(): number {
    return this.#forged.a + this.#forged.b;
  }

  #damaged(session: Session | undefined, from: Session | undefined): void {
    if (session !== undefined) session.damaged = true;
    if (from !== undefined) from.excused = true;
  }

  /** Notes to which session of the other end this one belongs; false when the content cannot be of that one. */
  #pair(session: Session, told: Parcel, content: Uint8Array): boolean {
    const from = this.#sessions[told.session];
    const bytes = from?.sent[told.priority]?.[told.index];
    if (from === undefined || from.side === session.side || bytes !== content.length || !isContentOf(told, content)) {
      this.#report('changed', `${session.side} is given ${content.length} bytes that nobody sent`);
      return false;
    }
    if (session.from === undefined && from.to === undefined && !this.#outdated(session, from)) {
      session.from = from;
      from.to = session;
    }
    if (session.from === from) return true;
    this.#report('changed', `${session.side} is given a message of session ${from.number} in ${session.number}`);
    return false;
  }

  /** Whether a later session of the other end than this one has been heard before. */
  #outdated(session: Session, from: Session): boolean {
    return this.#sessions.some((each) => each.side === session.side && (each.from?.number ?? -1) > from.number);
  }

  #take(session: Session, from: Session, parcel: Omit<Parcel, 'session'>, content: Uint8Array): void {
    const { priority, index } = parcel;
    const expected = session.next[priority];
    const place = `${session.side}: queue ${priority}, message ${index} where ${expected} is next`;
    if (index < expected) this.#report('order', `${place}: twice, or out of order`);
    session.missed += Math.max(0, index - expected);
    if (session.missed > session.refused) this.#report('loss', `${place}, ${session.refused} refused`);
    const same = from.sent[priority][index] === content.length;
    if (!same || !isContentOf({ session: from.number, ...parcel }, content)) this.#report('changed', place);
    session.next[priority] = Math.max(expected, index + 1);
    session.units[priority] += unitsOf(content.length);
  }
}
