/**
 * A peer that speaks the session's first messages by hand, on a link of ours, and can say anything afterwards.
 */
import { Link } from '../../../protocol/link/link.js';
import { decodeMessage, encodeMessage, type Message, type MessageNamed } from '../../../protocol/message/messages.js';
import { cipherWith } from '../../../protocol/session/hello.js';
import { Seals } from '../../../protocol/session/seals.js';
import type { LineEnd } from '../link/lossy-line.js';

export class HandMadePeer implements LineEnd {
  readonly link: Link;
  readonly hello: MessageNamed<'hello'>;
  readonly #key: Uint8Array | undefined;
  /** What arrived in clear. */
  readonly received: Message[] = [];
  /** The salt that the proof names, where it is not the right one. */
  provenSalt: Uint8Array | undefined;
  seals: Seals | undefined;

  /** Speaks as a sub; with `key` it makes a sealed session. */
  constructor(hello: Partial<MessageNamed<'hello'>>, key?: Uint8Array) {
    const salt = Buffer.alloc(32, 9);
    this.hello = { kind: 'hello', version: 1, role: 'sub', capabilities: 3, keyed: key !== undefined, salt, ...hello };
    this.#key = key;
    this.link = new Link({ entropy: Buffer.from(`hand made ${Buffer.from(this.hello.salt).toString('hex')}`) });
  }

  lineUp(nowUs: number): void {
    this.link.lineUp(nowUs);
  }

  lineDown(): void {
    this.link.lineDown();
  }

  receiveFrame(frame: Uint8Array, nowUs: number): void {
    for (const event of this.link.receiveFrame(frame, nowUs)) {
      if (event.kind === 'opened') this.say(encodeMessage(this.hello));
      if (event.kind === 'message') this.#take(event.bytes);
      if (event.kind === 'closed') this.seals = undefined;
    }
  }

  tick(nowUs: number): void {
    this.link.tick(nowUs);
  }

  transmit(nowUs: number): Uint8Array | undefined {
    return this.link.transmit(nowUs);
  }

  deadline(): number | undefined {
    return this.link.deadline();
  }

  /** Sends any bytes as a message. */
  say(bytes: Uint8Array, priority: 0 | 1 | 2 = 0): void {
    this.link.send(bytes, priority);
  }

  /** Sends a message as the session wants it: sealed, when it is. */
  sayInSession(bytes: Uint8Array, priority: 0 | 1 | 2 = 0): void {
    this.say(this.seals === undefined ? bytes : encodeMessage(this.seals.seal(bytes, priority)), priority);
  }

  #take(bytes: Uint8Array): void {
    const decoded = decodeMessage(bytes);
    if (!decoded.ok) return;
    const { message } = decoded;
    this.received.push(message);
    if (message.kind !== 'hello' || this.#key === undefined) return;
    const { role } = this.hello;
    const cipher = cipherWith(message, { role, peers: [message.role], entropy: this.hello.salt }) ?? 'aes-256-gcm';
    const hellos = [encodeMessage(this.hello), bytes] as const;
    this.seals = new Seals({ preShared: this.#key, hellos, cipher, role, peer: message.role });
    const peerSalt = this.provenSalt ?? message.salt;
    this.sayInSession(encodeMessage({ kind: 'proof', peerSalt }));
  }
}
