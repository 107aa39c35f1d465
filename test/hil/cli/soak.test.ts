import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { runProcess } from '../../../hil/bench/processes.js';
import { temporaryFolder } from '../../temporary-folder.js';

/** A scenario whose check fails: a freeze after a transfer is not refused. */
const failing = [
  'bench: {volumes: [{size: 64KiB}]}',
  'steps:',
  '  - freeze',
  '  - wait: structured',
  '  - expectRefused: {instruction: freeze, code: transfer-in-progress}',
  '  - pass: 60000',
];

describe('coldframe soak', () => {
  it('goes on for so long in the time of the bench, and says how to repeat it', async () => {
    const out = join(temporaryFolder(), 'out');
    const times = ['--for', '60s', '--every', '20s'];
    const args = ['--scenario', 'refusals', '--writes', '5', ...times, '--seed', '4', '--out', out];
    const { exitCode, stdout } = await runProcess(['soak', ...args]);
    expect(exitCode, stdout).to.equal(0);
    expect(stdout).to.match(/^soak for 1 min, seed 4: 1 scenario\n/);
    expect(stdout).to.match(/\n2\d.* s: \d+ rounds, \d+ passed, 0 failed, bench lost 0 times, heap .* MiB\n/);
    expect(stdout).to.match(/\nPASSED\n1 min/);
    expect(stdout).to.contain('repeat: coldframe soak --writes 5 --for 60s --every 20s --scenario refusals --seed 4\n');
    // Nothing is kept of what has passed.
    expect(await readdir(join(out, '..'))).to.deep.equal([]);
  });

  it('keeps the report of each round that failed, and the line that repeats it alone', async () => {
    const folder = temporaryFolder();
    const [file, out] = [join(folder, 'failing.yaml'), join(folder, 'out')];
    await writeFile(file, failing.join('\n'));
    const { exitCode, stdout } = await runProcess(['soak', '--scenario', file, '--for', '100s', '--out', out]);
    expect(exitCode).to.equal(1);
    expect((await readdir(out)).sort()).to.deep.equal(['round-1', 'round-2']);
    const [line = ''] = stdout.split('\n').filter((each) => each.startsWith('  repeat: '));
    const report = JSON.parse(await readFile(join(out, 'round-1', 'report.json'), 'utf8'));
    expect(line.slice('  repeat: '.length)).to.equal(report.command);
    const again = await runProcess([...report.command.split(' ').slice(1), '--out', join(folder, 'again')]);
    expect(again.exitCode).to.equal(1);
    const repeated = JSON.parse(await readFile(join(folder, 'again', 'report.json'), 'utf8'));
    expect(repeated.checks).to.deep.equal(report.checks);
  });

  it('ends at Ctrl-C with a summary and exit code 130', async () => {
    const interrupt = ({ pid }: { readonly pid?: number | undefined }) =>
      setTimeout(() => process.kill(pid ?? 0, 'SIGINT'), 2500);
    const args = ['soak', '--for', '30d', '--writes', '5', '--freezes', '1'];
    const { exitCode, stdout, stderr } = await runProcess(args, { onStart: interrupt });
    expect([exitCode, stderr]).to.deep.equal([130, '']);
    expect(stdout).to.match(/\nINTERRUPTED\n.* rounds?, .*\nrepeat: coldframe soak .* --for 2592000s --seed \d+\n$/);
  });
});
