import { expect } from 'chai';
import fc from 'fast-check';
import { cobsBytesMax, cobsDecode, cobsEncode } from '../../../protocol/frame/cobs.js';
import { fromHex, toHex, vectors } from '../vectors.js';

function encode(source: Buffer): Buffer {
  const into = Buffer.alloc(cobsBytesMax(source.length) + 2, 0xee);
  const end = cobsEncode(source, into, 1);
  expect([into[0], into[end]], 'bytes around the result').to.deep.equal([0xee, 0xee]);
  return into.subarray(1, end);
}

function decode(source: Buffer): Buffer | undefined {
  const into = Buffer.alloc(source.length + 1, 0xee);
  const length = cobsDecode(source, into);
  if (length >= 0) expect(into[length], 'byte after the result').to.equal(0xee);
  return length < 0 ? undefined : into.subarray(0, length);
}

/** Bytes in which zeros are rare, usual, or nearly all there is. */
const anyBytes = fc
  .tuple(fc.uint8Array({ maxLength: 1200, size: 'max' }), fc.constantFrom(0xff, 0x01, 0x03), fc.boolean())
  .map(([bytes, mask, full]) => Buffer.from(bytes.map((byte) => (full ? byte | 1 : byte & mask))));

describe('COBS', () => {
  for (const { name, decoded, encoded } of vectors.cobs) {
    it(`encodes and decodes the golden bytes: ${name}`, () => {
      expect(toHex(encode(fromHex(decoded)))).to.equal(encoded);
      expect(toHex(decode(fromHex(encoded)) ?? Buffer.from('refused'))).to.equal(decoded);
    });
  }

  it('gives back any bytes, holds no zero and stays within its bound', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const encoded = encode(bytes);
        expect(encoded.includes(0)).to.equal(false);
        expect(encoded.length).to.be.at.most(cobsBytesMax(bytes.length));
        expect(decode(encoded)?.equals(bytes)).to.equal(true);
      }),
    );
  });

  it('takes a byte for each 254, and one', () => {
    expect([0, 1, 253, 254, 507, 508].map(cobsBytesMax)).to.deep.equal([1, 2, 254, 256, 509, 511]);
  });

  it('takes an empty block after a final block of 254', () => {
    const full = Buffer.alloc(254, 9);
    expect(decode(Buffer.concat([Buffer.of(0xff), full, Buffer.of(1)]))?.equals(full)).to.equal(true);
  });

  it('refuses nothing at all, a zero, and a block that passes the end', () => {
    for (const hex of ['', '00', '021100', '03110033', '0311', '05112233', 'ff11']) {
      expect(decode(fromHex(hex)), hex).to.equal(undefined);
    }
  });
});
