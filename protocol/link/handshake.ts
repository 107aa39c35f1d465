/**
 * Who is at the other end: link ids, opens, and whether the link of before goes on (PROTOCOL.md, "Opening, resuming").
 */
import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Open } from './open-frame.js';

const askUsMin = 100_000;
const askUsMax = 1_000_000;
/** From the answer of a peer that contradicts itself to the next question. */
const askAgainUs = 250_000;
/** Between two answers to another version. */
const tellUsMin = 100_000;
/** For so long a stranger has to be heard: longer than any answer is on its way. */
const strangerUs = 1_000_000;
/** So many strangers are known at a time, the newest: stale opens, of which there are only so many, bring others in between. */
const strangersMax = 4;

/** The two ids that make a link; `peer` is 0 as long as nobody is known. */
export interface Ids {
  readonly own: bigint;
  readonly peer: bigint;
}

/** What an open changed. */
export type OpenOutcome =
  | { readonly kind: 'none' }
  | { readonly kind: 'reflected' }
  /** Both still know each other; `repeatAll`: what was on its way is lost. */
  | { readonly kind: 'runs'; readonly repeatAll: boolean }
  /** Another peer is at the other end, and the link's is not: it has ended. */
  | { readonly kind: 'ended' }
  /** A fresh link, with `replaced` in place of an established one. */
  | { readonly kind: 'opened'; readonly replaced: boolean };

/** What goes into the next open. */
export interface Opening extends Ids {
  readonly ask: boolean;
  readonly running: boolean;
}

export class Handshake {
  readonly #entropy: Uint8Array;
  #idCounter = 0;
  #ids: Ids;
  #established = false;
  #lineUp = false;
  #running = false;
  #candidate: Ids | undefined;
  #candidateAsks = false;
  /** The latest question was for the candidate. */
  #askedCandidate = false;
  /**
   * Those who neither know this side nor are known, and since when the peer of the link has not been heard in between. A peer
   * that asks for link and candidate by turns is two of them.
   */
  readonly #strangers = new Map<bigint, number>();
  #opening: Opening | undefined;
  /** When to ask next: until the link is heard to be alive by an open. */
  #askUs: number | undefined;
  #askIntervalUs = askUsMin;
  #toldUs = Number.NEGATIVE_INFINITY;

  constructor(entropy: Uint8Array) {
    this.#entropy = Uint8Array.from(entropy);
    this.#ids = { own: this.#freshId(), peer: 0n };
  }

  get ids(): Ids {
    return this.#ids;
  }

  /** Both sides know each other, though the line may be lost. */
  get established(): boolean {
    return this.#established;
  }

  /** The peer was heard since the line came up, so frames of the link may leave. */
  get running(): boolean {
    return this.#running;
  }

  get lineUp(): boolean {
    return this.#lineUp;
  }

  get deadlineUs(): number | undefined {
    return this.#askUs;
  }

  connect(nowUs: number): void {
    this.#lineUp = true;
    this.#running = false;
    this.#strangers.clear();
    this.#askSoon(nowUs);
  }

  disconnect(): void {
    this.#lineUp = false;
    this.#running = false;
    this.#opening = undefined;
    this.#askUs = undefined;
  }

  /** Gives the link up: the next one is a fresh one. */
  forget(): void {
    this.#ids = { own: this.#freshId(), peer: 0n };
    this.#established = false;
    this.#running = false;
    this.#candidate = undefined;
    this.#candidateAsks = false;
    this.#strangers.clear();
  }

  /** Asks whether the peer is still there. */
  ask(): void {
    if (this.#opening?.ask !== true) this.#opening = { ...this.#ids, ask: true, running: this.#running };
  }

  /** Says which version this side has: without a question, and seldom, lest two versions fill the line with answers. */
  tell(nowUs: number): void {
    if (this.#opening !== undefined || nowUs < this.#toldUs + tellUsMin) return;
    this.#toldUs = nowUs;
    this.#opening = { ...this.#ids, ask: false, running: this.#running };
  }

  /** Asks a little later: what the peer has just said cannot be all true. */
  askAgain(nowUs: number): void {
    this.#askUs = nowUs + askAgainUs;
  }

  /** The next open to send, when one is due. */
  transmit(nowUs: number): Opening | undefined {
    this.tick(nowUs);
    const opening = this.#opening;
    this.#opening = undefined;
    return opening;
  }

  tick(nowUs: number): void {
    if (this.#askUs === undefined || nowUs < this.#askUs) return;
    // In doubt about somebody as well, candidate and link by turns: the peer may be in the same doubt, and knows the link.
    const candidate =
      this.#candidateAsks && !(this.#strangers.size > 0 && this.#askedCandidate) ? this.#candidate : undefined;
    this.#askedCandidate = candidate !== undefined;
    this.#opening = { ...(candidate ?? this.#ids), ask: true, running: this.#running && candidate === undefined };
    this.#askUs = nowUs + this.#askIntervalUs;
    this.#askIntervalUs = Math.min(2 * this.#askIntervalUs, askUsMax);
  }

  /** Takes an open that has arrived. */
  receive(open: Open, nowUs: number): OpenOutcome {
    const { own, peer } = this.#ids;
    if (open.own === own || open.own === this.#candidate?.own) return { kind: 'reflected' };
    if (open.own === peer && open.peer === own) return this.#affirm(open);
    if (!this.#established) return this.#acquaint(open, nowUs);
    if (open.own === peer) {
      // Who would have taken the peer's place has another id: this one may have heard the question for a candidate.
      this.ask();
      return { kind: 'none' };
    }
    if (this.#candidate !== undefined && open.peer === this.#candidate.own) {
      return this.#open(this.#candidate.own, open);
    }
    if (open.peer === 0n || open.peer === own) this.#askCandidate(open.own, nowUs);
    else return this.#doubt(open, nowUs);
    return { kind: 'none' };
  }

  /** Both ids are right. */
  #affirm(open: Open): OpenOutcome {
    if (!this.#established) return this.#open(this.#ids.own, open);
    const repeatAll = !this.#running || !open.running;
    this.#settle(open);
    return { kind: 'runs', repeatAll };
  }

  #acquaint(open: Open, nowUs: number): OpenOutcome {
    if (open.peer === this.#ids.own) return this.#open(this.#ids.own, open);
    this.#ids = { own: this.#ids.own, peer: open.own };
    this.#opening = { ...this.#ids, ask: true, running: false };
    this.#askUs ??= nowUs + this.#askIntervalUs;
    return { kind: 'none' };
  }

  /** An established link, and one who may have taken the peer's place: asks in a way that only somebody alive can answer. */
  #askCandidate(peer: bigint, nowUs: number): void {
    if (this.#candidate?.peer !== peer) this.#candidate = { own: this.#freshId(), peer };
    this.#candidateAsks = true;
    this.#askSoon(nowUs);
  }

  /**
   * An established link, and one whom this side does not know and who knows another. It may be the peer, who asks for a
   * candidate: asks for the link, by the clock lest two in doubt keep each other busy.
   */
  #doubt(open: Open, nowUs: number): OpenOutcome {
    const sinceUs = this.#strangers.get(open.own) ?? this.#meet(open.own, nowUs);
    if (nowUs - sinceUs < strangerUs) return { kind: 'none' };
    this.forget();
    this.#acquaint(open, nowUs);
    return { kind: 'ended' };
  }

  /** A stranger of whom nothing is known: since now. */
  #meet(id: bigint, nowUs: number): number {
    const [first] = this.#strangers.keys();
    if (first !== undefined && this.#strangers.size >= strangersMax) this.#strangers.delete(first);
    this.#strangers.set(id, nowUs);
    this.#askSoon(nowUs);
    return nowUs;
  }

  #open(own: bigint, open: Open): OpenOutcome {
    const replaced = this.#established;
    this.#ids = { own, peer: open.own };
    this.#established = true;
    this.#candidate = undefined;
    this.#settle(open);
    return { kind: 'opened', replaced };
  }

  #settle(open: Open): void {
    this.#running = this.#lineUp;
    this.#candidateAsks = false;
    this.#strangers.clear();
    this.#askUs = undefined;
    this.#opening = open.ask ? { ...this.#ids, ask: false, running: this.#running } : undefined;
  }

  #askSoon(nowUs: number): void {
    this.#askUs = nowUs;
    this.#askIntervalUs = askUsMin;
  }

  #freshId(): bigint {
    this.#idCounter += 1;
    const counter = Buffer.alloc(8);
    counter.writeUInt32LE(this.#idCounter, 0);
    const seed = Buffer.concat([this.#entropy, Buffer.from('link'), counter]);
    return hash('sha256', seed, 'buffer').readBigUInt64LE(0) || 1n;
  }
}

/** The mark of frames that `sender` sends to `receiver`: CRC-32 over both ids. */
export function markOfLink(sender: bigint, receiver: bigint): number {
  const ids = Buffer.alloc(16);
  ids.writeBigUInt64LE(sender, 0);
  ids.writeBigUInt64LE(receiver, 8);
  return crc32(ids);
}
