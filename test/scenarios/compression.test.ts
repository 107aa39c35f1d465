/** What crosses the line between the controllers when one of them, or both, compress. */
import { expect } from 'chai';
import { Random } from '../../hil/random.js';
import type { Compress } from '../../hil/run/compress.js';
import { methods } from '../../protocol/ids.js';
import { blockBytes, Lab, type LabOptions } from '../firmware-sim/lab.js';

const blocks = 128;
const volumeBytes = blocks * blockBytes;
const text = Buffer.alloc(volumeBytes, 'What an image has of text shrinks, and what was compressed before does not. ');
const noise = new Random('noise').fill(Buffer.alloc(volumeBytes));

function labOf(options: LabOptions): Lab {
  return new Lab({ volumes: [volumeBytes], ...options });
}

/** Bytes from main to sub and back. */
const carried = (lab: Lab) => lab.bench.lines.remote.counts().map(({ carriedBytes }) => carriedBytes);

async function imageOf(lab: Lab, contents: Buffer): Promise<void> {
  await lab.bench.run(lab.bench.host.write(0, 0, contents).done);
  await lab.image();
  await lab.bench.pass(1_000_000);
  expect(lab.bench.durable('secondary0').equals(contents), 'the image').to.equal(true);
}

describe('compression between the controllers', () => {
  for (const method of methods) {
    it(`makes text small on the line, and the image what it was (${method})`, async () => {
      const lab = labOf({ method, compress: 'auto' });
      await imageOf(lab, text);
      expect(carried(lab)[0]).to.be.below(volumeBytes / 20);
    });
  }

  it('makes it small on sealed lines, too', async () => {
    const lab = labOf({ compress: 'auto', key: Buffer.alloc(32, 1) });
    await imageOf(lab, text);
    expect(carried(lab)[0]).to.be.below(volumeBytes / 20);
  });

  it('adds no byte to what does not shrink', async () => {
    const bytes = async (compress: Compress) => {
      const lab = labOf({ compress });
      await imageOf(lab, noise);
      return carried(lab);
    };
    expect(await bytes('auto')).to.deep.equal(await bytes('off'));
  });

  it('is nothing that the other side has to take', async () => {
    for (const off of ['main', 'sub'] as const) {
      const lab = labOf({ compress: 'auto', compressOf: { [off]: 'off' } });
      await imageOf(lab, text);
      expect(carried(lab)[0], off).to.be.above(volumeBytes);
    }
  });

  it('serves a failback as well', async () => {
    const lab = labOf({ compress: 'auto' });
    await imageOf(lab, noise);
    lab.bench.powerCut('main');
    const { bench } = lab;
    await bench.run(bench.subHost.takeover());
    await bench.run(bench.subHost.write(0, 0, text).done);
    const [, before = 0] = carried(lab);
    bench.powerOn('main');
    await bench.pass(2_000_000);
    await bench.run(bench.subHost.failback(true));
    await lab.until(() => !bench.main.state.takenOver && !bench.sub.state.takenOver);
    await bench.pass(1_000_000);
    expect(bench.durable('primary0').equals(text), 'what the sub held').to.equal(true);
    expect((carried(lab)[1] ?? 0) - before).to.be.below(volumeBytes / 20);
  });
});
