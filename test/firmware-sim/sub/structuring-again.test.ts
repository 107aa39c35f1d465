/** A disk of the sub that fails for a while, in the middle of structuring. */
import { expect } from 'chai';
import type { SimulatedDisk } from '../../../hil/simulate/simulated-disk.js';
import type { MediumCommand } from '../../../protocol/scsi/commands.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';
import { blockBytes, Lab, refusalOf, volumeBlocks } from '../lab.js';

const volumeBytes = volumeBlocks * blockBytes;

/** Makes a disk refuse every write until the function that is returned is called. */
function failWrites(disk: SimulatedDisk | undefined): () => void {
  if (disk === undefined) throw new Error('no such disk');
  const submit = disk.submit.bind(disk);
  disk.submit = (command: MediumCommand, done) => {
    if (command.op === 'write') done(checkCondition('writeError'));
    else submit(command, done);
  };
  return () => {
    disk.submit = submit;
  };
}

async function readAll(lab: Lab, site: 'host' | 'subHost'): Promise<Buffer> {
  return Buffer.from(await lab.bench.run(lab.bench[site].read(0, 0, volumeBytes)));
}

/** A sub that has committed generation 2 and could not structure it. */
async function damaged() {
  const lab = new Lab();
  await lab.write(0, 6);
  await lab.image();
  const mend = failWrites(lab.bench.subDisks.get('secondary0'));
  await lab.write(2, 3);
  const second = await lab.freeze();
  await lab.until(() => lab.bench.main.state.pairState === 'PSUE');
  expect([lab.bench.sub.replica.committed, lab.bench.sub.replica.structured]).to.deep.equal([second, 1]);
  return { lab, mend };
}

describe('a sub that could not structure its image', () => {
  it('still gives the image, and says that its disk has failed', async () => {
    const { lab } = await damaged();
    expect((await readAll(lab, 'subHost')).equals(await readAll(lab, 'host'))).to.equal(true);
    expect(lab.bench.sub.state.pairState).to.equal('PSUE');
    expect(lab.bench.main.state.reason).to.equal('disk-error');
  });

  it('structures it once the pair is brought back and the disk is well, and takes a whole image next', async () => {
    const { lab, mend } = await damaged();
    await lab.bench.pass(5_000_000);
    expect(lab.bench.sub.replica.structured, 'not by itself').to.equal(1);
    mend();
    await lab.bench.run(lab.bench.host.resync());
    await lab.until(() => lab.bench.sub.replica.structured === 2);
    expect(lab.bench.durable('secondary0').equals(await readAll(lab, 'host'))).to.equal(true);
    await lab.write(8, 1);
    await lab.image();
    const completes = lab.bench.kernel.notes.flatMap(({ device, effect }) =>
      device === 'main' && effect.kind === 'mark' && effect.name === 'complete' ? [effect.values.blocks] : [],
    );
    expect(completes, 'blocks of each image').to.deep.equal([6, 3, 7]);
    expect(lab.bench.durable('secondary0').equals(await readAll(lab, 'host'))).to.equal(true);
    expect(lab.bench.main.state.pairState).to.equal('PAIR');
  });

  it('structures it, too, when main comes back from a loss of power', async () => {
    const { lab, mend } = await damaged();
    mend();
    lab.bench.powerCut('main');
    lab.bench.powerOn('main');
    await lab.until(() => lab.bench.sub.replica.structured === 2);
  });

  it('gives it, also to a host that takes over, as long as the disk goes on failing', async () => {
    const { lab } = await damaged();
    await lab.bench.run(lab.bench.host.resync());
    await lab.bench.pass(5_000_000);
    expect(lab.bench.sub.replica.structured).to.equal(1);
    expect((await readAll(lab, 'subHost')).equals(await readAll(lab, 'host'))).to.equal(true);
    expect(await refusalOf(lab, lab.bench.subHost.takeover(true))).to.equal('not refused');
    expect((await readAll(lab, 'subHost')).equals(await readAll(lab, 'host'))).to.equal(true);
  });
});
