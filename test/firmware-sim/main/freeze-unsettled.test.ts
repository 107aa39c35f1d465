/** A freeze behind a host write that failed: what lies in the disk's cache alone is in no image. */
import { expect } from 'chai';
import type { SimulatedDisk } from '../../../hil/simulate/simulated-disk.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';
import { blockBytes, Lab, refusalOf } from '../lab.js';

/** Makes the flushes of a disk fail, or counts them; until told otherwise. */
function flushesOf(disk: SimulatedDisk | undefined): { failing: boolean; ended: number } {
  if (disk === undefined) throw new Error('no such disk');
  const flushes = { failing: false, ended: 0 };
  const begin = disk.begin.bind(disk);
  disk.begin = (command, schedule, done) => {
    if (command.op === 'synchronizeCache') flushes.ended += 1;
    if (command.op !== 'synchronizeCache' || !flushes.failing) begin(command, schedule, done);
    else schedule(100, () => done(checkCondition('writeError')));
  };
  return flushes;
}

async function withFailedWrite(method: 'differential' | 'streaming') {
  const lab = new Lab({ method });
  await lab.write(0, 4);
  await lab.image();
  const flushes = flushesOf(lab.bench.disks.get('primary0'));
  flushes.failing = true;
  const failed = lab.bench.host.write(0, blockBytes, Buffer.alloc(blockBytes, 'failed')).done;
  expect(await refusalOf(lab, failed)).to.equal('scsi-error');
  return { lab, flushes };
}

describe('a freeze behind a host write that failed', () => {
  it('is refused while the disk does not make its cache durable, and nothing is frozen', async () => {
    const { lab, flushes } = await withFailedWrite('differential');
    expect(await refusalOf(lab, lab.startFreeze())).to.equal('disk-error');
    expect([lab.bench.main.state.lastFrozen, lab.bench.main.state.transfer]).to.deep.equal([1, undefined]);
    flushes.failing = false;
    await lab.write(9, 1);
    expect(await lab.image()).to.equal(2);
  });

  it('flushes once more, and then holds what the disk holds', async () => {
    const { lab, flushes } = await withFailedWrite('differential');
    flushes.failing = false;
    const before = flushes.ended;
    await lab.image();
    expect(flushes.ended - before).to.equal(1);
    await lab.image();
    expect(flushes.ended - before, 'the next one has no reason to').to.equal(1);
  });

  it('and a stream sends nothing of that volume meanwhile', async () => {
    const { lab, flushes } = await withFailedWrite('streaming');
    await lab.bench.pass(1_000_000);
    expect(lab.bench.main.state.volume(0).streamed.size).to.equal(0);
    flushes.failing = false;
    await lab.image();
    expect(lab.bench.main.state.committed).to.equal(2);
  });
});
