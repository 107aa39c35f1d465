import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type ProcessEnd, runProcess, temporaryFolder } from '../../../hil/bench/processes.js';
import { loadGolden } from '../../../host/golden/golden-file.js';
import { stampBlock } from '../../../host/workload/stamp.js';

const blockBytes = 4096;

describe('coldframe golden', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  const image = Buffer.alloc(4 * blockBytes);
  const golden = (...args: readonly string[]): Promise<ProcessEnd> =>
    runProcess(['golden', ...args], { cwd: folder.path });
  const write = (name: string, contents: Buffer) => writeFileSync(join(folder.path, name), contents);

  before(async () => {
    folder = await temporaryFolder();
    image.fill(0x11, blockBytes, 2 * blockBytes);
    write('a.img', image);
    const changed = Buffer.from(image);
    changed.set(stampBlock({ volume: 0, blockBytes, write: 9, generation: 3, seed: 1 }, 2), 2 * blockBytes);
    write('b.img', changed);
    expect(await golden('record', '--image', 'a.img', '--image', 'a.img', '--out', 'g')).to.include({ exitCode: 0 });
  });
  after(() => folder.remove());

  it('verifies the images that were recorded', async () => {
    const end = await golden('verify', '--golden', 'g', '--image', 'a.img', '--image', 'a.img');
    expect(end).to.include({ exitCode: 0, stdout: 'the images are the golden image\n' });
  });

  it('records anew over a golden file, and over nothing else that is there', async () => {
    write('c.img', image);
    const again = await golden('record', '--image', 'a.img', '--image', 'a.img', '--out', 'g');
    expect(again.exitCode).to.equal(0);
    for (const out of ['c.img', 'a.img']) {
      const end = await golden('record', '--image', 'a.img', '--out', out);
      expect([end.exitCode, end.stderr.includes(`file-exists: `), end.stderr.includes(out)]).to.deep.equal([
        2,
        true,
        true,
      ]);
    }
    for (const name of ['a.img', 'c.img']) expect(readFileSync(join(folder.path, name))).to.deep.equal(image);
  });

  it('names the volume and the blocks that are others', async () => {
    const end = await golden('verify', '--golden', 'g', '--image', 'a.img', '--image', 'b.img');
    expect(end).to.include({ exitCode: 1, stdout: 'volume 1, block 2 (bytes 8192 to 12287)\n' });
    expect(end.stderr).to.contain('golden-mismatch');
  });

  it('says what they hold', async () => {
    const end = await golden('diff', '--golden', 'g', '--image', 'b.img', '--image', 'a.img');
    expect(end.exitCode).to.equal(1);
    expect(end.stdout.split('\n')).to.include('block 2 of volume 0 holds write 9 of generation 3');
  });

  it('refuses another number of volumes', async () => {
    const end = await golden('verify', '--golden', 'g', '--image', 'a.img');
    expect(end.exitCode).to.equal(2);
    expect(end.stderr).to.match(/golden-size: .* \(volumes of \d+, \d+ and \d+ bytes\)/);
  });

  it('accepts other images, and remembers what was golden before', async () => {
    const images = ['--image', 'b.img', '--image', 'a.img'];
    const { digest } = await loadGolden(join(folder.path, 'g'));
    expect(await golden('accept', '--golden', 'g', ...images, '--note', 'new data')).to.include({ exitCode: 0 });
    expect(await golden('verify', '--golden', 'g', ...images)).to.include({ exitCode: 0 });
    const { provenance } = await loadGolden(join(folder.path, 'g'));
    expect(provenance).to.include({ note: 'new data', createdBy: 'coldframe golden accept' });
    expect(provenance.history.map((each) => each.digest)).to.deep.equal([digest]);
  });
});
