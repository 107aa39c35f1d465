import { expect } from 'chai';
import { mediumFault } from '../../../firmware-sim/disk/medium-limits.js';
import type { MediumCommand } from '../../../protocol/scsi/commands.js';
import { senseOf } from '../../../protocol/scsi/conditions.js';
import { defaultLimits } from '../../../protocol/scsi/unit-profile.js';

const capacitySectors = 100;
const limits = { ...defaultLimits, transferSectorsMax: 16, compareAndWriteSectorsMax: 4 };
const faultOf = (command: MediumCommand) => mediumFault(command, { capacitySectors, limits });
const sectors = (count: number) => Buffer.alloc(count * 512, 1);
const outside = (information: number) => senseOf('lbaOutOfRange', { information });
const tooLong = senseOf('invalidFieldInCdb');

describe('what a medium command must keep to', () => {
  it('is the end of the medium, and the first sector past it is told', () => {
    expect(faultOf({ op: 'compareAndWrite', lba: 98, compare: sectors(2), data: sectors(2) })).to.equal(undefined);
    expect(faultOf({ op: 'compareAndWrite', lba: 98, compare: sectors(3), data: sectors(3) })).to.deep.equal(
      outside(100),
    );
    expect(faultOf({ op: 'read', lba: 130, sectors: 1 })).to.deep.equal(outside(130));
    expect(faultOf({ op: 'getLbaStatus', lba: 99, allocationBytes: 24 })).to.equal(undefined);
    expect(faultOf({ op: 'getLbaStatus', lba: 140, allocationBytes: 24 })).to.deep.equal(outside(140));
  });

  it('is the end of the medium for each range of an unmap', () => {
    const unmap = (...ranges: { lba: number; sectors: number }[]) => faultOf({ op: 'unmap', ranges });
    expect(unmap({ lba: 0, sectors: 100 }, { lba: 99, sectors: 1 })).to.equal(undefined);
    expect(unmap({ lba: 0, sectors: 4 }, { lba: 99, sectors: 2 }, { lba: 5, sectors: 1 })).to.deep.equal(outside(100));
    expect(unmap({ lba: 120, sectors: 1 }, { lba: 130, sectors: 1 })).to.deep.equal(outside(120));
    expect(unmap()).to.equal(undefined);
  });

  it('is the longest transfer, where data is transferred', () => {
    expect(faultOf({ op: 'verify', lba: 0, sectors: 16, data: sectors(16) })).to.equal(undefined);
    expect(faultOf({ op: 'verify', lba: 0, sectors: 17, data: sectors(17) })).to.deep.equal(tooLong);
    expect(faultOf({ op: 'verify', lba: 0, sectors: 17 })).to.equal(undefined);
    expect(faultOf({ op: 'compareAndWrite', lba: 0, compare: sectors(4), data: sectors(4) })).to.equal(undefined);
    expect(faultOf({ op: 'compareAndWrite', lba: 0, compare: sectors(5), data: sectors(5) })).to.deep.equal(tooLong);
  });

  it('is whole sectors of as much data as it says: whoever hands over other data made a mistake', () => {
    const data = sectors(2).subarray(1);
    expect(() => faultOf({ op: 'write', lba: 0, data })).to.throw('not whole sectors');
    expect(() => faultOf({ op: 'verify', lba: 0, sectors: 3, data: sectors(2) })).to.throw('verify data');
    expect(() => faultOf({ op: 'writeSame', lba: 0, sectors: 1, pattern: sectors(2), unmap: false })).to.throw(
      'pattern',
    );
    expect(() => faultOf({ op: 'compareAndWrite', lba: 0, compare: sectors(1), data: sectors(2) })).to.throw('compare');
  });
});
