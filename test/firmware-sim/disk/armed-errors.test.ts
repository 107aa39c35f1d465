import { expect } from 'chai';
import { ArmedErrors } from '../../../firmware-sim/disk/armed-errors.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';

const read = { op: 'read', lba: 0, sectors: 1 } as const;
const write = { op: 'write', lba: 0, data: Buffer.alloc(512) } as const;
const flush = { op: 'synchronizeCache', lba: 0, sectors: 0 } as const;

describe('errors of a disk on order', () => {
  it('end the next so many commands of their kind, as a bad medium would, and no others', () => {
    const errors = new ArmedErrors();
    expect([read, write, flush].map((each) => errors.faultOf(each))).to.deep.equal([undefined, undefined, undefined]);
    errors.arm('read', 2);
    errors.arm('write', 1);
    const fault = (name: 'unrecoveredReadError' | 'writeError') => ({
      ...{ kind: 'complete', completion: checkCondition(name) },
    });
    expect([flush, read, write, write, read, read].map((each) => errors.faultOf(each))).to.deep.equal([
      ...[undefined, fault('unrecoveredReadError'), fault('writeError'), undefined],
      ...[fault('unrecoveredReadError'), undefined],
    ]);
  });

  it('are gone when they are taken back, or the disk is mended', () => {
    const errors = new ArmedErrors();
    for (const command of ['read', 'write'] as const) errors.arm(command, 9);
    errors.arm('read', 0);
    expect([read, write].map((each) => errors.faultOf(each) === undefined)).to.deep.equal([true, false]);
    errors.clear();
    expect(errors.faultOf(write)).to.equal(undefined);
  });
});
