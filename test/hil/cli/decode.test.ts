import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { runProcess } from '../../../hil/bench/processes.js';
import { CaptureFile } from '../../../hil/capture/capture-file.js';
import type { DescribedFrame } from '../../../hil/capture/describe.js';
import { parseReport } from '../../../hil/report/json.js';
import { encodeFrame } from '../../../protocol/frame/frame.js';
import { encodeMessage } from '../../../protocol/message/messages.js';
import { fromHex } from '../../protocol/vectors.js';

describe('coldframe decode', () => {
  let cwd = '';
  before(async () => {
    cwd = mkdtempSync(join(tmpdir(), 'coldframe-decode-'));
    writeFileSync(at('pair.key'), `${'5a'.repeat(32)}\n`, { mode: 0o600 });
    writeFileSync(at('wrong.key'), `${'5b'.repeat(32)}\n`, { mode: 0o600 });
    writeFileSync(at('s.yaml'), 'steps: [write: {writes: 8}, freeze, wait: structured, verify]\n');
    const noisy = 'volumes: [{size: 256KiB}]\nlines: {remote: {baud: 921600, ber: 2.0e-5}}\n';
    writeFileSync(at('clear.yaml'), noisy);
    writeFileSync(at('sealed.yaml'), `${noisy}keyFile: pair.key\n`);
    for (const name of ['clear', 'sealed']) {
      const options = ['--bench', `${name}.yaml`, '--scenario', 's.yaml', '--seed', '7', '--out', name, '--capture'];
      const { exitCode, stderr } = await runProcess(['run', ...options], { cwd });
      expect(exitCode, stderr).to.equal(0);
    }
  });
  after(() => rmSync(cwd, { recursive: true }));

  const at = (file: string) => join(cwd, file);
  const decode = (file: string, ...options: string[]) => runProcess(['decode', file, ...options], { cwd });
  const objects = async (file: string, ...options: string[]) => {
    const { stdout, exitCode, stderr } = await decode(file, '--json', ...options);
    expect(exitCode, stderr).to.equal(0);
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as DescribedFrame);
  };
  const kinds = (frames: readonly DescribedFrame[]) =>
    frames.flatMap(({ messages = [] }) => messages.map(({ kind, refusal }) => kind ?? refusal?.code));

  it('prints a line for each message, with time, line, who to whom, name and fields', async () => {
    const { stdout, exitCode } = await decode('clear/capture.pcapng');
    expect(exitCode).to.equal(0);
    const lines = stdout.trimEnd().split('\n');
    for (const line of lines)
      expect(line).to.match(/^ *\d+\.\d{6} {2}(main–sub|host–main|host–sub) {2}\w+ > \w+ {2}\w/);
    expect(stdout).to.match(/host–main {2}host > main {2}freeze request=\d+ token=[0-9a-f]{32}\n/);
    expect(stdout).to.match(/host–main {2}main > host {2}frozen request=\d+ epoch=1 generation=1 included=\[.*\]\n/);
    expect(stdout).to.match(/main–sub {2}sub > main {2}committed epoch=1 generation=1 digest=[0-9a-f]{32}\n/);
    expect(stdout).to.match(/data=[0-9a-f]{32}…\[\d+\]\n/);
    expect(stdout).to.match(/main–sub {2}main > sub {2}open version=1 ask=true/);
  });

  it('refuses each damaged frame by name, as many as the run counted', async () => {
    const { stdout } = await decode('clear/capture.pcapng', '--line', 'main-sub');
    const refused = stdout.match(/refused frame-(checksum|encoding|length|kind) \(\d+ bytes\)/g) ?? [];
    const [remote] = parseReport(readFileSync(at('clear/report.json'), 'utf8')).lines;
    expect(refused.length).to.equal(remote?.framesDamaged).and.be.greaterThan(0);
    expect(stdout).not.to.include('host–main');
  });

  it('adds fragments and acknowledgements with --frames', async () => {
    const few = await objects('clear/capture.pcapng', '--line', 'main-sub');
    const all = await objects('clear/capture.pcapng', '--line', 'main-sub', '--frames');
    expect(all.length).to.be.greaterThan(few.length);
    expect(all.filter(({ number }) => few.some((each) => each.number === number))).to.deep.equal(few);
    expect(new Set(all.map(({ frame }) => frame?.type))).to.include.all.keys('open', 'data', 'acknowledgement');
    const { stdout } = await decode('clear/capture.pcapng', '--frames');
    expect(stdout).to.match(/acknowledgement queue=0 next=\d+ missing=\[\] received=\[\]\n/);
    expect(stdout).to.match(
      /frame type=data check=good queue=2 first=true last=false sequence=\d+ payloadBytes=\d+ mark=0x/,
    );
  });

  it('opens sealed messages with the key file, and leaves them sealed without', async () => {
    const opened = kinds(await objects('sealed/capture.pcapng', '--key-file', 'pair.key'));
    expect(opened).to.include.members(['hello', 'proof', 'freeze', 'frozen', 'blockRun', 'committed']);
    expect(opened).not.to.include('sealed');
    const { stdout } = await decode('sealed/capture.pcapng', '--key-file', 'pair.key');
    expect(stdout).to.match(/ {2}freeze \(sealed \d+\) request=/);
    const closed = await objects('sealed/capture.pcapng');
    expect(new Set(kinds(closed))).to.have.all.keys('hello', 'sealed');
    expect(JSON.stringify(closed)).to.include('"missing":"key"');
    expect((await decode('sealed/capture.pcapng')).stdout).to.match(
      /sealed, \d+ bytes: the key is missing \(sealed 0\)\n/,
    );
  });

  it('ends with 4 when the key is another one, and never prints a key', async () => {
    const { exitCode, stderr, stdout } = await decode('sealed/capture.pcapng', '--key-file', 'wrong.key');
    expect(exitCode).to.equal(4);
    expect(stderr).to.match(/^coldframe: wrong-key: .*wrong\.key opens none of \d+ sealed messages/);
    expect(stdout).to.include('refused sealed-invalid (counter 0)');
    for (const given of ['pair.key', 'wrong.key']) {
      const end = await decode('sealed/capture.pcapng', '--key-file', given, '--json', '--frames');
      expect(end.stdout + end.stderr).not.to.match(/(5a|5b){16}/i);
    }
  });

  it('ends with 2 for what is no capture, and for a line that is not in it', async () => {
    const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
      ['pair.key', [], /^coldframe: capture-invalid: .*no section header at byte 0/],
      ['none', [], /^coldframe: file-missing: .*none/],
      ['clear/capture.pcapng', ['--line', 'moon'], /^coldframe: argument-invalid: .*moon.*host–main/],
      ['clear/capture.pcapng', ['--key-file', 's.yaml'], /^coldframe: key-file-(invalid|exposed)/],
    ];
    for (const [file, options, expected] of cases) {
      const { exitCode, stderr } = await decode(file, ...options);
      expect(exitCode).to.equal(2);
      expect(stderr).to.match(expected);
    }
  });

  it('prints all that stands before a place that is wrong', async () => {
    const wrong = Buffer.alloc(12);
    wrong.writeUInt32LE(6, 0);
    wrong.writeUInt32LE(2 ** 31, 4);
    writeFileSync(at('wrong.pcapng'), Buffer.concat([readFileSync(at('clear/capture.pcapng')), wrong]));
    const { stdout, stderr, exitCode } = await decode('wrong.pcapng');
    expect(`${exitCode},${stderr}`).to.match(/^2,coldframe: capture-invalid: .*a block of 2147483648 bytes/);
    expect(stdout).to.equal((await decode('clear/capture.pcapng')).stdout);
  });

  it('gives the time of day where a capture has it', async () => {
    const capture = new CaptureFile(at('day.pcapng'), () => {});
    const bytes = encodeFrame({ kind: 'open', payload: fromHex(`0101${'01'.repeat(30)}00000000`) }, 0).subarray(0, -1);
    capture.line({ name: 'x', from: 'main', to: 'sub' }).take('out', bytes, 1_700_000_000_000_042);
    capture.close();
    expect((await decode('day.pcapng')).stdout).to.match(/^2023-11-14T22:13:20\.000042Z {2}x {2}main > sub {2}open /);
  });

  it('does not let text from a line steer the terminal', async () => {
    const capture = new CaptureFile(at('rude.pcapng'), () => {});
    const payload = encodeMessage({ kind: 'refused', request: 1, code: 48, detail: 'red \u001b[31m \u009b31m\nline' });
    const data = { kind: 'data', priority: 0, first: true, last: true, sequence: 0 } as const;
    const bytes = encodeFrame({ ...data, payload }, 7).subarray(0, -1);
    capture.line({ name: 'x', from: 'main\u001b[31m', to: 'sub' }).take('out', bytes, 1);
    capture.close();
    const { stdout } = await decode('rude.pcapng');
    expect(stdout).to.include('refused request=1 code=transfer-in-progress detail=');
    expect(stdout.trimEnd()).not.to.match(/\p{Cc}/u);
  });

  it('prints all of it to who reads slowly, and ends when nobody reads', async () => {
    const main = fileURLToPath(new URL('../../../hil/cli/main.js', import.meta.url));
    const args = [main, 'decode', 'clear/capture.pcapng', '--json', '--frames'];
    const slow = spawn('sh', ['-c', '"$0" "$@" | (sleep 0.5; wc -c)', process.execPath, ...args], { cwd });
    let counted = '';
    slow.stdout.on('data', (text) => {
      counted += text;
    });
    await new Promise((resolve) => slow.once('close', resolve));
    const whole = (await decode('clear/capture.pcapng', '--json', '--frames')).stdout.length;
    expect(Number(counted)).to.be.greaterThan(300_000).and.at.least(whole);
    const left = spawn('sh', ['-c', '"$0" "$@" | head -c 10', process.execPath, ...args], { cwd });
    let errors = '';
    left.stderr.on('data', (text) => {
      errors += text;
    });
    await new Promise((resolve) => left.once('close', resolve));
    expect(errors).to.equal('');
  });
});
