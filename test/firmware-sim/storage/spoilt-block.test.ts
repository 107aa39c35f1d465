import { expect } from 'chai';
import { firstSpoilt } from '../../../firmware-sim/storage/spoilt-block.js';
import { contentDigests } from '../../../protocol/digest.js';

describe('content held against its digests', () => {
  const content = () => Buffer.concat([Buffer.alloc(1024, 'a'), Buffer.alloc(1024), Buffer.alloc(1024, 'c')]);
  const digests = contentDigests(content(), 1024);

  it('is whole when each block has its digest', () => {
    expect(firstSpoilt(content(), digests, 1024)).to.equal(undefined);
    expect(firstSpoilt(new Uint8Array(0), new Uint8Array(0), 1024)).to.equal(undefined);
  });

  it('is spoilt from the first block on that has another one', () => {
    for (const [byte, block] of [
      [0, 0],
      [1023, 0],
      [1024, 1],
      [3071, 2],
    ] as const) {
      const spoilt = content();
      spoilt.writeUInt8(7, byte);
      expect(firstSpoilt(spoilt, digests, 1024), `byte ${byte}`).to.equal(block);
    }
    expect(firstSpoilt(Buffer.alloc(3072, '?'), digests, 1024)).to.equal(0);
  });
});
