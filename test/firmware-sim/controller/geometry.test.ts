import { expect } from 'chai';
import { Geometry } from '../../../firmware-sim/controller/geometry.js';

/** Blocks of 4096 bytes; the second volume ends three sectors into its third block. */
const geometry = new Geometry(4096, [10 * 4096, 2 * 4096 + 3 * 512]);

describe('where the blocks of volumes lie', () => {
  it('counts the short block at the end, and nothing of a volume that is not there', () => {
    expect([geometry.blocksOf(0), geometry.blocksOf(1), geometry.blocksOf(2)]).to.deep.equal([10, 3, 0]);
    expect([geometry.bytesOf(1), geometry.bytesOf(2), geometry.sectorsPerBlock]).to.deep.equal([9728, 0, 8]);
  });

  it('lets one command transfer a mebibyte, or one block that is larger', () => {
    expect(geometry.transferBlocksMax).to.equal(256);
    expect(new Geometry(2 ** 21, []).transferBlocksMax).to.equal(1);
    expect(new Geometry(2 ** 19 + 512, []).transferBlocksMax).to.equal(1);
  });

  it('finds the blocks that sectors touch', () => {
    expect(geometry.blocksTouched(0, 8)).to.deep.equal({ first: 0, count: 1 });
    expect(geometry.blocksTouched(7, 2)).to.deep.equal({ first: 0, count: 2 });
    expect(geometry.blocksTouched(8, 9)).to.deep.equal({ first: 1, count: 2 });
    expect(geometry.blocksTouched(15, 0)).to.deep.equal({ first: 1, count: 1 });
  });

  it('reads, writes and empties blocks of a volume up to its end', () => {
    expect(geometry.readVolume(0, 2, 3)).to.deep.equal({ op: 'read', lba: 16, sectors: 24 });
    expect(geometry.readVolume(1, 1, 2)).to.deep.equal({ op: 'read', lba: 8, sectors: 11 });
    expect(geometry.zeroVolume(1, 2, 1)).to.deep.equal({ op: 'unmap', ranges: [{ lba: 16, sectors: 3 }] });
    const data = Buffer.alloc(2 * 4096, 7);
    expect(geometry.writeVolume(0, 1, data)).to.deep.equal({ op: 'write', lba: 8, data });
    expect(geometry.writeVolume(1, 1, data)).to.deep.equal({ op: 'write', lba: 8, data: data.subarray(0, 11 * 512) });
  });

  it('reads and writes slots as whole blocks', () => {
    expect(geometry.readSlots(5, 2)).to.deep.equal({ op: 'read', lba: 40, sectors: 16 });
    const data = Buffer.alloc(4096, 7);
    expect(geometry.writeSlots(5, data)).to.deep.equal({ op: 'write', lba: 40, data });
  });

  it('pads what was read of a short block with zeros, and copies nothing that is whole', () => {
    const whole = Buffer.alloc(8192, 1);
    expect(geometry.padded(whole, 2)).to.equal(whole);
    const short = geometry.padded(Buffer.alloc(5000, 1), 2);
    expect([short.length, short[4999], short[5000], short[8191]]).to.deep.equal([8192, 1, 0, 0]);
  });
});
