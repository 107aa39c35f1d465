import { expect } from 'chai';
import { Random } from '../../../../hil/random.js';
import { LineModel } from '../../../../hil/simulate/line-model.js';
import type { Tampering } from '../../../../hil/simulate/link/link-plan.js';
import { TamperingWire } from '../../../../hil/simulate/link/tampering-wire.js';
import { Tape } from '../../../../hil/simulate/link/tape.js';
import type { Direction } from '../../../../hil/simulate/plan.js';
import { decodeFrame, encodeFrame } from '../../../../protocol/frame/frame.js';
import type { Priority } from '../../../../protocol/message/message.js';
import {
  decodeMessage,
  encodeMessage,
  type Message,
  type MessageNamed,
} from '../../../../protocol/message/messages.js';
import { Opener, Sealer } from '../../../../protocol/session/seal.js';

const lane = { cipher: 'aes-256-gcm', key: Buffer.alloc(32, 9) } as const;
const mark = 77;
const genuine: Message = { kind: 'dataOut', tag: 0, offset: 0, data: Buffer.alloc(20, 3) };
const hello = (salt: number, role: 'main' | 'sub' = 'main'): MessageNamed<'hello'> => ({
  ...{ kind: 'hello', version: 1, role, capabilities: 3, keyed: true },
  salt: Buffer.alloc(32, salt),
});

/** Messages with their queues, sealed from counter 0. */
function sealedMessages(count: number): Message[] {
  const sealer = new Sealer(lane);
  return Array.from({ length: count }, () => sealer.seal(encodeMessage(genuine)));
}

class TamperedLine {
  readonly #tape = new Tape();
  readonly #wires: Readonly<Record<Direction, TamperingWire>>;
  applied = 0;
  #sequence = 0;

  /** The faults happen from frame `from` on. */
  constructor(effects: readonly Tampering[], from = 1) {
    const wireOf = (direction: Direction, wanted: readonly Tampering[]) =>
      new TamperingWire(new LineModel({ latencyUs: 0, bitErrorRate: 0, dropRate: 0 }, new Random(1)), {
        ...{ direction, tape: this.#tape },
        faults: wanted.map((effect) => ({ direction, frame: from, effect })),
        applied: () => {
          this.applied += 1;
        },
      });
    this.#wires = { there: wireOf('there', effects), back: wireOf('back', []) };
  }

  /** The messages that arrive for this one, with their sequence numbers; all checks of frames and messages are right. */
  carry(message: Message, priority: Priority = 1, direction: Direction = 'there'): { at: number; message: Message }[] {
    this.#sequence += 10;
    const payload = encodeMessage(message);
    const frame = { kind: 'data', priority, first: true, last: true, sequence: this.#sequence, payload } as const;
    return this.#wires[direction].carry(encodeFrame(frame, mark), 0).map(({ bytes }) => {
      const decoded = decodeFrame(bytes.subarray(0, -1), mark);
      const arrived = decoded.ok ? decodeMessage(decoded.frame.payload) : undefined;
      if (!decoded.ok || decoded.frame.kind !== 'data' || !arrived?.ok) throw new Error('the checks tell');
      return { at: decoded.frame.sequence, message: arrived.message };
    });
  }
}

/** What arrives of these, tampered with from the frame with the last number on. */
function arrived(messages: readonly Message[], effect: Tampering): { messages: Message[]; applied: number } {
  const line = new TamperedLine([effect], messages.length);
  const found = messages.flatMap((each) => line.carry(each)).map(({ message }) => message);
  return { messages: found, applied: line.applied };
}

function codesOf(messages: readonly Message[]): string[] {
  const opener = new Opener(lane);
  return messages.map((each) => {
    if (each.kind !== 'sealed') return each.kind;
    const opened = opener.open(each);
    return opened.ok ? 'opened' : opened.code;
  });
}

describe('somebody on the line without a key', () => {
  it('changes a sealed message, with every check right: only the seal tells', () => {
    for (const [at, code] of [
      [0, 'sealed-missing'],
      [12, 'sealed-invalid'],
      [30, 'sealed-invalid'],
      [45, 'sealed-invalid'],
    ] as const) {
      const { messages, applied } = arrived(sealedMessages(2), { kind: 'forgeMessage', at, xor: 0x10 });
      expect(applied).to.equal(1);
      expect(codesOf(messages), `at ${at}`).to.deep.equal(['opened', code]);
    }
  });

  it('makes the check inside right as well, which nobody has to decipher for that', () => {
    // With the same key stream as the genuine one, the difference of ciphertexts is that of what is inside.
    const [, before] = sealedMessages(2);
    const [, after] = arrived(sealedMessages(2), { kind: 'forgeMessage', at: 12 + 14, xor: 0x10 }).messages;
    if (before?.kind !== 'sealed' || after?.kind !== 'sealed') throw new Error('a message is not sealed');
    const inside = encodeMessage(genuine);
    for (let at = 0; at < inside.length; at += 1) {
      inside[at] = (inside[at] ?? 0) ^ (before.ciphertext[at] ?? 0) ^ (after.ciphertext[at] ?? 0);
    }
    const decoded = decodeMessage(inside);
    if (!decoded.ok || decoded.message.kind !== 'dataOut') throw new Error('the check inside tells');
    expect(Buffer.from(decoded.message.data)).to.deep.equal(Buffer.of(0x13, ...Buffer.alloc(19, 3)));
  });

  it('cuts bytes off the end of a sealed message', () => {
    const { messages, applied } = arrived(sealedMessages(2), { kind: 'cut', bytes: 5 });
    expect([applied, codesOf(messages)]).to.deep.equal([1, ['opened', 'sealed-invalid']]);
    expect(arrived(sealedMessages(2), { kind: 'cut', bytes: 500 }).applied).to.equal(0);
  });

  it('gives an earlier sealed message in the place of another', () => {
    const { messages, applied } = arrived(sealedMessages(4), { kind: 'replay', messagesAgo: 2, from: 'queue' });
    expect(applied).to.equal(1);
    expect(codesOf(messages)).to.deep.equal(['opened', 'opened', 'opened', 'sealed-replayed']);
    expect(arrived(sealedMessages(4), { kind: 'replay', messagesAgo: 4, from: 'queue' }).applied).to.equal(0);
  });

  it('gives a sealed message of the other direction', () => {
    const line = new TamperedLine([{ kind: 'replay', messagesAgo: 0, from: 'other way' }]);
    const back: Message = { kind: 'sealed', counter: 5, ciphertext: Buffer.alloc(58, 1) };
    const [own] = sealedMessages(1) as [Message];
    expect(line.carry(back, 1, 'back')[0]?.message).to.have.property('counter', 5);
    expect(line.carry(own)[0]?.message).to.have.property('counter', 5);
  });

  it('exchanges a sealed message with the next one of its queue', () => {
    const line = new TamperedLine([{ kind: 'reorder' }]);
    const [first, second, third] = sealedMessages(3) as [Message, Message, Message];
    const counters = (messages: ReturnType<TamperedLine['carry']>) =>
      messages.map(({ at, message }) => [at, message.kind === 'sealed' ? message.counter : undefined]);
    expect(counters(line.carry(first, 1))).to.deep.equal([]);
    expect(counters(line.carry(second, 2))).to.deep.equal([[20, 1]]);
    expect(line.applied).to.equal(0);
    expect(counters(line.carry(third, 1))).to.deep.equal([
      [10, 2],
      [30, 0],
    ]);
    expect(line.applied).to.equal(1);
  });

  it('gives a message in clear in the place of a sealed one', () => {
    const { messages, applied } = arrived(sealedMessages(2), { kind: 'unseal' });
    expect([applied, codesOf(messages)]).to.deep.equal([1, ['opened', 'dataOut']]);
  });

  it('gives a refusal of the session in the place of any message', () => {
    for (const message of [hello(1), ...sealedMessages(1)]) {
      const { messages } = arrived([message], { kind: 'refuse', code: 'wrong-key' });
      expect(messages[0]).to.include({ kind: 'refused', request: 0, code: 35 });
    }
  });

  it('changes a hello, with its check right', () => {
    const [made] = arrived([hello(1)], { kind: 'forgeMessage', at: 15, xor: 0x10 }).messages;
    expect(made).to.have.property('kind', 'hello');
    expect(made).to.not.deep.equal(hello(1));
  });

  it('takes ciphers or the key out of a hello', () => {
    const fields = (without: Extract<Tampering, { kind: 'downgrade' }>['without']) => {
      const [made] = arrived([hello(1)], { kind: 'downgrade', without }).messages;
      return made?.kind === 'hello' ? [made.capabilities, made.keyed] : [];
    };
    expect(fields('aes-256-gcm')).to.deep.equal([2, true]);
    expect(fields('chacha20-poly1305')).to.deep.equal([1, true]);
    expect(fields('all ciphers')).to.deep.equal([0, true]);
    expect(fields('key')).to.deep.equal([3, false]);
  });

  it('says a hello of its own, one that comes back, or one of before', () => {
    const said = (as: Extract<Tampering, { kind: 'impersonate' }>['as']) => {
      const line = new TamperedLine([{ kind: 'impersonate', as }], 3);
      line.carry(hello(2, 'sub'), 0, 'back');
      line.carry(hello(1), 0);
      // A repetition of the same is no other session.
      line.carry(hello(1), 0);
      const [made] = line.carry(hello(3), 0);
      if (made?.message.kind !== 'hello') throw new Error('a hello stays a hello');
      return [made.message.role, made.message.salt[0], line.applied];
    };
    const [role, salt, applied] = said('stranger');
    expect([role, applied]).to.deep.equal(['main', 1]);
    expect(salt).to.not.be.oneOf([1, 2, 3]);
    expect(said('past')).to.deep.equal(['main', 1, 1]);
    expect(said('echo')).to.deep.equal(['sub', 2, 1]);
    expect(said('mirror')).to.deep.equal(['main', 2, 1]);
  });

  it('does one thing to a message, and waits for one that it fits', () => {
    const line = new TamperedLine([{ kind: 'unseal' }, { kind: 'downgrade', without: 'key' }, { kind: 'unseal' }]);
    const [first, second] = sealedMessages(2) as [Message, Message];
    const kinds = [hello(1), first, second].map((each) => line.carry(each)[0]?.message.kind);
    expect([kinds, line.applied]).to.deep.equal([['hello', 'dataOut', 'dataOut'], 3]);
  });
});
