import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { runProcess, startProcess, temporaryFolder } from '../../../hil/bench/processes.js';

/** A small pair's main, with what is told otherwise. */
const main = ({
  method = 'copy',
  block = '4096',
  primary = 'p.img',
  shadow = 's.img',
  meta = 'main.meta',
  size = '64KiB',
}) => [
  ...['firmware', 'main', '--host', 'pty:', '--remote', 'pty:', '--method', method, '--block', block, '--size', size],
  ...['--primary', primary, '--shadow', shadow, '--meta', meta],
];

describe('a controller that cannot start', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;

  before(async () => {
    folder = await temporaryFolder();
    // Two pairs, so that there are areas of another one.
    for (const of of [{}, { primary: 'p2.img', shadow: 's2.img', meta: 'other.meta' }]) {
      const started = await startProcess(main(of), { cwd: folder.path });
      await started.stop();
    }
    writeFileSync(join(folder.path, 'torn.meta'), Buffer.alloc(64 * 2 ** 20, 7));
  });
  after(() => folder.remove());

  const cases: readonly (readonly [number, string, Parameters<typeof main>[0], string])[] = [
    [2, 'wrong-method', { method: 'streaming' }, 'Give the --method of the pair'],
    [2, 'block-size-mismatch', { block: '512' }, 'Give the --block of the pair'],
    [
      2,
      'volume-mismatch',
      { primary: 'memory:128KiB', size: '128KiB', shadow: 'memory:1MiB' },
      'Give the volumes of the pair',
    ],
    [2, 'foreign-area', { shadow: 's2.img' }, 'Give the areas that belong together'],
    [2, 'file-size', { meta: 'memory:1MiB' }, 'Give --meta a larger area'],
    [2, 'file-size', { size: '128KiB' }, 'Give the size that it has, 64KiB'],
    [2, 'file-missing', { primary: 'gone.img' }, 'Bring it back to its place'],
    [2, 'argument-invalid', { meta: 'p.img' }, 'See --help'],
    [2, 'line-address', { shadow: 'unix:' }, 'See coldframe --help'],
    [2, 'file-unreadable', { primary: '.' }, 'It is a folder'],
    [3, 'records-corrupt', { meta: 'torn.meta' }, 'Restore the meta area'],
  ];
  for (const [exit, code, of, remedy] of cases) {
    it(`ends with ${exit}: ${code}, and ${remedy}`, async () => {
      const end = await runProcess(main(of), { cwd: folder.path });
      expect(end.stderr).to.contain(`coldframe: ${code}: `).and.to.contain(remedy);
      expect(end.exitCode).to.equal(exit);
    });
  }

  it('ends with 3: file-in-use, while another has its files', async () => {
    const other = await startProcess(main({}), { cwd: folder.path });
    const end = await runProcess(main({}), { cwd: folder.path });
    await other.stop();
    expect(end.stderr).to.contain('coldframe: file-in-use: ').and.to.contain('Stop that process first');
    expect(end.exitCode).to.equal(3);
  });
});
