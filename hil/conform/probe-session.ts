/**
 * A session as the suite has it, in clear or sealed, and the messages of the device.
 */

import type { PerPriority } from '../../protocol/link/open-frame.js';
import type { Priority } from '../../protocol/message/message.js';
import {
  decodeMessage,
  encodeMessage,
  type Message,
  type MessageKind,
  type MessageNamed,
  priorityOf,
  protocolVersion,
} from '../../protocol/message/messages.js';
import { refusalByNumber } from '../../protocol/refusals.js';
import { capabilitiesOf, ciphers, commonCipher } from '../../protocol/session/ciphers.js';
import type { Role } from '../../protocol/session/endpoint-types.js';
import { sessionRefusals } from '../../protocol/session/hello.js';
import { Seals } from '../../protocol/session/seals.js';
import { hexWords } from './frame-words.js';
import type { LinkMessage, ProbeLink } from './probe-link.js';

export interface ProbeSessionOptions {
  /** The role that the suite speaks in. */
  readonly role: Role;
  readonly key: Uint8Array | undefined;
  /** 32 bytes, fresh for each session. */
  readonly salt: Uint8Array;
}

export class ProbeSession {
  readonly link: ProbeLink;
  /** Messages of the device behind hello and proof, in order of arrival. */
  readonly messages: Message[] = [];
  hello: MessageNamed<'hello'> | undefined;
  /** What the device sent in place of a session. */
  refused: MessageNamed<'refused'> | undefined;
  /** The device's proof has arrived and is right. */
  isProven = false;
  seals: Seals | undefined;
  /** Counters of the device's sealed messages in each queue, in order of arrival. */
  readonly counters: PerPriority<number[]> = [[], [], []];
  readonly #options: ProbeSessionOptions;
  /** The device's hello as it was on the wire. */
  #helloBytes: Uint8Array = Buffer.alloc(0);

  constructor(link: ProbeLink, options: ProbeSessionOptions) {
    this.link = link;
    this.#options = options;
    link.onMessage = (message) => this.#take(message);
    for (const message of link.messages) this.#take(message);
  }

  get ownRole(): Role {
    return this.#options.role;
  }

  /** What the suite says first. */
  ownHello(changes: Partial<MessageNamed<'hello'>> = {}): MessageNamed<'hello'> {
    const { role, key, salt } = this.#options;
    return {
      kind: 'hello',
      version: protocolVersion,
      role,
      capabilities: capabilitiesOf(ciphers),
      keyed: key !== undefined,
      salt,
      ...changes,
    };
  }

  /** The device's hello. */
  greeted(): Promise<MessageNamed<'hello'>> {
    return this.link.probe.need('hello, as soon as the link is open', () => this.hello);
  }

  /** Says hello, and with a key the proof; resolves when the device has said its own. */
  async open(changes: Partial<MessageNamed<'hello'>> = {}): Promise<void> {
    const theirs = await this.greeted();
    // The device's proof may come before its acknowledgement of hello does.
    const own = this.ownHello(changes);
    this.seal(theirs, own);
    await this.sendClear(own);
    if (this.#options.key === undefined) return;
    await this.sendSealed({ kind: 'proof', peerSalt: theirs.salt });
    await this.link.probe.need('the proof of the device', () => this.isProven || undefined);
  }

  /** Makes the keys of the session out of both hellos, the suite's as it says it. */
  seal(theirs: MessageNamed<'hello'>, own: MessageNamed<'hello'>): void {
    const { key: preShared, role } = this.#options;
    const cipher = commonCipher(theirs.capabilities, own.capabilities);
    if (preShared === undefined || cipher === undefined) return;
    const hellos = [encodeMessage(own), this.#helloBytes] as const;
    this.seals = new Seals({ preShared, hellos, cipher, role, peer: theirs.role });
  }

  /** Sends a message as the session has it: sealed when it is. */
  send(message: Message): Promise<void> {
    return this.sendEncoded(encodeMessage(message), priorityOf(message.kind));
  }

  /** Sends a message and waits for nothing: for answers, and what is answered. */
  post(message: Message): void {
    const priority = priorityOf(message.kind);
    this.link.post(this.wrapped(encodeMessage(message), priority), priority);
  }

  sendEncoded(encoded: Uint8Array, priority: Priority): Promise<void> {
    return this.link.give(this.wrapped(encoded, priority), priority);
  }

  /** The bytes that carry a message in this queue of the session. */
  wrapped(encoded: Uint8Array, priority: Priority): Uint8Array {
    return this.seals === undefined ? encoded : encodeMessage(this.seals.seal(encoded, priority));
  }

  sendClear(message: Message): Promise<void> {
    return this.link.give(encodeMessage(message), priorityOf(message.kind));
  }

  sendSealed(message: Message): Promise<void> {
    return this.send(message);
  }

  /** The first message of a kind that fits, from the `from`th on. */
  next<Kind extends MessageKind>(
    kind: Kind,
    fits: (message: MessageNamed<Kind>) => boolean = () => true,
    limitUs?: number,
  ): Promise<MessageNamed<Kind>> {
    return this.link.probe.need(`a message ${kind}`, () => this.find(kind, fits), limitUs);
  }

  find<Kind extends MessageKind>(kind: Kind, fits: (message: MessageNamed<Kind>) => boolean = () => true) {
    return this.messages.find(
      (message): message is MessageNamed<Kind> => message.kind === kind && fits(message as MessageNamed<Kind>),
    );
  }

  #take({ bytes, priority }: LinkMessage): void {
    const message = this.#decode(bytes);
    if (message === undefined) return;
    if (this.hello === undefined && message.kind === 'hello') {
      this.hello = message;
      this.#helloBytes = Uint8Array.from(bytes);
      this.#queueOf(message, priority);
    } else if (message.kind === 'sealed') this.#open(message, priority);
    else if (this.seals !== undefined) this.#inClear(message);
    else this.#deliver(message, priority);
  }

  #decode(bytes: Uint8Array): Message | undefined {
    const decoded = decodeMessage(bytes);
    if (decoded.ok) return decoded.message;
    const { code, detail } = decoded.refusal;
    this.#note('M-1', 'a message of MESSAGES.md', `${code}, ${detail}: ${hexWords(bytes, 64)}`);
    return undefined;
  }

  #deliver(message: Message, priority: Priority): void {
    this.#queueOf(message, priority);
    if (message.kind === 'refused' && message.request === 0) this.refused ??= message;
    this.messages.push(message);
  }

  #queueOf({ kind }: Message, priority: Priority): void {
    const right = priorityOf(kind);
    if (priority !== right) this.#note('L-2', `${kind} in queue ${right}`, `queue ${priority}`);
  }

  #open(sealed: MessageNamed<'sealed'>, priority: Priority): void {
    if (this.seals === undefined) return;
    const { counter } = sealed;
    this.counters[priority].push(counter);
    const opened = this.seals.open(sealed, priority);
    if (!opened.ok) {
      this.#note(
        'S-13',
        'a sealed message that opens with the key of this direction and queue, in its turn',
        `${opened.code}, queue ${priority}, counter ${counter}`,
      );
      return;
    }
    const message = this.#decode(opened.message);
    if (message?.kind === 'proof') this.#proof(message, counter + priority);
    else if (message !== undefined) this.#deliver(message, priority);
  }

  #proof({ peerSalt }: MessageNamed<'proof'>, counter: number): void {
    const right = Buffer.compare(peerSalt, this.#options.salt) === 0 && counter === 0;
    if (!right)
      this.#note('S-14', 'proof first, with the salt of the suite', `counter ${counter}, ${hexWords(peerSalt, 32)}`);
    this.isProven ||= right;
  }

  /** In a sealed session only a refusal of the session itself comes in clear. */
  #inClear(message: Message): void {
    const code = message.kind === 'refused' && message.request === 0 ? refusalByNumber(message.code) : undefined;
    if (message.kind === 'refused' && code !== undefined && sessionRefusals.has(code)) this.refused ??= message;
    else this.#note('S-12', 'all messages after hello sealed', `${message.kind} in clear`);
  }

  #note(number: string, expected: string, came: string): void {
    this.link.probe.note(number, expected, came);
  }
}
