/**
 * One end of a line: sessions of messages over a link (PROTOCOL.md, "Sessions").
 */
import { earlier } from '../earlier.js';
import { assert, unreachable } from '../ids.js';
import { Link, type LinkEvent } from '../link/link.js';
import { control, type Priority } from '../message/message.js';
import { decodeMessage, encodeMessage, type Message, type MessageNamed, priorityOf } from '../message/messages.js';
import { type Refusal, type RefusalCode, refusalByNumber, refusals } from '../refusals.js';
import type { Cipher } from './ciphers.js';
import type { EndpointEvent, EndpointMachine, EndpointOptions, Role } from './endpoint-types.js';
import { cipherWith, helloOf, refusalOfHello, sessionRefusals } from './hello.js';
import { type RunFormsTaken, runFormsOf } from './run-forms.js';
import { Seals } from './seals.js';

type Session =
  /** No link is open. */
  | { readonly kind: 'none' }
  /** The peer's hello is awaited. */
  | { readonly kind: 'greeting'; readonly hello: Hello }
  /** The peer's proof is awaited. */
  | { readonly kind: 'proving'; readonly hello: Hello; readonly peer: Peer; readonly seals: Seals }
  /** The peer has passed; that this side's hello and proof have arrived is not known yet. */
  | { readonly kind: 'settling' | 'open'; readonly peer: Peer; readonly seals: Seals | undefined }
  /** Refused by either side, until a fresh link; a side with a key makes one at this time. */
  | { readonly kind: 'refused'; readonly againUs: number | undefined };

/** What the peer's hello says. */
interface Peer {
  readonly role: Role;
  readonly forms: RunFormsTaken;
}

/** What this side has said first. */
interface Hello {
  readonly salt: Uint8Array;
  readonly encoded: Uint8Array;
}

/**
 * A refusal may be the work of somebody on a line of two sides with the same key: they try again after this time. The
 * two sides of a line without keys wait until somebody has changed something.
 */
const refusedAgainUs = 5_000_000;

export class Endpoint implements EndpointMachine {
  readonly #options: EndpointOptions;
  readonly #link: Link;
  // Stryker disable next-line ObjectLiteral,StringLiteral: a link opens before any message arrives, and then greets
  #session: Session = { kind: 'none' };
  #sessionCounter = 0;
  /** When what is being taken arrived. */
  #nowUs = 0;

  constructor(options: EndpointOptions) {
    // Equal roles would give both directions one key, and with it one nonce twice; a hello that comes back would pass.
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

  /** The cipher of the session, when it is open and sealed. */
  get cipher(): Cipher | undefined {
    return this.#session.kind === 'open' ? this.#session.seals?.cipher : undefined;
  }

  /** In what forms the peer takes runs; undefined when no session is open. */
  get peerForms(): RunFormsTaken | undefined {
    return this.#session.kind === 'open' ? this.#session.peer.forms : undefined;
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
    this.#nowUs = nowUs;
    const events: EndpointEvent[] = [];
    for (const event of this.#link.receiveFrame(frame, nowUs)) {
      const taken = this.#takeLinkEvent(event);
      events.push(...taken);
      if (!taken.some((each) => this.#isDamage(each))) continue;
      // The rest of what this frame completed comes after a message that is lost: it is not to be taken without it.
      events.push(...this.#startAnew(nowUs));
      break;
    }
    if (this.#session.kind === 'settling' && this.#link.queuedBytes === 0) events.push(...this.#opened());
    return events;
  }

  tick(nowUs: number): EndpointEvent[] {
    this.#link.tick(nowUs);
    if (this.#session.kind === 'refused' && nowUs >= (this.#session.againUs ?? Number.POSITIVE_INFINITY)) {
      this.#startAnew(nowUs);
    }
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
    return earlier(this.#link.deadline(), this.#session.kind === 'refused' ? this.#session.againUs : undefined);
  }

  #queue(encoded: Buffer, priority: Priority, seals: Seals | undefined): void {
    this.#link.send(seals === undefined ? encoded : encodeMessage(seals.seal(encoded, priority)), priority);
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
    const encoded = encodeMessage(hello);
    this.#session = { kind: 'greeting', hello: { salt: hello.salt, encoded } };
    this.#link.send(encoded, control);
  }

  #close(reason: Refusal): EndpointEvent[] {
    const wasOpen = this.open;
    // Stryker disable next-line ObjectLiteral,StringLiteral: a link opens before any message arrives, and then greets
    this.#session = { kind: 'none' };
    return wasOpen ? [{ kind: 'closed', reason }] : [];
  }

  /**
   * The link has acknowledged a message that arrived damaged, or in whose place another one came, so the peer never sends
   * it again: what is missing is known to nobody. A fresh link lets both sides begin from what they durably know.
   */
  #startAnew(nowUs: number): EndpointEvent[] {
    const closed = this.#close({ code: 'line-lost', detail: 'a message arrived damaged' });
    this.#link.forget();
    this.#link.lineUp(nowUs);
    return closed;
  }

  /** Whether a message is lost that the peer's link takes for received. */
  #isDamage(event: EndpointEvent): boolean {
    if (event.kind !== 'refused') return false;
    const { code } = event.refusal;
    return damages.has(code) || (code === 'link-message-length' && this.#isKeyed && this.#session.kind !== 'refused');
  }

  get #isKeyed(): boolean {
    return this.#options.key !== undefined;
  }

  #takeBytes(bytes: Uint8Array, priority: Priority): EndpointEvent[] {
    if (this.#session.kind === 'none' || this.#session.kind === 'refused') return [];
    const decoded = decodeMessage(bytes);
    if (!decoded.ok) return this.#undecoded(decoded.refusal);
    const { message } = decoded;
    switch (this.#session.kind) {
      case 'greeting':
        return this.#takeGreeting(message, bytes, this.#session.hello);
      case 'proving':
        return this.#takeProof(message, this.#session, priority);
      case 'settling':
      case 'open':
        return this.#takeMessage(message, this.#session.seals, priority);
      default:
        return unreachable(this.#session);
    }
  }

  /** Around what is sealed no peer makes a mistake: it is the work of somebody else. */
  #undecoded(refusal: Refusal): EndpointEvent[] {
    if (!this.#isKeyed || damages.has(refusal.code)) return [{ kind: 'refused', refusal }];
    return refused('not-sealed', `${refusal.code}: ${refusal.detail}`);
  }

  #takeGreeting(message: Message, encoded: Uint8Array, own: Hello): EndpointEvent[] {
    if (endsSession(message)) return this.#refusedByPeer(message);
    if (message.kind !== 'hello') return this.#outOfPlace(message);
    const refusal = refusalOfHello(message, this.#options);
    if (refusal !== undefined) return this.#refuse(refusal);
    const seals = this.#sealsWith(message, [own.encoded, encoded]);
    const peer = { role: message.role, forms: runFormsOf(message.capabilities) };
    if (seals === undefined) {
      this.#session = { kind: 'settling', peer, seals };
      return [];
    }
    this.#session = { kind: 'proving', hello: own, peer, seals };
    this.#queue(encodeMessage({ kind: 'proof', peerSalt: message.salt }), control, seals);
    return [];
  }

  /** Undefined when this side has no key; both have one or none. */
  #sealsWith(hello: MessageNamed<'hello'>, hellos: readonly [Uint8Array, Uint8Array]): Seals | undefined {
    const { key: preShared, role, rekeyMessages } = this.#options;
    const cipher = cipherWith(hello, this.#options);
    if (preShared === undefined || cipher === undefined) return undefined;
    return new Seals({ preShared, hellos, cipher, role, peer: hello.role, rekeyMessages });
  }

  #takeProof(message: Message, session: Extract<Session, { kind: 'proving' }>, priority: Priority): EndpointEvent[] {
    if (endsSession(message)) return this.#refusedByPeer(message);
    if (message.kind !== 'sealed') return this.#outOfPlace(message);
    const { hello, peer, seals } = session;
    const opened = seals.open(message, priority);
    const proof = opened.ok ? decodeMessage(opened.message) : undefined;
    const proven =
      proof?.ok && proof.message.kind === 'proof' && Buffer.compare(proof.message.peerSalt, hello.salt) === 0;
    if (!proven) return this.#refuse({ code: 'wrong-key', detail: `the proof of ${peer.role}` });
    this.#session = { kind: 'settling', peer, seals };
    return [];
  }

  /** A message instead of hello or proof. With a key, that is lost in whose place this one came. */
  #outOfPlace(message: Message): EndpointEvent[] {
    if (!this.#isKeyed) return unexpected(message);
    return refused(message.kind === 'sealed' ? 'sealed-missing' : 'not-sealed', `${message.kind}, out of place`);
  }

  #takeMessage(message: Message, seals: Seals | undefined, priority: Priority): EndpointEvent[] {
    if (seals !== undefined) return this.#takeSealed(message, seals, priority);
    if (endsSession(message)) return this.#refusedByPeer(message);
    return this.#deliver(message);
  }

  #takeSealed(message: Message, seals: Seals, priority: Priority): EndpointEvent[] {
    if (this.#session.kind === 'settling' && endsSession(message)) return this.#refusedByPeer(message);
    if (message.kind !== 'sealed') return refused('not-sealed', message.kind);
    const opened = seals.open(message, priority);
    if (!opened.ok) return refused(opened.code, `queue ${priority}, counter ${message.counter}`);
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
    return [{ kind: 'opened', peer: this.#session.peer.role }];
  }

  #refuse(refusal: Refusal): EndpointEvent[] {
    const { number } = refusals[refusal.code];
    this.#link.send(encodeMessage({ kind: 'refused', request: 0, code: number, detail: refusal.detail }), control);
    this.#session = this.#untilAgain();
    return [{ kind: 'refused', refusal }];
  }

  #untilAgain(): Session {
    return { kind: 'refused', againUs: this.#isKeyed ? this.#nowUs + refusedAgainUs : undefined };
  }

  #refusedByPeer({ code, detail }: MessageNamed<'refused'>): EndpointEvent[] {
    // Stryker disable next-line StringLiteral: what ends a session has a number of the table
    const refusal = { code: refusalByNumber(code) ?? 'message-value', detail: `told by the other side: ${detail}` };
    const closed = this.#close(refusal);
    this.#session = this.#untilAgain();
    return [...closed, { kind: 'refused', refusal }];
  }
}

/** What the peer sent was changed on its way, or something came in its place: no check below the message's tells. */
const damages: ReadonlySet<RefusalCode> = new Set([
  ...(['message-check', 'message-truncated', 'acknowledgement-contradicted'] as const),
  ...(['sealed-invalid', 'sealed-replayed', 'sealed-missing', 'not-sealed'] as const),
]);

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
