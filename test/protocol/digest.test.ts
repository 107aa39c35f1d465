import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { contentDigest, contentDigests, isZero, RangeDigest, sameDigest, zeroDigest } from '../../protocol/digest.js';
import { toHex } from './vectors.js';

const sixteen = (text: string) => toHex(createHash('sha256').update(text).digest()).slice(0, 32);

describe('digests', () => {
  it('tell zeros from anything else, wherever it stands', () => {
    for (const length of [0, 1, 4096, 65_536, 65_537, 200_000]) {
      expect(isZero(new Uint8Array(length)), `${length} zeros`).to.equal(true);
      for (const at of [0, 1, 4095, 65_535, 65_536, 131_072, length - 1]) {
        if (at < 0 || at >= length) continue;
        const data = new Uint8Array(length);
        data[at] = 1;
        expect(isZero(data), `byte ${at} of ${length}`).to.equal(false);
      }
    }
  });

  it('look at the bytes of a view and at no others', () => {
    const around = Buffer.concat([Buffer.of(1), Buffer.alloc(100), Buffer.of(1)]);
    expect(isZero(around.subarray(1, 101))).to.equal(true);
  });

  it('of blocks stand one after the other, 16 bytes each', () => {
    const data = Buffer.concat([Buffer.alloc(512), Buffer.alloc(512, 'b'), Buffer.alloc(512, 'c')]);
    expect(toHex(contentDigests(data, 512))).to.equal(
      '0'.repeat(32) + sixteen('b'.repeat(512)) + sixteen('c'.repeat(512)),
    );
    expect(contentDigests(new Uint8Array(0), 512)).to.have.length(0);
    expect(contentDigest(Buffer.alloc(9))).to.equal(zeroDigest);
  });

  it('are the same only when all their bytes are', () => {
    const digest = contentDigest(Buffer.from('abc'));
    expect(sameDigest(digest, Uint8Array.from(digest))).to.equal(true);
    expect(sameDigest(digest, digest.subarray(0, 15))).to.equal(false);
    expect(
      sameDigest(
        digest,
        Uint8Array.from(digest, (byte, index) => (index === 15 ? byte ^ 1 : byte)),
      ),
    ).to.equal(false);
  });

  it('of ranges leave out zeros, of one volume and of several', () => {
    const some = contentDigest(Buffer.from('abc'));
    for (const add of ['add', 'addOfVolume'] as const) {
      const digest = (blocks: readonly (readonly [number, Uint8Array])[]) => {
        const range = new RangeDigest();
        for (const [block, each] of blocks) add === 'add' ? range.add(block, each) : range.addOfVolume(1, block, each);
        return toHex(range.finish());
      };
      expect(digest([[5, zeroDigest]])).to.equal('0'.repeat(32));
      expect(
        digest([
          [4, zeroDigest],
          [5, some],
          [6, zeroDigest],
        ]),
      ).to.equal(digest([[5, some]]));
      expect(digest([[5, some]])).to.not.equal(digest([[6, some]]));
      expect(digest([[5, some]])).to.have.length(32);
    }
  });
});
