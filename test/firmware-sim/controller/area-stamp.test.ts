import { crc32 } from 'node:zlib';
import { expect } from 'chai';
import { decodeStamp, encodeStamp, sameStamp } from '../../../firmware-sim/controller/area-stamp.js';

const stamp = { pair: Buffer.alloc(16, 7), place: 'staging', volume: 3 } as const;

describe('the stamp of an area', () => {
  it('is read as it was written', () => {
    const found = decodeStamp(encodeStamp(stamp));
    expect(found && sameStamp(found, stamp)).to.equal(true);
  });

  it('is none with any bit of it changed', () => {
    for (let bit = 0; bit < 8 * 32; bit += 1) {
      const sector = encodeStamp(stamp);
      sector.writeUInt8(sector.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(decodeStamp(sector), `bit ${bit}`).to.equal(undefined);
    }
  });

  it('is none that is cut short', () => {
    const sector = encodeStamp(stamp);
    for (const length of [0, 8, 31]) expect(decodeStamp(sector.subarray(0, length)), `${length}`).to.equal(undefined);
    expect(decodeStamp(sector.subarray(0, 32))?.volume).to.equal(3);
  });

  it('of a place that this version does not know belongs to somebody: it is not taken for one of ours', () => {
    const sector = encodeStamp(stamp);
    sector.writeUInt8(9, 24);
    sector.writeUInt32LE(crc32(sector.subarray(0, 28)), 28);
    const found = decodeStamp(sector);
    expect(found?.place).to.equal('unknown');
    expect(found && sameStamp(found, stamp)).to.equal(false);
  });
});
