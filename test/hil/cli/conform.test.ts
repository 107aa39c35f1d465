/** What `coldframe conform` does beside its checks: what it says meanwhile, and a power that cannot be cut. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type BenchProcess, runProcess, startProcess, temporaryFolder } from '../../../hil/bench/processes.js';
import { parseXml } from '../report/xml.js';

describe('coldframe conform at a disk', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let disk: BenchProcess;

  before(async () => {
    folder = await temporaryFolder();
    const line = `unix-listen:${join(folder.path, 'disk.sock')}`;
    disk = await startProcess(['disk', '--line', line, '--image', 'disk.img', '--size', '2MiB'], { cwd: folder.path });
  });
  after(async () => {
    await disk.kill();
    await folder.remove();
  });

  const conform = (...args: readonly string[]) => {
    const line = ['--role', 'disk', '--line', `unix:${join(folder.path, 'disk.sock')}`];
    return runProcess(['conform', ...line, ...args], { cwd: folder.path });
  };

  it('prints a line for each check as it ends where stderr is no terminal, and none with --json', async () => {
    const few = ['--only', 'F-1,F-3,D-30'];
    const end = await conform(...few);
    expect([
      end.exitCode,
      end.stderr
        .trimEnd()
        .split('\n')
        .map((line) => line.slice(0, 6)),
    ]).to.deep.equal([0, ['✓ F-1 ', '✓ F-3 ', '– D-30']]);
    expect(end.stderr).not.to.contain('\u001b');
    for (const line of end.stderr.trimEnd().split('\n')) expect(end.stdout.split('\n')).to.include(line);
    const asJson = await conform(...few, '--json');
    expect([asJson.exitCode, asJson.stderr]).to.deep.equal([0, '']);
  });

  it('looks first at where its files go, and prints what it found when one cannot be written', async () => {
    const nowhere = await conform('--only', 'F-1', '--html', 'nowhere/page.html');
    expect([nowhere.exitCode, nowhere.stdout]).to.deep.equal([2, '']);
    expect(nowhere.stderr).to.match(/^coldframe: file-missing: .*nowhere\/page\.html/);
    mkdirSync(join(folder.path, 'page.html'));
    const { exitCode, stdout, stderr } = await conform('--only', 'F-1', '--html', 'page.html');
    expect(exitCode).to.equal(2);
    expect(stdout).to.contain('PASSED  1 check passed');
    expect(stderr).to.match(/^coldframe: file-unreadable: .*page\.html: EISDIR/m);
  });

  it('ends with 3 where the command that cuts the power fails, and reports what was checked before', async () => {
    const power = ['--allow-data-loss', '--power-cycle', 'echo the relay is stuck >&2; exit 7'];
    const few = ['--only', 'F-1,D-30,D-43', '--junit', 'ended.xml', '--html', 'ended.html'];
    const { exitCode, stdout, stderr } = await conform(...few, ...power);
    expect(exitCode, `${stdout}${stderr}`).to.equal(3);
    expect(stderr)
      .to.contain('the relay is stuck')
      .and.to.match(/^coldframe: command-failed: .*exit code 7/m);
    expect(stdout).to.contain('✓ F-1').and.to.contain('– D-30').and.to.contain('NO VERDICT  1 check passed, 1 not run');
    expect(stdout).not.to.contain('✕').and.not.to.contain('D-43 ').and.not.to.contain('PASSED');
    const [suite] = parseXml(readFileSync(join(folder.path, 'ended.xml'), 'utf8')).children;
    expect(suite?.attributes).to.deep.include({ tests: '3', failures: '0', errors: '1', skipped: '1' });
    expect(readFileSync(join(folder.path, 'ended.html'), 'utf8'))
      .to.contain('No verdict')
      .and.to.contain('exit code 7');
  });
});
