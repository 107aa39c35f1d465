import { expect } from 'chai';
import { Random } from '../../../../hil/random.js';
import { LineModel } from '../../../../hil/simulate/line-model.js';
import type { Tampering } from '../../../../hil/simulate/link/link-plan.js';
import { TamperingWire } from '../../../../hil/simulate/link/tampering-wire.js';
import { decodeFrame, encodeFrame } from '../../../../protocol/frame/frame.js';
import type { Priority } from '../../../../protocol/message/message.js';
import { decodeMessage, encodeMessage, type Message } from '../../../../protocol/message/messages.js';
import { Opener, Sealer } from '../../../../protocol/session/seal.js';

const key = Buffer.alloc(32, 9);
const mark = 77;
const genuine: Message = { kind: 'dataOut', tag: 0, offset: 0, data: Buffer.alloc(20, 3) };

/** Frames with sealed messages, from counter 0, all of one length. */
function sealedFrames(count: number, priorityOf: (counter: number) => Priority = () => 1): Buffer[] {
  const sealer = new Sealer(key);
  return Array.from({ length: count }, (_, counter) => {
    const payload = encodeMessage(sealer.seal(encodeMessage(genuine)));
    const priority = priorityOf(counter);
    return encodeFrame({ kind: 'data', priority, first: true, last: true, sequence: counter, payload }, mark);
  });
}

/** The messages in what arrives when the last of the frames is tampered with; whether it was. */
function arrived(frames: readonly Uint8Array[], effect: Tampering): { messages: Message[]; applied: boolean } {
  let applied = false;
  const line = new LineModel({ latencyUs: 0, bitErrorRate: 0, dropRate: 0 }, new Random(1));
  const fault = { direction: 'there', frame: frames.length, effect } as const;
  const wire = new TamperingWire(line, [fault], () => {
    applied = true;
  });
  const messages = frames.flatMap((frame) =>
    wire.carry(frame, 0).map(({ bytes }) => {
      const decoded = decodeFrame(bytes.subarray(0, -1), mark);
      const message = decoded.ok ? decodeMessage(decoded.frame.payload) : undefined;
      if (!message?.ok) throw new Error('the checks of frame and message tell');
      return message.message;
    }),
  );
  return { messages, applied };
}

function codesOf(messages: readonly Message[]): string[] {
  const opener = new Opener(key);
  return messages.map((each) => {
    if (each.kind !== 'sealed') return each.kind;
    const opened = opener.open(each);
    return opened.ok ? 'opened' : opened.code;
  });
}

describe('somebody on the line without a key', () => {
  it('changes what is in a sealed message, with every check right: only the seal tells', () => {
    for (const at of [0, 12, 30, 45]) {
      const { messages, applied } = arrived(sealedFrames(2), { kind: 'forgeMessage', at, xor: 0x10 });
      expect(applied).to.equal(true);
      expect(codesOf(messages), `at ${at}`).to.deep.equal(['opened', 'sealed-invalid']);
    }
  });

  it('makes the check inside right as well, which nobody has to decipher for that', () => {
    // With the same key stream as the genuine one, the difference of ciphertexts is that of what is inside.
    const [, before] = arrived(sealedFrames(2), { kind: 'swap', framesAgo: 99 }).messages;
    const [, after] = arrived(sealedFrames(2), { kind: 'forgeMessage', at: 12 + 14, xor: 0x10 }).messages;
    if (before?.kind !== 'sealed' || after?.kind !== 'sealed') throw new Error('a message is not sealed');
    const inside = encodeMessage(genuine);
    for (let at = 0; at < inside.length; at += 1) {
      inside[at] = (inside[at] ?? 0) ^ (before.ciphertext[at] ?? 0) ^ (after.ciphertext[at] ?? 0);
    }
    const decoded = decodeMessage(inside);
    if (!decoded.ok || decoded.message.kind !== 'dataOut') throw new Error('the check inside tells');
    expect(Buffer.from(decoded.message.data)).to.deep.equal(Buffer.of(0x13, ...Buffer.alloc(19, 3)));
  });

  it('gives an earlier sealed message in the place of another', () => {
    const { messages, applied } = arrived(sealedFrames(4), { kind: 'swap', framesAgo: 2 });
    expect(applied).to.equal(true);
    expect(codesOf(messages)).to.deep.equal(['opened', 'opened', 'opened', 'sealed-replayed']);
  });

  it('does not exchange messages of two queues, whose order nobody promises', () => {
    const frames = sealedFrames(3, (counter) => (counter === 1 ? 0 : 1));
    expect(arrived(frames, { kind: 'swap', framesAgo: 1 }).applied).to.equal(false);
  });

  it('gives a message in clear in the place of a sealed one', () => {
    const { messages, applied } = arrived(sealedFrames(2), { kind: 'unseal' });
    expect(applied).to.equal(true);
    expect(codesOf(messages)).to.deep.equal(['opened', 'dataOut']);
  });

  it('leaves the handshake alone', () => {
    for (const kind of ['unseal', 'forgeMessage'] as const) {
      const effect: Tampering = kind === 'unseal' ? { kind } : { kind, at: 3, xor: 1 };
      expect(arrived(sealedFrames(1), effect).applied).to.equal(false);
    }
  });
});
