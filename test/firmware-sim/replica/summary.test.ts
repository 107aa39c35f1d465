import { expect } from 'chai';
import { StepwiseSummary, summaryOf, summedPerTurn } from '../../../firmware-sim/replica/summary.js';
import { StoredBlocks, zeroSlot } from '../../../firmware-sim/storage/stored-blocks.js';
import { generation } from '../../../protocol/ids.js';
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

describe('a summary made in steps', () => {
  const large = () => {
    const volumes = [new StoredBlocks(), new StoredBlocks()];
    const digests = Buffer.alloc(64 * 16, 3);
    for (let first = 0; first < summedPerTurn; first += 64) volumes[0]?.set(first, 64, zeroSlot, digests);
    volumes[1]?.set(5, 1, zeroSlot, Buffer.alloc(16));
    return volumes;
  };

  it('is there at once for a small image', () => {
    const volumes = [new StoredBlocks()];
    volumes[0]?.set(7, 1, zeroSlot, Buffer.alloc(16, 9));
    expect(new StepwiseSummary().next(generation(1), volumes, 5)).to.deep.equal(summaryOf(volumes));
  });

  it('is not even begun in the first step for a large one, and the same as in one go in the end', () => {
    const volumes = large();
    const summary = new StepwiseSummary();
    const turns = [0, 999, 1000, 2000].map((nowUs) => summary.next(generation(1), volumes, nowUs));
    expect(turns).to.deep.equal([undefined, undefined, undefined, summaryOf(volumes)]);
    expect(summary.next(generation(1), volumes, 2000), 'and is remembered').to.equal(turns[3]);
    expect(summary.deadline()).to.equal(undefined);
  });

  it('is made anew for another generation, and when what is held has changed', () => {
    const volumes = large();
    const summary = new StepwiseSummary();
    const first = summary.all(generation(1), volumes);
    volumes[1]?.delete(5);
    expect(summary.all(generation(2), volumes).blocks).to.equal(first.blocks - 1);
    volumes[1]?.set(6, 2, zeroSlot, Buffer.alloc(32, 1));
    summary.forget();
    expect(summary.all(generation(2), volumes)).to.deep.equal(summaryOf(volumes));
  });

  it('of which only a part was made is given up with it', () => {
    const volumes = large();
    const summary = new StepwiseSummary();
    for (const nowUs of [0, 1000]) summary.next(generation(1), volumes, nowUs);
    expect(summary.deadline()).to.equal(2000);
    volumes[0]?.delete(0, 64);
    summary.forget();
    expect(summary.all(generation(1), volumes)).to.deep.equal(summaryOf(volumes));
  });
});
