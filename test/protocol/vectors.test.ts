import { expect } from 'chai';
import { contentDigest, GenerationDigest, RangeDigest, runDigest, zeroDigest } from '../../protocol/digest.js';
import { decodeMessage, definitions, encodeMessage, type Message } from '../../protocol/message/messages.js';
import { fromHex, toHex, vectors } from './vectors.js';

describe('golden messages', () => {
  it('name every kind of the message table', () => {
    expect(vectors.messages.map(({ message }) => message.kind)).to.have.members(definitions.map(({ kind }) => kind));
  });

  for (const { message, encoded } of vectors.messages) {
    it(`${message.kind} is encoded to the golden bytes`, () => {
      expect(toHex(encodeMessage(message as Message))).to.equal(encoded);
    });

    it(`${message.kind} is decoded from the golden bytes`, () => {
      expect(decodeMessage(fromHex(encoded))).to.deep.equal({ ok: true, message });
    });

    it(`${message.kind} is refused with any bit changed and cut at any byte`, () => {
      const bytes = fromHex(encoded);
      for (let bit = 0; bit < 8 * bytes.length; bit += 1) {
        const changed = Buffer.from(bytes);
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(decodeMessage(changed), `bit ${bit}`).to.deep.include({ ok: false });
      }
      for (let length = 0; length < bytes.length; length += 1) {
        expect(decodeMessage(bytes.subarray(0, length)), `cut at ${length}`).to.deep.include({ ok: false });
      }
    });
  }
});

describe('golden digests', () => {
  const blocks = [Buffer.alloc(4096, 7), Buffer.alloc(4096), Buffer.concat([Buffer.alloc(4095), Buffer.of(1)])];

  it('agree with the digests of contents', () => {
    const digests = blocks.map((block) => toHex(contentDigest(block)));
    expect(digests).to.deep.equal(vectors.digests.contents.map(({ digest }) => digest));
  });

  it('agree with the digest of a range', () => {
    const range = new RangeDigest();
    for (const [block, digest] of vectors.digests.range.blocks) range.add(block, fromHex(digest));
    expect(toHex(range.finish())).to.equal(vectors.digests.range.digest);
  });

  it('agree with the digest of a range of several volumes', () => {
    const range = new RangeDigest();
    for (const [volume, block, digest] of vectors.digests.volumes.blocks) {
      range.addOfVolume(volume, block, fromHex(digest));
    }
    expect(toHex(range.finish())).to.equal(vectors.digests.volumes.digest);
  });

  it('agree with the digest of a generation, zeros and all', () => {
    const generation = new GenerationDigest();
    for (const [volume, block, digest] of vectors.digests.generation.blocks) {
      generation.add(volume, block, fromHex(digest));
    }
    expect(toHex(generation.finish())).to.equal(vectors.digests.generation.digest);
  });

  it('give zeros for a range of zeros', () => {
    const range = new RangeDigest();
    range.add(5, zeroDigest);
    expect(toHex(range.finish())).to.equal(vectors.digests.zeros);
  });

  it('give a run of blocks the digest of its content digests', () => {
    const { contents, digest } = vectors.digests.run;
    expect(toHex(runDigest(fromHex(contents.join(''))))).to.equal(digest);
  });
});
