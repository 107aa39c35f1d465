/**
 * One end of a line: sessions of messages over a link (PROTOCOL.md, "Sessions").
 */
import { assert, unreachable } from '../ids.js';
import { sealedWindow } from '../limits.js';
import { Link, type LinkEvent } from '../link/link.js';
import { control, type Priority } from '../message/message.js';
import { decodeMessage, encodeMessage, type Message, type MessageNamed, priorityOf } from '../message/messages.js';
import { type Refusal, type RefusalCode, refusalByNumber, refusals } from '../refusals.js';
import type { EndpointEvent, EndpointMachine, EndpointOptions, Role } from './endpoint-types.js';
import { helloOf, refusalOfHello, sessionRefusals } from './hello.js';
import { Opener, Sealer, sessionKey } from './seal.js';

type Session =
  /** No link is open. */
  | { readonly kind: 'none' }
  /** The peer's hello is awaited. */
  | { readonly kind: 'greeting'; readonly salt: Uint8Array }
  /** The peer's proof is awaited. */
  | { readonly kind: 'proving'; readonly salt: Uint8Array; readonly peer: Role; readonly seals: Seals }
  /** The peer has passed; that this side's hello and proof have arrived is not known yet. */
  | { readonly kind: 'settling' | 'open'; readonly peer: Role; readonly seals: Seals | undefined }
  /** Refused by either side, until a fresh link. */
  | { readonly kind: 'refused' };

interface Seals {
  readonly sealer: Sealer;
  readonly opener: Opener;
  /** For each queue the least counter that may come next: within a queue they rise. */
  readonly least: [number, number, number];
}

export class Endpoint implements EndpointMachine {
  readonly #options: EndpointOptions;
  readonly #link: Link;
  // Stryker disable next-line ObjectLiteral,StringLiteral: a link opens before any message arrives, and then greets
  #session: Session = { kind: 'none' };
  #sessionCounter = 0;

  constructor(options: EndpointOptions) {
    // Equal roles would give both directions one key, and with it one nonce twice.
    assert(!options.peers.includes(options.role), 'the two ends of a line have different roles');
    this.#options = options;
    this.#link = new Link({ ...options.link, entropy: options.entropy });
  }

  get open(): boolean {
    return this.#session.kind === 'open';
  }

  get queuedBytes(): number {
    return this.#link.queuedBytes;
  }

  /** When a good frame of the peer last arrived, in microseconds. */
  get heardUs(): number {
    return this.#link.heardUs;
  }

  lineUp(nowUs: number): void {
    this.#link.lineUp(nowUs);
  }

  lineDown(_nowUs: number): void {
    this.#link.lineDown();
    if (this.#session.kind !== 'refused') return;
    // A refusal holds for this line only: the next one begins with a fresh link and a fresh hello.
    this.#link.forget();
    // Stryker disable next-line ObjectLiteral,StringLiteral: a link opens before any message arrives, and then greets
    this.#session = { kind: 'none' };
  }

  receiveFrame(frame: Uint8Array, nowUs: number): EndpointEvent[] {
    const events: EndpointEvent[] = [];
    for (const event of this.#link.receiveFrame(frame, nowUs)) {
      let damaged = false;
      for (const taken of this.#takeLinkEvent(event)) {
        events.push(taken);
        damaged ||= isDamage(taken);
      }
      if (!damaged) continue;
      // The rest of what this frame completed comes after a message that is lost: it is not to be taken without it.
      events.push(...this.#startAnew(nowUs));
      break;
    }
    if (this.#session.kind === 'settling' && this.#link.queuedBytes === 0) events.push(...this.#opened());
    return events;
  }

  tick(nowUs: number): EndpointEvent[] {
    this.#link.tick(nowUs);
    return [];
  }

  send(message: Message, _nowUs: number, priority: Priority = priorityOf(message.kind)): void {
    if (this.#session.kind !== 'open') return;
    this.#queue(encodeMessage(message), priority, this.#session.seals);
  }

  transmit(nowUs: number): Uint8Array | undefined {
    return this.#link.transmit(nowUs);
  }

  deadline(): number | undefined {
    return this.#link.deadline();
  }

  #queue(encoded: Buffer, priority: Priority, seals: Seals | undefined): void {
    if (seals === undefined) {
      this.#link.send(encoded, priority);
      return;
    }
    assert(this.#link.queuedMessages < sealedWindow, 'no more messages are queued than counters can be told apart');
    this.#link.send(encodeMessage(seals.sealer.seal(encoded)), priority);
  }

  #takeLinkEvent(event: LinkEvent): EndpointEvent[] {
    switch (event.kind) {
      case 'opened':
        this.#greet();
        return [];
      case 'closed':
        return this.#close(event.reason);
      case 'message':
        return this.#takeBytes(event.bytes, event.priority);
      case 'refused':
        return [event];
      default:
        return unreachable(event);
    }
  }

  #greet(): void {
    this.#sessionCounter += 1;
    const hello = helloOf(this.#options, this.#sessionCounter);
    this.#session = { kind: 'greeting', salt: hello.salt };
    this.#link.send(encodeMessage(hello), control);
  }

  #close(reason: Refusal): EndpointEvent[] {
    const wasOpen = this.open;
    // Stryker disable next-line ObjectLiteral,StringLiteral: a link opens before any message arrives, and then greets
    this.#session = { kind: 'none' };
    return wasOpen ? [{ kind: 'closed', reason }] : [];
  }

  /**
   * The link has acknowledged a message that arrived damaged, so the peer never sends it again: what is missing is known
   * to nobody. A fresh link lets both sides begin from what they durably know.
   */
  #startAnew(nowUs: number): EndpointEvent[] {
    const closed = this.#close({ code: 'line-lost', detail: 'a message arrived damaged' });
    this.#link.forget();
    this.#link.lineUp(nowUs);
    return closed;
  }

  #takeBytes(bytes: Uint8Array, priority: Priority): EndpointEvent[] {
    const decoded = decodeMessage(bytes);
    if (!decoded.ok) return this.#session.kind === 'refused' ? [] : [{ kind: 'refused', refusal: decoded.refusal }];
    const { message } = decoded;
    switch (this.#session.kind) {
      case 'none':
      case 'refused':
        return [];
      case 'greeting':
        return this.#takeGreeting(message, this.#session.salt);
      case 'proving':
        return this.#takeProof(message, this.#session);
      case 'settling':
      case 'open':
        return this.#takeMessage(message, this.#session.seals, priority);
      default:
        return unreachable(this.#session);
    }
  }

  #takeGreeting(message: Message, salt: Uint8Array): EndpointEvent[] {
    if (endsSession(message)) return this.#refusedByPeer(message);
    if (message.kind !== 'hello') return unexpected(message);
    const refusal = refusalOfHello(message, this.#options);
    if (refusal !== undefined) return this.#refuse(refusal);
    const { key, role } = this.#options;
    if (key === undefined) {
      this.#session = { kind: 'settling', peer: message.role, seals: undefined };
      return [];
    }
    const salts = [salt, Uint8Array.from(message.salt)] as const;
    const sealer = new Sealer(sessionKey(key, [...salts], { sender: role, receiver: message.role }));
    const opener = new Opener(sessionKey(key, [...salts], { sender: message.role, receiver: role }));
    this.#session = { kind: 'proving', salt, peer: message.role, seals: { sealer, opener, least: [0, 0, 0] } };
    this.#queue(encodeMessage({ kind: 'proof', peerSalt: salts[1] }), control, this.#session.seals);
    return [];
  }

  #takeProof(message: Message, { salt, peer, seals }: Extract<Session, { kind: 'proving' }>): EndpointEvent[] {
    if (endsSession(message)) return this.#refusedByPeer(message);
    if (message.kind !== 'sealed') return unexpected(message);
    const opened = seals.opener.open(message);
    const proof = opened.ok ? decodeMessage(opened.message) : undefined;
    const proven = proof?.ok && proof.message.kind === 'proof' && Buffer.compare(proof.message.peerSalt, salt) === 0;
    if (!proven) return this.#refuse({ code: 'wrong-key', detail: `the proof of ${peer}` });
    this.#session = { kind: 'settling', peer, seals };
    return [];
  }

  #takeMessage(message: Message, seals: Seals | undefined, priority: Priority): EndpointEvent[] {
    if (seals !== undefined) return this.#takeSealed(message, seals, priority);
    if (endsSession(message)) return this.#refusedByPeer(message);
    return this.#deliver(message);
  }

  #takeSealed(message: Message, { opener, least }: Seals, priority: Priority): EndpointEvent[] {
    if (this.#session.kind === 'settling' && endsSession(message)) return this.#refusedByPeer(message);
    if (message.kind !== 'sealed') return refused('not-sealed', message.kind);
    // Somebody who held a message back must not bring it behind others of its queue.
    if (message.counter < least[priority]) return refused('sealed-replayed', `counter ${message.counter}`);
    const opened = opener.open(message);
    if (!opened.ok) return refused(opened.code, `counter ${message.counter}`);
    least[priority] = message.counter + 1;
    const inner = decodeMessage(opened.message);
    return inner.ok ? this.#deliver(inner.message) : [{ kind: 'refused', refusal: inner.refusal }];
  }

  /** A message of the session: if this side did not know yet that the peer has passed it, it does now. */
  #deliver(message: Message): EndpointEvent[] {
    if (message.kind === 'hello' || message.kind === 'proof' || message.kind === 'sealed') return unexpected(message);
    const delivered: EndpointEvent = { kind: 'message', message };
    return this.#session.kind === 'settling' ? [...this.#opened(), delivered] : [delivered];
  }

  /** The session is open from here on, if it was settling. */
  #opened(): EndpointEvent[] {
    if (this.#session.kind !== 'settling') return [];
    this.#session = { ...this.#session, kind: 'open' };
    return [{ kind: 'opened', peer: this.#session.peer }];
  }

  #refuse(refusal: Refusal): EndpointEvent[] {
    const { number } = refusals[refusal.code];
    this.#link.send(encodeMessage({ kind: 'refused', request: 0, code: number, detail: refusal.detail }), control);
    this.#session = { kind: 'refused' };
    return [{ kind: 'refused', refusal }];
  }

  #refusedByPeer({ code, detail }: MessageNamed<'refused'>): EndpointEvent[] {
    // Stryker disable next-line StringLiteral: what ends a session has a number of the table
    const refusal = { code: refusalByNumber(code) ?? 'message-value', detail: `told by the other side: ${detail}` };
    const closed = this.#close(refusal);
    this.#session = { kind: 'refused' };
    return [...closed, { kind: 'refused', refusal }];
  }
}

/** What the peer sent, changed on its way: the frame's check has not told, that of the message does. */
const damages: ReadonlySet<RefusalCode> = new Set(['message-check', 'message-truncated', 'sealed-invalid']);

function isDamage(event: EndpointEvent): boolean {
  return event.kind === 'refused' && damages.has(event.refusal.code);
}

/** Whether the other side refuses the session as such. */
function endsSession(message: Message): message is MessageNamed<'refused'> {
  if (message.kind !== 'refused' || message.request !== 0) return false;
  const code = refusalByNumber(message.code);
  return code !== undefined && sessionRefusals.has(code);
}

function unexpected(message: Message): EndpointEvent[] {
  return refused('message-unexpected', message.kind);
}

function refused(code: RefusalCode, detail: string): EndpointEvent[] {
  return [{ kind: 'refused', refusal: { code, detail } }];
}
