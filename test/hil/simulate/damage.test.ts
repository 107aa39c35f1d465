import { expect } from 'chai';
import { Random } from '../../../hil/random.js';
import { type ByteEffect, damage } from '../../../hil/simulate/damage.js';
import { Deflater } from '../../../protocol/compression/deflater.js';
import { plainRun } from '../../../protocol/compression/plain-run.js';
import { contentDigests, runDigest } from '../../../protocol/digest.js';
import { cobsDecode } from '../../../protocol/frame/cobs.js';
import { decodeFrame, encodeFrame, markOf } from '../../../protocol/frame/frame.js';
import { decodeMessage, encodeMessage, type MessageNamed } from '../../../protocol/message/messages.js';
import { fromHex, toHex, vectors } from '../../protocol/vectors.js';

const digits = Buffer.from('0123456789\0');
/** What arrives in place of `0123456789` and its delimiter; the delimiter is written `|`. */
const arrived = (effect: ByteEffect): string | undefined => {
  const damaged = damage(digits, effect);
  return damaged && Buffer.from(damaged).toString('latin1').replaceAll('\0', '|');
};

describe('damage to a frame on the wire', () => {
  const cases: readonly [string, ByteEffect, string | undefined][] = [
    ['flips the bits it names', { kind: 'flip', bits: [0, 9] }, '1323456789|'],
    ['wraps bits at the end of the frame', { kind: 'flip', bits: [8 * 11, 8 * 12 + 1] }, '1323456789|'],
    ['changes nothing when a bit is flipped twice', { kind: 'flip', bits: [0, 8 * 11] }, undefined],
    ['turns a run into other bytes', { kind: 'burst', at: 3, bytes: 2, xor: 0x40 }, '012st56789|'],
    ['ends a run with the frame', { kind: 'burst', at: 10, bytes: 9, xor: 0x41 }, '0123456789A'],
    ['loses bytes', { kind: 'dropBytes', at: 14, bytes: 2 }, '01256789|'],
    ['gives bytes twice', { kind: 'duplicateBytes', at: 3, bytes: 2 }, '0123434 56789|'.replace(' ', '')],
    ['puts bytes in', { kind: 'insertBytes', at: 1, hex: '6162' }, '0ab123456789|'],
    ['changes nothing by putting in nothing', { kind: 'insertBytes', at: 1, hex: '' }, undefined],
    ['loses the frame', { kind: 'dropFrame' }, ''],
    ['gives the frame again', { kind: 'duplicateFrame', copies: 2 }, '0123456789|0123456789|0123456789|'],
    ['loses the delimiter', { kind: 'delimiter', how: 'lost', at: 3 }, '0123456789'],
    ['turns the delimiter into a byte', { kind: 'delimiter', how: 'changed', at: 0x40 }, '0123456789A'],
    ['puts a delimiter in the middle', { kind: 'delimiter', how: 'extra', at: 3 }, '012|3456789|'],
    ['changes the first code', { kind: 'length', xor: 0x40 }, 'p123456789|'],
    ['loses all from a byte on', { kind: 'overrun', at: 4 }, '0123'],
    ['forges nothing that is no frame', { kind: 'forge', at: 0, xor: 1 }, undefined],
    ['finds no check in what is no frame', { kind: 'checksum', byte: 0, xor: 1 }, undefined],
  ];
  for (const [title, effect, expected] of cases) {
    it(title, () => {
      expect(arrived(effect)).to.equal(expected);
      expect(digits.toString()).to.equal('0123456789\0');
    });
  }

  for (const { name, kind, encoded: hex, payload, mark } of vectors.frames) {
    const encoded = fromHex(hex);
    const bytes = payload.length / 2;
    if (kind < 0x40 && bytes > 0) {
      it(`forges data so that the frame is taken, with one byte of it changed: ${name}`, () => {
        for (const at of [0, bytes - 1, bytes, 3 * bytes - 1]) {
          const forged = damage(encoded, { kind: 'forge', at, xor: 0x81 });
          const decoded = decodeFrame((forged as Buffer).subarray(0, -1), mark);
          const genuine = decodeFrame(encoded.subarray(0, -1), mark);
          if (!decoded.ok || !genuine.ok) throw new Error('the frame is refused');
          const expected = fromHex(payload);
          expected[at % bytes] = (expected[at % bytes] as number) ^ 0x81;
          expect(toHex(decoded.frame.payload)).to.equal(toHex(expected));
          expect({ ...decoded.frame, payload: 0 }).to.deep.equal({ ...genuine.frame, payload: 0 });
        }
      });
    } else {
      it(`forges no frame without data: ${name}`, () => {
        expect(damage(encoded, { kind: 'forge', at: 0, xor: 1 })).to.equal(undefined);
      });
    }

    it(`changes the content and makes the check right but for one byte: ${name}`, () => {
      for (const byte of [0, 1, 2, 3]) {
        const changed = damage(encoded, { kind: 'checksum', byte, xor: 0xff }) as Buffer;
        expect(changed.indexOf(0)).to.equal(changed.length - 1);
        expect((markOf(changed.subarray(0, -1)) as number) ^ mark).to.equal((0xff << (8 * byte)) | 0);
        const [before, after] = [encoded, changed].map((frame) => contentOf(frame));
        expect(after?.length).to.equal(before?.length);
        expect(Buffer.compare(after as Buffer, before as Buffer)).to.not.equal(0);
      }
    });
  }
});

/** What a frame holds before its check. */
function contentOf(frame: Uint8Array): Buffer {
  const plain = Buffer.alloc(frame.length);
  return plain.subarray(0, cobsDecode(Buffer.from(frame.subarray(0, -1)), plain) - 4);
}

describe('a forgery of data with all checks right', () => {
  const content = Buffer.alloc(1024, 'what is frozen ');
  // What does not compress is as long with another byte in it.
  new Random(0).fill(content.subarray(600, 800));
  const run = {
    ...{ run: 1, generation: 7 as never, volume: 0 as never, first: 0 as never, count: 2 },
    digest: runDigest(contentDigests(content, 512)),
  };
  const stream = new Deflater(10).deflate(content, 1000) ?? expect.fail();

  /** What is taken from a frame with this message after its byte 700, or another, has been forged. */
  function forged(message: MessageNamed<'blockRun' | 'compressedRun' | 'zeroRun' | 'dataOut'>, at = 700) {
    const payload = encodeMessage(message);
    const frame = { kind: 'data', priority: 2, first: true, last: true, sequence: 0, payload } as const;
    const damaged = damage(encodeFrame(frame, 5), { kind: 'forgeData', at, xor: 0x20 }) ?? expect.fail();
    const decoded = decodeFrame(damaged.subarray(0, -1), 5);
    const taken = decoded.ok && decoded.frame.kind === 'data' ? decodeMessage(decoded.frame.payload) : undefined;
    return taken?.ok === true ? taken.message : expect.fail('nothing is taken');
  }

  it('changes one byte of a run, compressed or not, and its digest', () => {
    const expected = Buffer.from(content);
    expected[700] = (expected[700] ?? 0) ^ 0x20;
    const digest = toHex(runDigest(contentDigests(expected, 512)));
    const plain = forged({ kind: 'blockRun', ...run, data: content });
    const compressed = forged({ kind: 'compressedRun', ...run, data: stream });
    expect([plain.kind, compressed.kind]).to.deep.equal(['blockRun', 'compressedRun']);
    const inflated = compressed.kind === 'compressedRun' ? plainRun(compressed) : undefined;
    for (const each of [plain, inflated]) {
      if (each?.kind !== 'blockRun') return expect.fail('no run of blocks');
      expect([toHex(each.data), toHex(each.digest)]).to.deep.equal([toHex(expected), digest]);
    }
    expect(compressed.kind === 'compressedRun' && compressed.data[0], 'the window of before').to.equal(stream[0]);
  });

  it('leaves a run alone whose stream is none', () => {
    const payload = encodeMessage({ kind: 'compressedRun', ...run, data: content });
    const frame = { kind: 'data', priority: 2, first: true, last: true, sequence: 0, payload } as const;
    expect(damage(encodeFrame(frame, 5), { kind: 'forgeData', at: 0, xor: 1 })).to.equal(undefined);
  });

  it('puts every fourth run into another place, as it is', () => {
    const plain = forged({ kind: 'compressedRun', ...run, data: stream }, 5);
    expect(plain, 'and one whose stream would have another length').to.deep.include({ first: 2, data: stream });
    expect(forged({ kind: 'blockRun', ...run, data: content }, 3)).to.deep.include({ first: 1, count: 2 });
    expect(forged({ kind: 'blockRun', ...run, data: content }, 15)).to.deep.include({ first: 4, count: 2 });
  });

  it('takes a block from a run of zeros, and puts one of a single block into another place', () => {
    const { digest: _, ...place } = run;
    expect(forged({ kind: 'zeroRun', ...place, count: 2 }, 1)).to.deep.include({ first: 0, count: 1 });
    expect(forged({ kind: 'zeroRun', ...place, count: 1 }, 1)).to.deep.include({ first: 2, count: 1 });
  });

  it('changes one byte of the data of a command', () => {
    const message = forged({ kind: 'dataOut', tag: 1, offset: 0, data: Buffer.from('abc') }, 4);
    expect(message.kind === 'dataOut' && toHex(message.data)).to.equal('614263');
  });
});
