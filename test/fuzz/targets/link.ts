/** A whole link, with a peer that knows its marks and says anything. */
import { decodeFrame, encodeFrame } from '../../../protocol/frame/frame.js';
import { markOfLink } from '../../../protocol/link/handshake.js';
import { Link } from '../../../protocol/link/link.js';
import { decodeOpen, encodeOpen, openBytes } from '../../../protocol/link/open-frame.js';
import type { Priority } from '../../../protocol/message/message.js';
import { bufferOf, property, type Target } from '../target.js';

const peerId = 0x1234_5678_9abc_def0n;
const windowBytes = 4096;
const messageBytesMax = 8192;
const limits = { windowUnits: 64, payloadUnitsMax: 4, messageBytesMax: 4096 };
/** So many steps are a long life for a link. */
const stepsMax = 400;
const queuedBytesMax = 65_536;

/** A link that has opened with the peer, and the peer's end of it. */
class Conversation {
  readonly link = new Link({ entropy: Buffer.from('fuzz'), windowBytes, messageBytesMax, framePayloadMax: 1024 });
  readonly labels = new Set<string>();
  #own = 0n;
  #nowUs = 0;

  constructor() {
    this.link.lineUp(0);
    this.#transmit(2);
    const open = { ask: true, running: true, own: peerId, peer: this.#own, next: [0, 0, 0] as const, limits };
    this.#receive(encodeFrame({ kind: 'open', payload: encodeOpen(open) }, 0));
    property(this.link.open, 'the link opens');
  }

  /** Carries out a script: records of an operation, a length, and so many bytes. */
  play(script: Buffer): void {
    for (let at = 0, steps = 0; at + 2 <= script.length && steps < stepsMax; steps += 1) {
      const length = script.readUInt8(at + 1);
      this.#step(script.readUInt8(at), script.subarray(at + 2, at + 2 + length));
      at += 2 + length;
      const held = 3 * (windowBytes + messageBytesMax);
      property(this.link.heldBytes <= held, `${this.link.heldBytes} bytes are held, at most ${held}`);
    }
  }

  #step(operation: number, bytes: Buffer): void {
    switch (operation & 7) {
      case 0:
      case 1:
        this.#data(operation, bytes);
        break;
      case 2:
        this.#receive(encodeFrame({ kind: 'acknowledgement', payload: bytes }, this.#mark));
        break;
      case 3:
        this.#open(operation, bytes);
        break;
      case 4:
        this.#nowUs += 1000 * (1 + (bytes[0] ?? 0)) ** 2;
        this.link.tick(this.#nowUs);
        break;
      case 5:
        this.#transmit(1 + (bytes[0] ?? 0));
        break;
      case 6:
        if (this.link.queuedBytes < queuedBytesMax)
          this.link.send(Buffer.alloc(16 * (bytes[0] ?? 0)), ((bytes[1] ?? 0) % 3) as Priority);
        break;
      default:
        this.#restartLine();
    }
  }

  /** A fragment: its sequence number in the first two bytes, its length in units in the third, then its end. */
  #data(operation: number, bytes: Buffer): void {
    const sequence = bytes.length < 2 ? 0 : bytes.readUInt16LE(0);
    const units = (bytes[2] ?? 0) % 20;
    const payload = Buffer.concat([Buffer.alloc(64 * units), bytes.subarray(3)]);
    const priority = ((operation >> 3) % 3) as Priority;
    const flags = { first: (operation & 0x20) !== 0, last: (operation & 0x40) !== 0 };
    this.#receive(encodeFrame({ kind: 'data', priority, ...flags, sequence, payload }, this.#mark));
  }

  #open(operation: number, bytes: Buffer): void {
    const payload = Buffer.alloc(openBytes);
    payload.set(encodeOpen({ ask: true, running: true, own: peerId, peer: this.#own, next: [0, 0, 0], limits }));
    const at = operation & 8 ? 0 : 18;
    payload.set(bytes.subarray(0, openBytes - at), at);
    this.#receive(encodeFrame({ kind: 'open', payload }, 0));
  }

  #restartLine(): void {
    this.link.lineDown();
    this.link.lineUp(this.#nowUs);
  }

  #receive(frame: Buffer): void {
    for (const event of this.link.receiveFrame(frame.subarray(0, -1), this.#nowUs)) {
      this.labels.add(event.kind === 'refused' ? event.refusal.code : event.kind);
      if (event.kind === 'message')
        property(event.bytes.length <= messageBytesMax, 'no message is longer than announced');
    }
  }

  #transmit(framesMax: number): void {
    for (let count = 0; count < framesMax; count += 1) {
      const frame = this.link.transmit(this.#nowUs);
      if (frame === undefined) return;
      const decoded = decodeFrame(frame.subarray(0, -1), 0);
      const open = decoded.ok && decoded.frame.kind === 'open' ? decodeOpen(decoded.frame.payload) : undefined;
      if (open?.ok) this.#own = open.open.own;
    }
  }

  get #mark(): number {
    return markOfLink(peerId, this.#own);
  }
}

const step = (operation: number, ...bytes: number[]) => Buffer.of(operation, bytes.length, ...bytes);
const whole = 0x60;

/** Input: what the peer and the line do, step by step. */
export const link: Target = {
  runsInTests: 60,
  name: 'link',
  about: 'a link at the end of a line, with a peer that knows its marks and says anything',
  seeds: [
    Buffer.concat([step(whole, 0, 0, 0, 1, 2), step(whole, 1, 0, 0, 3), step(4, 5), step(5, 9)]),
    Buffer.concat([step(0x20, 0, 0, 2), step(0x48, 4, 0, 1, 7), step(0x40, 2, 0, 2), step(4, 200), step(5, 3)]),
    Buffer.concat([
      step(6, 20, 0),
      step(6, 255, 2),
      step(5, 30),
      step(2, 0, 1, 0),
      step(2, 0x82, 1, 0, 3, 2),
      step(5, 9),
    ]),
    Buffer.concat([
      step(7),
      step(3, 0, 0),
      step(3 + 8, 1, 3, 9, 9, 9, 9, 9, 9, 9, 9),
      step(4, 90),
      step(5, 4),
      step(7),
    ]),
  ],
  words: [step(4, 255), step(5, 50), step(7), step(2, 0, 0, 0), step(6, 255, 1), step(3, 255, 255, 255, 255, 255, 255)],
  inputBytesMax: 4096,
  allocates: { fixedBytes: 8 * 2 ** 20, perByte: 16_384 },
  modules: ['protocol/link/', 'protocol/frame/'],
  run: (input) => {
    const conversation = new Conversation();
    conversation.play(bufferOf(input));
    return { label: [...conversation.labels].sort().join(' '), output: [...conversation.labels] };
  },
};
