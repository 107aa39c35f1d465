import { expect } from 'chai';
import { fingerprintOf, siteCuts } from '../../../../hil/simulate/explore/site-cuts.js';
import { FaultyDisk } from '../../../../hil/simulate/faulty-disk.js';
import type { DiskName } from '../../../../protocol/device.js';

function diskWith(writes: readonly { readonly lba: number; readonly sectors: number }[]): FaultyDisk {
  const times = { accessUs: 10, flushUs: 10, late: false };
  const disk = new FaultyDisk({ bytes: 65_536, times, faults: [], applied: () => {} });
  for (const [index, { lba, sectors }] of writes.entries()) {
    const data = Buffer.alloc(sectors * 512, index + 1);
    disk.begin(
      { op: 'write', lba, data },
      () => {},
      () => {},
    );
  }
  return disk;
}

function imagesOf(disks: ReadonlyMap<DiskName, FaultyDisk>): string[] {
  return siteCuts(disks).cuts.map(({ image }) => fingerprintOf(image()));
}

describe('cuts of the disks of a site', () => {
  it('leave one image when nothing is at risk', () => {
    const { cuts, possible } = siteCuts(new Map([['meta', diskWith([])]]));
    expect(cuts.map(({ name }) => name)).to.deep.equal(['nothing at risk']);
    expect(possible).to.equal(1);
  });

  it('leave every subset of the sectors of all disks, and garbage in the place of each beside every subset of the others', () => {
    const disks = new Map([
      ['meta', diskWith([{ lba: 3, sectors: 2 }])],
      ['staging0', diskWith([{ lba: 0, sectors: 1 }])],
    ] as const);
    const { cuts, possible } = siteCuts(disks);
    const names = cuts.map(({ name }) => name);
    expect(names.filter((each) => !each.includes('g'))).to.have.members([
      ...['000', '100', '010', '110', '001', '101', '011', '111'],
    ]);
    expect(names.filter((each) => each.includes('g'))).to.have.members([
      ...['g00', 'g10', 'g01', 'g11', '0g0', '1g0', '0g1', '1g1', '00g', '10g', '01g', '11g'],
    ]);
    expect(possible).to.equal(20);
    expect(new Set(imagesOf(disks)).size).to.equal(20);
  });

  it('give the disks what their names say', () => {
    const disks = new Map([
      ['meta', diskWith([{ lba: 3, sectors: 2 }])],
      ['staging0', diskWith([{ lba: 0, sectors: 1 }])],
    ] as const);
    const after = siteCuts(disks)
      .cuts.find(({ name }) => name === '01g')
      ?.image();
    expect(after?.get('meta')?.peek(3, 1)[0]).to.equal(0);
    expect(after?.get('meta')?.peek(4, 1)[0]).to.equal(1);
    const spoilt = after?.get('staging0')?.peek(0, 1) ?? new Uint8Array(0);
    expect(new Set(spoilt).size).to.be.greaterThan(100);
  });

  it('have no garbage where zeros are written', () => {
    const disk = diskWith([]);
    disk.begin(
      { op: 'unmap', ranges: [{ lba: 0, sectors: 1 }] },
      () => {},
      () => {},
    );
    expect(siteCuts(new Map([['primary0', disk]])).cuts.map(({ name }) => name)).to.deep.equal(['0', '1']);
  });

  it('are a sample past eight sectors, which is told, with none, all, each alone and all but each', () => {
    const disks = new Map([['meta', diskWith([{ lba: 0, sectors: 9 }])]] as const);
    const { cuts, possible } = siteCuts(disks);
    expect(possible).to.equal(2 ** 9 + 9 * 2 ** 8);
    expect(cuts.length).to.be.lessThan(possible);
    const names = new Set(cuts.map(({ name }) => name));
    expect(names).to.include('000000000').and.include('111111111').and.include('000010000').and.include('111101111');
  });
});
