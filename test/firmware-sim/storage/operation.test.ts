import { expect } from 'chai';
import { describeFailure } from '../../../firmware-sim/storage/operation.js';
import { senseOf } from '../../../protocol/scsi/conditions.js';

describe('why a disk command failed', () => {
  it('is told by its sense data where there is some, else by its status', () => {
    const sense = senseOf('lbaOutOfRange', { information: 4096 });
    expect(describeFailure({ status: 'checkCondition', sense })).to.equal(
      'ILLEGAL REQUEST, 21h/00h LOGICAL BLOCK ADDRESS OUT OF RANGE, information 4096',
    );
    expect(describeFailure({ status: 'taskAborted' })).to.equal('taskAborted');
  });
});
