import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { runProcess, startProcess } from '../../../hil/bench/processes.js';

describe('coldframe replay', () => {
  let cwd = '';
  before(async () => {
    cwd = mkdtempSync(join(tmpdir(), 'coldframe-replay-'));
    writeFileSync(join(cwd, 'pair.key'), `${'5a'.repeat(32)}\n`, { mode: 0o600 });
    writeFileSync(join(cwd, 'other.key'), `${'5b'.repeat(32)}\n`, { mode: 0o600 });
    writeFileSync(join(cwd, 's.yaml'), 'steps: [write: {writes: 8}, freeze, wait: structured, verify]\n');
    writeFileSync(join(cwd, 'sealed.yaml'), 'volumes: [{size: 256KiB}]\nkeyFile: pair.key\n');
    const options = ['--bench', 'sealed.yaml', '--scenario', 's.yaml', '--seed', '7', '--out', 'o', '--capture'];
    const { exitCode, stderr } = await runProcess(['run', ...options], { cwd });
    expect(exitCode, stderr).to.equal(0);
    // Up to where the links open.
    writeFileSync(join(cwd, 'begun.pcapng'), readFileSync(join(cwd, 'o/capture.pcapng')).subarray(0, 1000));
  });
  after(() => rmSync(cwd, { recursive: true }));

  const replay = (...options: string[]) => runProcess(['replay', ...options], { cwd });
  const sealed = (...options: string[]) => replay('o/capture.pcapng', '--key-file', 'pair.key', ...options);

  it('prints each answer of the model, and ends with 0 when all are those of the capture', async () => {
    const { stdout, exitCode, stderr } = await sealed('--role', 'sub');
    expect(exitCode, stdout + stderr).to.equal(0);
    expect(stdout).to.match(/^= +\d+\.\d{6} {2}main–sub {2}sub > main {2}pairing pair=/m);
    expect(stdout).to.match(/\n\d+ answers in the capture: (\d+) the same, 0 differ, 0 missing, 0 besides\n$/);
  });

  it('prints objects for programs, and only what is not the same when asked to', async () => {
    const { stdout } = await sealed('--role', 'main', '--json');
    const objects = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(new Set(objects.map(({ outcome }) => outcome))).to.deep.equal(new Set(['same']));
    expect(objects.map(({ kind }) => kind)).to.include.members(['frozen', 'blockRun', 'response', 'complete']);
    const { stdout: few } = await sealed('--role', 'main', '--differences');
    expect(few).to.match(/^\d+ answers in the capture: .*\n$/);
  });

  it('ends with 1 when a model answers otherwise, and says how', async () => {
    const options = ['--role', 'main', '--line', 'host-main', '--method', 'copy', '--differences'];
    const { stdout, exitCode, stderr } = await sealed(...options);
    expect(exitCode).to.equal(1);
    expect(stderr).to.match(/^coldframe: answers-differ: .*\(\d+ answers in the capture: /);
    expect(stdout).to.match(/^≠ .* {2}main > host {2}status .*\n {6}method: copy, in the capture differential\n/m);
    expect(stdout).to.match(/^− .* {2}waited /m);
  });

  it('replays to a disk, too', async () => {
    const disk = await startProcess(
      ['disk', '--line', 'unix-listen:d.sock', '--image', 'd.img', '--size', '1MiB', '--capture', 'd.pcapng'],
      { cwd },
    );
    const areas = ['--primary', 'unix:d.sock', '--shadow', 'memory:2MiB', '--meta', 'memory:8MiB', '--method', 'copy'];
    const main = await startProcess(['firmware', 'main', '--host', 'pty:', '--remote', 'pty:', ...areas], { cwd });
    await main.stop();
    await disk.stop();
    const { stdout, exitCode } = await replay('d.pcapng', '--role', 'disk');
    expect(exitCode, stdout).to.equal(0);
    expect(stdout).to.match(/^= .* {2}disk > main {2}dataIn /m);
  });

  it('ends with 4 without the key, and with 2 for what it cannot use', async () => {
    const others = ['o/capture.pcapng', '--key-file', 'other.key'];
    const cases: readonly (readonly [number, readonly string[], RegExp])[] = [
      [4, ['o/capture.pcapng', '--role', 'sub'], /^coldframe: key-unknown: .*is sealed/],
      [4, [...others, '--role', 'sub'], /^coldframe: wrong-key: .*opens none of \d+ sealed messages/],
      [4, [...others, '--role', 'sub', '--size', '256KiB'], /^coldframe: wrong-key: /],
      [2, ['o/capture.pcapng', '--role', 'host'], /^coldframe: argument-invalid: .*host/],
      [
        2,
        ['o/capture.pcapng', '--key-file', 'pair.key', '--role', 'disk'],
        /argument-invalid: .*nothing is said to it/,
      ],
      [2, ['begun.pcapng', '--role', 'sub', '--size', '256KiB'], /argument-invalid: .*no answer in this capture/],
      [2, ['o/capture.pcapng', '--role', 'sub', '--line', 'moon'], /argument-invalid: .*moon/],
      [2, ['s.yaml', '--role', 'sub'], /^coldframe: capture-invalid: /],
    ];
    for (const [exit, options, expected] of cases) {
      const { exitCode, stderr } = await replay(...options);
      expect([exitCode, expected.test(stderr)], stderr).to.deep.equal([exit, true]);
    }
  });
});
