import { constants, deflateSync } from 'node:zlib';
import { expect } from 'chai';
import fc from 'fast-check';
import { inflateRun } from '../../../protocol/compression/inflate.js';
import { fromHex, toHex, vectors } from '../vectors.js';

const hexOf = (content: Uint8Array | undefined) => content && toHex(content);

describe('the content of a compressed run', () => {
  for (const { name, windowBits, content, stream } of vectors.compressed.taken) {
    it(`is taken from a stream of ${name}`, () => {
      const limits = { contentBytes: content.length / 2, windowBits };
      expect(hexOf(inflateRun(fromHex(stream), limits))).to.equal(content);
    });
  }

  for (const { name, windowBits, contentBytes, stream } of vectors.compressed.refused) {
    it(`is not taken from a stream ${name}`, () => {
      expect(inflateRun(fromHex(stream), { contentBytes, windowBits })).to.equal(undefined);
    });
  }

  it('is never another one, whichever bit of a stream has changed and wherever it was cut', () => {
    const { windowBits, content, stream } = vectors.compressed.taken[0] ?? expect.fail();
    const limits = { contentBytes: content.length / 2, windowBits };
    const bytes = fromHex(stream);
    for (let bit = 0; bit < 8 * bytes.length; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect([undefined, content], `bit ${bit}`).to.include(hexOf(inflateRun(changed, limits)));
    }
    for (let length = 0; length < bytes.length; length += 1) {
      expect(inflateRun(bytes.subarray(0, length), limits), `cut at ${length}`).to.equal(undefined);
    }
  });

  it('is as long as it has to be and in a buffer of its own, whatever the bytes of the stream', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 600 }), (noise, contentBytes) => {
        const stream = Buffer.concat([Buffer.of(0x78, 0x9c), noise]);
        const content = inflateRun(stream, { contentBytes, windowBits: 15 });
        if (content === undefined) return;
        expect([content.length, content.buffer.byteLength]).to.deep.equal([contentBytes, contentBytes]);
      }),
    );
  });

  it('is what another deflater was given, at any level, window and strategy', () => {
    const { Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED } = constants;
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('frozen ', 'kept ', 'sent\0', 'ÿ'), { minLength: 1, maxLength: 400 }),
        fc.record({
          level: fc.integer({ min: 0, max: 9 }),
          windowBits: fc.integer({ min: 9, max: 15 }),
          strategy: fc.constantFrom(Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED),
        }),
        (words, options) => {
          const content = Buffer.from(words.join(''), 'latin1');
          const limits = { contentBytes: content.length, windowBits: options.windowBits };
          expect(hexOf(inflateRun(deflateSync(content, options), limits))).to.equal(toHex(content));
        },
      ),
    );
  });
});
