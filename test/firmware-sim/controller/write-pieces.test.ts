import { expect } from 'chai';
import { cutPieces, firstDifference, isWrite, writePieces } from '../../../firmware-sim/controller/write-pieces.js';

describe('what a command changes', () => {
  it('is known of the four commands that change anything', () => {
    const data = Buffer.alloc(512);
    expect(isWrite({ op: 'write', lba: 0, data })).to.equal(true);
    expect(isWrite({ op: 'writeSame', lba: 0, sectors: 1, pattern: data, unmap: false })).to.equal(true);
    expect(isWrite({ op: 'unmap', ranges: [] })).to.equal(true);
    expect(isWrite({ op: 'compareAndWrite', lba: 0, compare: data, data })).to.equal(true);
    expect(isWrite({ op: 'read', lba: 0, sectors: 1 })).to.equal(false);
    expect(isWrite({ op: 'synchronizeCache', lba: 0, sectors: 0 })).to.equal(false);
  });

  it('is the data of a write, in sectors, and nothing for a write of none', () => {
    const data = Buffer.alloc(1536, 7);
    expect(writePieces({ op: 'write', lba: 9, data })).to.deep.equal([{ lba: 9, sectors: 3, data }]);
    expect(writePieces({ op: 'compareAndWrite', lba: 9, compare: data, data })).to.deep.equal([
      { lba: 9, sectors: 3, data },
    ]);
    expect(writePieces({ op: 'write', lba: 9, data: data.subarray(0, 0) })).to.deep.equal([]);
  });

  it('is zeros for each range of an unmap that has sectors', () => {
    const ranges = [
      { lba: 1, sectors: 2 },
      { lba: 5, sectors: 0 },
      { lba: 9, sectors: 1 },
    ];
    expect(writePieces({ op: 'unmap', ranges })).to.deep.equal([
      { lba: 1, sectors: 2, data: undefined },
      { lba: 9, sectors: 1, data: undefined },
    ]);
  });

  it('is the pattern of a write same, once for each sector, or zeros', () => {
    const pattern = Buffer.alloc(512);
    pattern[511] = 3;
    const same = { op: 'writeSame', lba: 4, sectors: 2, unmap: true } as const;
    expect(writePieces({ ...same, pattern })).to.deep.equal([
      { lba: 4, sectors: 2, data: Buffer.concat([pattern, pattern]) },
    ]);
    expect(writePieces({ ...same, pattern: Buffer.alloc(512) })).to.deep.equal([
      { lba: 4, sectors: 2, data: undefined },
    ]);
  });
});

describe('the first byte that differs', () => {
  it('is found wherever it is, also past the end of the shorter', () => {
    const bytes = (hex: string) => Buffer.from(hex, 'hex');
    expect(firstDifference(bytes('010203'), bytes('010203'))).to.equal(undefined);
    expect(firstDifference(bytes('010203'), bytes('010204'))).to.equal(2);
    expect(firstDifference(bytes('0102'), bytes('010200'))).to.equal(2);
    expect(firstDifference(bytes('ff02'), bytes('01'))).to.equal(0);
    expect(firstDifference(bytes(''), bytes(''))).to.equal(undefined);
  });
});

describe('pieces that are cut', () => {
  const cut = (lba: number, sectors: number, data?: Uint8Array) =>
    [...cutPieces([{ lba, sectors, data }], 8)].map((piece) => `${piece.lba}+${piece.sectors}`);

  it('end at multiples of the most that one may have', () => {
    expect(cut(3, 20)).to.deep.equal(['3+5', '8+8', '16+7']);
    expect([cut(8, 8), cut(8, 9), cut(7, 1), cut(7, 2)]).to.deep.equal([
      ['8+8'],
      ['8+8', '16+1'],
      ['7+1'],
      ['7+1', '8+1'],
    ]);
  });

  it('are whole where they have data, and none where they have no sectors', () => {
    const data = Buffer.alloc(20 * 512, 7);
    expect([...cutPieces([{ lba: 3, sectors: 20, data }], 8)]).to.deep.equal([{ lba: 3, sectors: 20, data }]);
    expect(cut(3, 0)).to.deep.equal([]);
  });

  it('come in the order of what is cut', () => {
    const pieces = [
      { lba: 20, sectors: 6, data: undefined },
      { lba: 0, sectors: 1, data: undefined },
    ];
    expect([...cutPieces(pieces, 8)].map(({ lba }) => lba)).to.deep.equal([20, 24, 0]);
  });
});
