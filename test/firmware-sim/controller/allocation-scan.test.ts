import { expect } from 'chai';
import { AllocationScan } from '../../../firmware-sim/controller/allocation-scan.js';
import { Geometry } from '../../../firmware-sim/controller/geometry.js';
import { DiskQueue } from '../../../firmware-sim/storage/disk-queue.js';
import type { DeviceEffect } from '../../../protocol/device.js';
import type { Refusal } from '../../../protocol/refusals.js';
import { type LbaStatus, lbaStatusData } from '../../../protocol/scsi/capacity-data.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';

const geometry = new Geometry(4096, [64 * 4096]);
const mapped = (lba: number, sectors: number): LbaStatus => ({ lba, sectors, status: 'mapped' });
const hole = (lba: number, sectors: number): LbaStatus => ({ lba, sectors, status: 'deallocated' });

/** What a scan of 512 sectors finds, as runs of blocks, and how it ends, when the disk gives these answers. */
function scanned(answers: readonly (readonly LbaStatus[])[]): { readonly found: number[][]; readonly ended: string } {
  const effects: DeviceEffect[] = [];
  const disks = new DiskQueue(effects);
  const found: number[][] = [];
  let ended = 'still scanning';
  const note = (_: number, first: number, count: number) => found.push([first, count]);
  new AllocationScan(disks, geometry, 'primary', note, (failure) => {
    ended = failure?.code ?? 'done';
  }).start();
  for (const answer of answers) {
    const effect = effects.shift();
    if (effect?.kind === 'disk') disks.complete(effect.tag, { status: 'good', data: lbaStatusData(answer) }, 0);
  }
  return { found, ended };
}

describe('the scan for what a volume holds', () => {
  it('takes the runs of one answer or of several, and no more of the last than the volume has', () => {
    expect(scanned([[mapped(0, 16), hole(16, 8)], [mapped(24, 10_000)]])).to.deep.equal({
      found: [
        [0, 2],
        [3, 61],
      ],
      ended: 'done',
    });
  });

  it('takes nothing past the end of the volume, also of an answer that goes on behind it', () => {
    expect(scanned([[mapped(0, 16), hole(16, 496), mapped(512, 8), mapped(520, 8)]])).to.deep.equal({
      found: [[0, 2]],
      ended: 'done',
    });
  });

  it('fails with what the disk says', () => {
    const effects: DeviceEffect[] = [];
    const disks = new DiskQueue(effects);
    const failures: (Refusal | undefined)[] = [];
    const none = () => expect.fail('nothing was found');
    new AllocationScan(disks, geometry, 'secondary', none, (failure) => failures.push(failure)).start();
    const [effect] = effects;
    if (effect?.kind === 'disk') disks.complete(effect.tag, checkCondition('lbaOutOfRange'), 0);
    expect(failures.map((each) => each?.code)).to.deep.equal(['disk-error']);
    expect(failures[0]?.detail).to.match(/^secondary0: ILLEGAL REQUEST/);
  });

  it('takes a run that began before the sector that it asked for, from there on', () => {
    expect(scanned([[mapped(0, 16)], [mapped(8, 504)]]).found).to.deep.equal([
      [0, 2],
      [2, 62],
    ]);
  });

  for (const [what, answers] of [
    ['says nothing', [[]]],
    ['says nothing of the sectors that come next', [[mapped(0, 16)], [mapped(24, 488)]]],
    ['goes back', [[mapped(0, 16)], [mapped(0, 16)]]],
    ['has a run of no sectors', [[hole(0, 0)]]],
  ] as const) {
    it(`fails, and does not go on for ever, when an answer ${what}`, () => {
      expect(scanned(answers).ended).to.equal('disk-error');
    });
  }
});
