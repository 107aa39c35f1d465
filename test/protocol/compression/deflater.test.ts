import { createHash } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import { expect } from 'chai';
import fc from 'fast-check';
import { Deflater } from '../../../protocol/compression/deflater.js';
import { toHex, vectors } from '../vectors.js';

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');

/** The content of the golden streams, as vectors.json describes it. */
function goldenContent(): Buffer {
  const parts = Array.from({ length: 3000 }, (_, at) => sha256(String(at)).slice(0, at % 60));
  return Buffer.from(parts.join('')).subarray(0, 65536);
}

/** What an inflater with just this window makes of a stream: it hands its output on in small pieces. */
function inflated(stream: Uint8Array, windowBits: number): Buffer {
  return inflateSync(stream, { windowBits, chunkSize: 64 });
}

describe('a deflater', () => {
  const content = goldenContent();

  it('makes the bytes that zlib makes, in every window', () => {
    const { contentDigest, streams } = vectors.compressed.made;
    expect(sha256(content)).to.equal(contentDigest);
    const made = streams.map(({ windowBits }) => {
      const stream = new Deflater(windowBits).deflate(content, content.length) ?? expect.fail();
      return { windowBits, bytes: stream.length, digest: sha256(stream) };
    });
    expect(made).to.deep.equal(streams);
  });

  it('forgets what it compressed before', () => {
    const deflater = new Deflater(12);
    const first = toHex(deflater.deflate(content, content.length) ?? Buffer.alloc(0));
    deflater.deflate(Buffer.alloc(100_000, 'another'), 100_000);
    expect(deflater.deflate(content, 1000), 'given up in the middle').to.equal(undefined);
    expect(toHex(deflater.deflate(content, content.length) ?? Buffer.alloc(0))).to.equal(first);
  });

  it('gives up what would be longer than it may be, by one byte too', () => {
    const deflater = new Deflater(15);
    const { length } = deflater.deflate(content, content.length) ?? expect.fail();
    expect(deflater.deflate(content, length)).to.have.length(length);
    expect(deflater.deflate(content, length - 1)).to.equal(undefined);
  });

  it('makes streams that an inflater with just its window takes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 9, max: 15 }),
        fc.array(fc.constantFrom('a', 'bc', 'def', 'ghijklmnopqrst', '0123456789'.repeat(70), '\0'.repeat(5000)), {
          minLength: 1,
          maxLength: 60,
        }),
        (windowBits, words) => {
          const data = Buffer.from(words.join(''));
          const stream = new Deflater(windowBits).deflate(data, data.length + 100) ?? expect.fail();
          expect(inflated(stream, windowBits).equals(data)).to.equal(true);
        },
      ),
      { numRuns: 60 },
    );
  });
});
