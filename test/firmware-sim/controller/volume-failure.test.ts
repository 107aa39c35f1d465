import { expect } from 'chai';
import { Geometry } from '../../../firmware-sim/controller/geometry.js';
import { spoiltContent, volumeFailure } from '../../../firmware-sim/controller/volume-failure.js';
import type { Failure } from '../../../firmware-sim/storage/operation.js';
import { checkCondition, senseOf } from '../../../protocol/scsi/conditions.js';

describe('what a host is told of a failed disk', () => {
  const geometry = new Geometry(2048, [1 << 20]);
  const held = [geometry.slotSectors(3, 10, 2), geometry.slotSectors(9, 12, 1)];

  it('names the sector of the volume where the disk named that of a slot', () => {
    for (const [said, told] of [
      [12, 40],
      [19, 47],
      [36, 48],
      [39, 51],
    ] as const) {
      const failure = checkCondition('writeError', { information: said });
      expect(volumeFailure(failure, held)).to.deep.equal(checkCondition('writeError', { information: told }));
    }
  });

  it('names none where the disk named a sector of something else', () => {
    for (const information of [0, 11, 20, 35, 40]) {
      const told = volumeFailure(checkCondition('writeError', { information }), held);
      expect(told).to.deep.equal({ status: 'checkCondition', sense: senseOf('writeError') });
    }
  });

  it('is otherwise what the disk said', () => {
    const failures: Failure[] = [{ status: 'busy' }, checkCondition('hardwareFailure')];
    for (const failure of failures) expect(volumeFailure(failure, held)).to.equal(failure);
  });

  it('is a medium error where the disk gave something else than was stored', () => {
    expect(spoiltContent(48)).to.deep.equal(checkCondition('unrecoveredReadError', { information: 48 }));
  });
});
