import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { readStamp, stampBlock, stampSpan } from '../../../host/workload/stamp.js';

const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');
const write = { volume: 0, blockBytes: 4096, write: 212, generation: 3, seed: 42 };

describe('stamped blocks', () => {
  // Expected bytes from python3: struct, zlib.crc32 and an own sfc32.
  it('have the layout that an independent implementation writes', () => {
    const sector = stampSpan(write, 17 * 4096 + 3 * 512, 512);
    expect(sector.subarray(0, 48).toString('hex')).to.equal(
      '4346574c010003001100000000000000d400000000000000030000002a0000006c6aafa998756ec6e27816d6ddf86c43',
    );
    expect(sector.subarray(508).toString('hex')).to.equal('a20b27bf');
    expect(sha256(stampBlock(write, 17))).to.equal('b1003c70912d6227661f2dd38e657c101c351852aba9a37489b58077c14b8de4');
  });

  it('carry numbers of more than 32 bits', () => {
    const large = { volume: 7, blockBytes: 512, write: 2 ** 32 + 9, generation: 4e9, seed: 0xffff_fffe };
    const sector = stampBlock(large, 2 ** 33 + 5);
    expect(sha256(sector).slice(0, 32)).to.equal('e8cebe284130af297d202b1ec9e2d61d');
    const { blockBytes, ...expected } = large;
    expect(readStamp(sector)).to.deep.equal({ ...expected, block: 2 ** 33 + 5, sector: 0 });
  });

  it('are the same whether written alone or within a longer span', () => {
    const span = stampSpan(write, 16 * 4096 + 512, 3 * 4096);
    expect(span.subarray(4096 - 512, 2 * 4096 - 512).equals(stampBlock(write, 17))).to.equal(true);
  });

  it('are read back at any offset in a buffer', () => {
    const shifted = Buffer.concat([Buffer.alloc(3), stampBlock(write, 17)]);
    expect(readStamp(shifted.subarray(3 + 512, 3 + 1024))).to.deep.include({ block: 17, sector: 1, write: 212 });
  });

  it('are not recognized once any bit of a sector has changed', () => {
    const sector = stampSpan(write, 17 * 4096, 512);
    for (let bit = 0; bit < 512 * 8; bit += 1) {
      const at = bit >> 3;
      sector[at] = (sector[at] ?? 0) ^ (1 << (bit & 7));
      expect(readStamp(sector), `bit ${bit}`).to.equal(undefined);
      sector[at] = (sector[at] ?? 0) ^ (1 << (bit & 7));
    }
    expect(readStamp(sector)).to.not.equal(undefined);
  });
});
