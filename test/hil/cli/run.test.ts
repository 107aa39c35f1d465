import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { runProcess } from '../../../hil/bench/processes.js';
import { parseReport } from '../../../hil/report/json.js';
import { temporaryFolder } from '../../temporary-folder.js';

const small = ['--writes', '10', '--freezes', '1'];
const mainScript = fileURLToPath(new URL('../../../hil/cli/main.js', import.meta.url));

describe('coldframe run', () => {
  it('passes on models in virtual time and leaves three reports', async () => {
    const cwd = temporaryFolder();
    const { exitCode, stdout, stderr } = await runProcess(['run', ...small, '--seed', '9'], { cwd });
    expect(exitCode, stderr).to.equal(0);
    expect(stdout)
      .to.match(/\nPASSED {2}/)
      .and.to.match(/\nrepeat: coldframe run --writes 10 --freezes 1 --seed 9\n/);
    const [run = ''] = readdirSync(join(cwd, 'coldframe-out'));
    expect(stdout).to.include(`\nreport: coldframe-out/${run}/report.html\n`);
    expect(readdirSync(join(cwd, 'coldframe-out', run)).sort()).to.deep.equal([
      'junit.xml',
      'report.html',
      'report.json',
    ]);
    expect(stderr)
      .to.match(/gen 1 {2}freeze /)
      .and.not.to.include('\u001b');
  });

  it('repeats itself from what it says', async () => {
    const cwd = temporaryFolder();
    const [a, b] = ['a', 'b'].map((out) => join(cwd, out));
    const options = ['--scenario', 'disaster', '--writes', '15', '--method', 'streaming', '--encrypt', '--seed', '4'];
    for (const out of [a, b]) await runProcess(['run', ...options, '--out', out ?? ''], { cwd });
    const [first, second] = [a, b].map((out) => parseReport(readFileSync(join(out ?? '', 'report.json'), 'utf8')));
    expect(first?.verdict).to.equal('passed');
    expect({ ...second, runId: '', startedAt: '' }).to.deep.equal({ ...first, runId: '', startedAt: '' });
  });

  it('prints one JSON object and nothing else with --json', async () => {
    const cwd = temporaryFolder();
    const { stdout, stderr, exitCode } = await runProcess(['run', ...small, '--volumes', '2', '--json'], { cwd });
    expect([exitCode, stderr]).to.deep.equal([0, '']);
    const printed = JSON.parse(stdout);
    expect(printed).to.include({ exit: 0, verdict: 'passed', method: 'differential' });
    expect(printed.volumes).to.have.length(2);
    expect(statSync(join(cwd, printed.files[0])).size).to.be.greaterThan(1000);
  });

  it('tells the verdict although the report cannot be written', async () => {
    const cwd = temporaryFolder();
    mkdirSync(join(cwd, 'o', 'report.html'), { recursive: true });
    const { exitCode, stdout, stderr } = await runProcess(['run', ...small, '--out', 'o'], { cwd });
    expect([exitCode, stderr.includes('file-unreadable: ')]).to.deep.equal([2, true]);
    expect(stdout)
      .to.match(/\nPASSED {2}/)
      .and.to.match(/\nrepeat: /)
      .and.not.to.include('report: ');
  });

  it('ends with 3 when what it prints cannot be written, and not when the reader leaves', () => {
    const [full, left] = ['> /dev/full', '| head -c 10'].map((to) =>
      spawnSync('bash', ['-o', 'pipefail', '-c', `"$0" "$1" run --list ${to}`, process.execPath, mainScript], {
        encoding: 'utf8',
      }),
    );
    expect([full?.status, full?.stderr]).to.satisfy(
      ([status, text]: [number, string]) => status === 3 && text.startsWith('coldframe: disk-full: '),
    );
    expect([left?.status, left?.stderr]).to.deep.equal([0, '']);
  });

  it('ends with 3 when virtual time leads nowhere', async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'b.yaml'), 'volumes: [{size: 64KiB}]\nlines: {host: {drop: 1}}\n');
    const { exitCode, stderr } = await runProcess(['run', ...small, '--bench', 'b.yaml'], { cwd });
    expect(exitCode).to.equal(3);
    expect(stderr).to.match(/^coldframe: line-silent: .*24 h of virtual time/m);
  });

  it('takes an image as the first content, and leaves the file alone', async () => {
    const cwd = temporaryFolder();
    const image = join(cwd, 'raw.img');
    const contents = Buffer.alloc(3 * 4096 + 512, 5);
    writeFileSync(image, contents, { mode: 0o444 });
    const { exitCode, stderr } = await runProcess(['run', ...small, '--image', image, '--out', 'o'], { cwd });
    expect(exitCode, stderr).to.equal(0);
    expect(readFileSync(image).equals(contents)).to.equal(true);
    expect(stderr).to.include('12.5 KiB of');
  });

  it('runs on processes that a bench file describes', async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'bench.yaml'), 'kind: processes\nmethod: copy\nvolumes: [{size: 512KiB}]\n');
    writeFileSync(join(cwd, 's.yaml'), 'steps: [write: {writes: 20}, freeze, wait: structured, verify]\n');
    const options = ['--bench', 'bench.yaml', '--scenario', 's.yaml', '--encrypt', '--out', 'o'];
    const { exitCode, stdout } = await runProcess(['run', ...options], { cwd });
    expect(exitCode, stdout).to.equal(0);
    const record = parseReport(readFileSync(join(cwd, 'o', 'report.json'), 'utf8'));
    expect(record).to.include({ bench: 'processes', method: 'copy', verdict: 'passed' });
    expect(record.generations[0]?.bytesOnLine).to.be.greaterThan(4096);
  });

  it('ends with 1 when a check fails, and reports it', async () => {
    const cwd = temporaryFolder();
    writeFileSync(
      join(cwd, 's.yaml'),
      'steps: [write: {writes: 5}, expectRefused: {instruction: freeze, code: suspended}]',
    );
    const { exitCode, stdout } = await runProcess(['run', '--scenario', 's.yaml', '--out', 'o'], { cwd });
    expect(exitCode).to.equal(1);
    expect(stdout)
      .to.match(/✕ freeze is refused: suspended/)
      .and.to.match(/\nFAILED {2}/);
    expect(readFileSync(join(cwd, 'o', 'junit.xml'), 'utf8')).to.include('failures="1"');
  });

  const usage: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['an option that is wrong', ['--volumes', '9'], /argument-invalid/],
    ['a scenario that is missing', ['--scenario', 'nowhere.yaml'], /file-missing.*nowhere\.yaml/],
    ['an image that is missing', ['--image', 'nowhere.img'], /file-missing.*nowhere\.img/],
    ['a folder of the report that cannot be one', ['--out', 'b.yaml/o'], /file-unreadable.*b\.yaml is no folder/],
    ['a bench file that is wrong', ['--bench', 'b.yaml'], /configuration-invalid.*b\.yaml:1:7: kind/],
  ];
  for (const [what, options, expected] of usage) {
    it(`ends with 2 for ${what}`, async () => {
      const cwd = temporaryFolder();
      writeFileSync(join(cwd, 'b.yaml'), 'kind: toaster\n');
      const { exitCode, stderr } = await runProcess(['run', ...options], { cwd });
      expect(exitCode).to.equal(2);
      expect(stderr).to.match(expected).and.not.to.include('seed');
    });
  }

  it('ends with 130 when it is interrupted, and reports what there is so far', async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'b.yaml'), 'kind: in-process\nvolumes: [{size: 64KiB}]\n');
    writeFileSync(join(cwd, 's.yaml'), 'steps: [write: {writes: 5}, freeze, wait: structured, verify, pass: 60000]\n');
    const options = ['--bench', 'b.yaml', '--scenario', 's.yaml', '--out', 'o', '--seed', '1'];
    const child = spawn(process.execPath, [mainScript, 'run', ...options], { cwd });
    let stdout = '';
    child.stdout.on('data', (text) => {
      stdout += text;
    });
    child.stderr.on('data', (text) => {
      if (String(text).includes('image 1 at the sub')) child.kill('SIGINT');
    });
    const exitCode = await new Promise((resolve) => child.once('close', resolve));
    expect(exitCode).to.equal(130);
    expect(stdout).to.match(/\nINTERRUPTED {2}/);
    const record = parseReport(readFileSync(join(cwd, 'o', 'report.json'), 'utf8'));
    expect(record.verdict).to.equal('interrupted');
    expect(record.checks.length).to.be.greaterThan(0);
  });
});
