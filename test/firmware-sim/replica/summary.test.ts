import { expect } from 'chai';
import { summaryOf } from '../../../firmware-sim/replica/summary.js';
import { StoredBlocks, zeroSlot } from '../../../firmware-sim/storage/stored-blocks.js';
import { fromHex, toHex, vectors } from '../../protocol/vectors.js';

const golden = vectors.digests.generation;

describe('what complete says of a generation', () => {
  it('counts its blocks, zeros among them, and has the golden digest over volumes, addresses and contents', () => {
    const volumes = [new StoredBlocks(), new StoredBlocks(), new StoredBlocks()];
    for (const [volume, block, digest] of golden.blocks) {
      volumes[volume]?.set(block, 1, /^0+$/.test(digest) ? zeroSlot : block % 100, fromHex(digest));
    }
    const { blocks, zeroBlocks, digest } = summaryOf(volumes);
    expect([blocks, zeroBlocks, toHex(digest)]).to.deep.equal([10, 8, golden.digest]);
  });

  it('is zeros for nothing', () => {
    const { blocks, zeroBlocks, digest } = summaryOf([new StoredBlocks()]);
    expect([blocks, zeroBlocks, toHex(digest)]).to.deep.equal([0, 0, '0'.repeat(32)]);
  });
});
