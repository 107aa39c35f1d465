/**
 * A peer that speaks the session's first messages by hand, on a link of ours, and can say anything afterwards.
 */
import { Link } from '../../../protocol/link/link.js';
import { decodeMessage, encodeMessage, type Message, type MessageNamed } from '../../../protocol/message/messages.js';
import { Opener, Sealer, sessionKey } from '../../../protocol/session/seal.js';
import type { LineEnd } from '../link/lossy-line.js';

export class HandMadePeer implements LineEnd {
  readonly link = new Link({ entropy: Buffer.from('hand made') });
  readonly hello: MessageNamed<'hello'>;
  readonly #key: Uint8Array | undefined;
  /** What arrived in clear. */
  readonly received: Message[] = [];
  /** The salt that the proof names, where it is not the right one. */
  provenSalt: Uint8Array | undefined;
  sealer: Sealer | undefined;
  opener: Opener | undefined;

  /** Speaks as a sub; with `key` it makes a sealed session. */
  constructor(hello: Partial<MessageNamed<'hello'>>, key?: Uint8Array) {
    const salt = Buffer.alloc(32, 9);
    this.hello = { kind: 'hello', version: 1, role: 'sub', capabilities: 1, keyed: key !== undefined, salt, ...hello };
    this.#key = key;
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

  #take(bytes: Uint8Array): void {
    const decoded = decodeMessage(bytes);
    if (!decoded.ok) return;
    const { message } = decoded;
    this.received.push(message);
    if (message.kind !== 'hello' || this.#key === undefined) return;
    const salts = [this.hello.salt, message.salt] as const;
    this.sealer = new Sealer(sessionKey(this.#key, [...salts], { sender: 'sub', receiver: 'main' }));
    this.opener = new Opener(sessionKey(this.#key, [...salts], { sender: 'main', receiver: 'sub' }));
    const peerSalt = this.provenSalt ?? message.salt;
    this.say(encodeMessage(this.sealer.seal(encodeMessage({ kind: 'proof', peerSalt }))));
  }
}
