/** What crosses the line between the controllers of an image that the sub has most of already. */
import { expect } from 'chai';
import { Random } from '../../hil/random.js';
import { blockBytes, Lab } from '../firmware-sim/lab.js';

const blocks = 256;
const volumeBytes = blocks * blockBytes;
const noise = (name: string, bytes = volumeBytes) => new Random(name).fill(Buffer.alloc(bytes));

/** A pair with one image of these contents. */
async function imaged(method: 'copy' | 'differential', heldRuns = true): Promise<Lab> {
  const lab = new Lab({ volumes: [volumeBytes], method, heldRuns });
  await lab.bench.run(lab.bench.host.write(0, 0, noise('first')).done);
  await lab.image();
  await lab.bench.pass(1_000_000);
  return lab;
}

/** Bytes on the line, both ways, until the image that this makes is structured; it must be what main has. */
async function carriedBy(lab: Lab, what: () => Promise<unknown>): Promise<number> {
  const carried = () => lab.bench.lines.remote.counts().reduce((sum, { carriedBytes }) => sum + carriedBytes, 0);
  const before = carried();
  await what();
  await lab.bench.pass(2_000_000);
  expect(lab.bench.durable('secondary0').equals(lab.bench.durable('primary0')), 'the image').to.equal(true);
  return carried() - before;
}

describe('an image that the sub has most of', () => {
  it('costs little where all of it is copied each time', async () => {
    const lab = await imaged('copy');
    expect(await carriedBy(lab, () => lab.image())).to.be.below(volumeBytes / 100);
    const changes = [3, 77, 255].map((block) => ({ at: block * blockBytes, data: noise(`${block}`, blockBytes) }));
    for (const { at, data } of changes) await lab.bench.run(lab.bench.host.write(0, at, data).done);
    const few = await carriedBy(lab, () => lab.image());
    expect(few).to.be.within(3 * blockBytes, 3 * blockBytes + volumeBytes / 50);
  });

  it('costs little where a host has written what was there', async () => {
    const lab = await imaged('differential');
    const bytes = await carriedBy(lab, async () => {
      await lab.bench.run(lab.bench.host.write(0, 0, noise('first')).done);
      await lab.image();
    });
    expect(bytes).to.be.below(volumeBytes / 100);
  });

  it('costs next to nothing more where all of it is new', async () => {
    const bytesOf = async (heldRuns: boolean) => {
      const lab = await imaged('copy', heldRuns);
      await lab.bench.run(lab.bench.host.write(0, 0, noise('second')).done);
      return carriedBy(lab, () => lab.image());
    };
    expect((await bytesOf(true)) / (await bytesOf(false))).to.be.below(1.01);
  });

  it('costs little to give back', async () => {
    const lab = await imaged('differential');
    const { bench } = lab;
    lab.bench.powerCut('main');
    await bench.run(bench.subHost.takeover());
    await bench.run(bench.subHost.write(0, 0, noise('first')).done);
    await bench.run(bench.subHost.write(0, 8 * blockBytes, noise('sub', blockBytes)).done);
    bench.powerOn('main');
    await bench.pass(2_000_000);
    const bytes = await carriedBy(lab, async () => {
      await bench.run(bench.subHost.failback(true));
      await lab.until(() => !bench.main.state.takenOver && !bench.sub.state.takenOver);
    });
    expect(bytes).to.be.within(blockBytes, blockBytes + volumeBytes / 50);
  });
});
