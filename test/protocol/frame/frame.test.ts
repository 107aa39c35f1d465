import { crc32 } from 'node:zlib';
import { expect } from 'chai';
import { crc32 as crc32OfPackage } from 'crc';
import fc from 'fast-check';
import { cobsBytesMax, cobsEncode } from '../../../protocol/frame/cobs.js';
import { decodeFrame, encodeFrame, type Frame, markOf } from '../../../protocol/frame/frame.js';
import { encodedFrameBytesMax, framePayloadBytesMax } from '../../../protocol/limits.js';
import { markOfLink } from '../../../protocol/link/handshake.js';
import type { Priority } from '../../../protocol/message/message.js';
import { fromHex, toHex, vectors } from '../vectors.js';

/** What the golden description of a frame stands for. */
function frameOf({ kind, sequence, payload }: (typeof vectors.frames)[number]): Frame {
  const bytes = fromHex(payload);
  if (kind === 0x40) return { kind: 'acknowledgement', payload: bytes };
  if (kind === 0x80) return { kind: 'open', payload: bytes };
  const priority = (kind >> 4) as Priority;
  return { kind: 'data', priority, first: (kind & 8) !== 0, last: (kind & 4) !== 0, sequence, payload: bytes };
}

function codeOf(encoded: Uint8Array, mark = 0): string {
  const decoded = decodeFrame(encoded, mark);
  return decoded.ok ? 'taken' : decoded.refusal.code;
}

const withoutDelimiter = (encoded: Uint8Array): Uint8Array => encoded.subarray(0, -1);

/** COBS of any bytes, for frames that no encoder of ours makes. */
function stuffed(plain: Buffer): Buffer {
  const into = Buffer.alloc(cobsBytesMax(plain.length));
  return into.subarray(0, cobsEncode(plain, into, 0));
}

describe('frame', () => {
  for (const golden of vectors.frames) {
    const encoded = fromHex(golden.encoded);

    it(`is encoded and decoded as the golden bytes say: ${golden.name}`, () => {
      expect(toHex(encodeFrame(frameOf(golden), golden.mark))).to.equal(golden.encoded);
      expect(decodeFrame(withoutDelimiter(encoded), golden.mark)).to.deep.equal({ ok: true, frame: frameOf(golden) });
      expect(markOf(withoutDelimiter(encoded))).to.equal(golden.mark);
    });

    it(`is refused with any bit changed: ${golden.name}`, () => {
      for (let bit = 0; bit < 8 * (encoded.length - 1); bit += 1) {
        const changed = Buffer.from(withoutDelimiter(encoded));
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(codeOf(changed, golden.mark), `bit ${bit}`).to.match(/^frame-/);
      }
    });

    it(`is refused cut at any byte, from either end: ${golden.name}`, () => {
      for (let at = 1; at < encoded.length - 1; at += 1) {
        expect(codeOf(encoded.subarray(0, at), golden.mark), `ends at ${at}`).to.match(/^frame-/);
        expect(codeOf(encoded.subarray(at, -1), golden.mark), `begins at ${at}`).to.match(/^frame-/);
      }
    });
  }

  it('has the mark that the golden bytes give two link ids', () => {
    for (const { sender, receiver, mark } of vectors.marks) {
      expect(markOfLink(BigInt(`0x${sender}`), BigInt(`0x${receiver}`))).to.equal(mark);
    }
  });

  it('costs eight bytes with its delimiter, and what COBS adds', () => {
    const frame: Frame = {
      kind: 'data',
      priority: 2,
      first: true,
      last: true,
      sequence: 1,
      payload: Buffer.alloc(100, 1),
    };
    expect(encodeFrame(frame, 0).length).to.equal(100 + 8 + 1);
  });

  it('of another link is refused by its check', () => {
    const golden = vectors.frames[0];
    expect(golden && codeOf(withoutDelimiter(fromHex(golden.encoded)), golden.mark ^ 1)).to.equal('frame-checksum');
  });

  it('that opens a link has no mark, whatever the link’s is', () => {
    const golden = vectors.frames.find(({ kind }) => kind === 0x80);
    if (golden === undefined) throw new Error('there are golden opens');
    const mark = 0x12345678;
    expect(toHex(encodeFrame(frameOf(golden), mark))).to.equal(golden.encoded);
    expect(codeOf(withoutDelimiter(fromHex(golden.encoded)), mark)).to.equal('taken');
  });

  it('that is none has no mark', () => {
    for (const hex of ['0511', '03110205', '0411', '']) expect(markOf(fromHex(hex)), hex).to.equal(undefined);
  });

  it('names what is wrong with it', () => {
    const reserved = Buffer.from('c1010199999999', 'hex');
    reserved.writeUInt32LE(crc32(reserved.subarray(0, 3)), 3);
    expect(codeOf(Buffer.from('0511', 'hex'))).to.equal('frame-encoding');
    expect(codeOf(Buffer.from('03110205', 'hex'))).to.equal('frame-encoding');
    expect(codeOf(Buffer.from('01', 'hex'))).to.equal('frame-length');
    expect(codeOf(Buffer.from('07111111111111', 'hex'))).to.equal('frame-length');
    expect(codeOf(Buffer.alloc(encodedFrameBytesMax + 1, 1))).to.equal('frame-length');
    // Too long is told first: its last block passes the end, too.
    expect(codeOf(Buffer.alloc(encodedFrameBytesMax + 1, 5))).to.equal('frame-length');
    expect(codeOf(Buffer.from('0811111111111111', 'hex').subarray(0, 8))).to.equal('frame-checksum');
    expect(codeOf(stuffed(reserved))).to.equal('frame-kind');
  });

  it('with reserved bits, a fourth priority or a number that it has not is refused', () => {
    // Opens and acknowledgements have no sequence number.
    for (const kind of [0x01, 0x02, 0x3c, 0x40, 0x41, 0x80, 0x81, 0xc0, 0xff]) {
      const plain = Buffer.from([kind, 1, 1, 0, 0, 0, 0]);
      plain.writeUInt32LE(crc32(plain.subarray(0, 3)), 3);
      expect(codeOf(stuffed(plain)), `kind ${kind}`).to.equal('frame-kind');
    }
  });

  it('of the largest size survives, one byte more is refused', () => {
    const frameWith = (length: number, byte = 5): Frame => ({
      kind: 'data',
      priority: 0,
      first: true,
      last: true,
      sequence: 0,
      payload: Buffer.alloc(length, byte),
    });
    expect(codeOf(withoutDelimiter(encodeFrame(frameWith(framePayloadBytesMax), 0)))).to.equal('taken');
    for (const byte of [0, 5]) {
      const longer = encodeFrame(frameWith(framePayloadBytesMax + 1, byte), 0);
      expect(codeOf(withoutDelimiter(longer)), `of bytes ${byte}`).to.equal('frame-length');
    }
  });

  it('decoder takes or refuses any bytes, and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        expect(codeOf(bytes)).to.match(/^(taken|frame-)/);
      }),
    );
  });
});

describe('checksum', () => {
  it('of zlib agrees with the golden bytes and with the crc package', () => {
    for (const { data, crc } of vectors.crc32) {
      expect(crc32(fromHex(data))).to.equal(crc);
      expect(crc32OfPackage(fromHex(data))).to.equal(crc);
    }
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(crc32(bytes)).to.equal(crc32OfPackage(Buffer.from(bytes)));
      }),
    );
  });
});
