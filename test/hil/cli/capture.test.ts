import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type BenchProcess, runProcess, startProcess } from '../../../hil/bench/processes.js';
import { readCapture } from '../../../hil/capture/read-capture.js';
import { parseReport } from '../../../hil/report/json.js';
import { markOf } from '../../../protocol/frame/frame.js';

const small = ['--writes', '6', '--freezes', '1', '--seed', '9'];
const key = createHash('sha256').update('a key that must not be seen').digest();

describe('--capture', () => {
  let cwd = '';
  let running: BenchProcess[] = [];
  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), 'coldframe-capture-'));
  });
  afterEach(async () => {
    await Promise.all(running.map((each) => each.stop()));
    running = [];
    rmSync(cwd, { recursive: true });
  });

  const at = (file: string) => join(cwd, file);
  const start = async (...args: string[]) => {
    const started = await startProcess(args, { cwd });
    running.push(started);
    return started;
  };
  /**
   * How many frames of each way and line there are, and how many of them are damaged: the mark of a good one is that of
   * others of its way, or 0.
   */
  const counts = (file: string) => {
    const found: Record<string, number> = {};
    const marks = new Map<string, number>();
    for (const { line, way, bytes } of readCapture(at(file))) {
      found[`${line.name} ${way}`] = (found[`${line.name} ${way}`] ?? 0) + 1;
      const mark = `${line.name} ${way} ${markOf(bytes)}`;
      marks.set(mark, (marks.get(mark) ?? 0) + 1);
    }
    const damaged = [...marks].filter(([mark, count]) => count === 1 && !mark.endsWith(' 0')).length;
    return { lines: Object.keys(found).sort(), found, damaged };
  };
  /** A small bench, and a short scenario for it. */
  const writeBench = (text: string) => {
    writeFileSync(at('bench.yaml'), `volumes: [{size: 256KiB}]\n${text}\n`);
    writeFileSync(at('short.yaml'), 'steps: [write: {writes: 5}, freeze, wait: structured, verify]\n');
  };
  const onBench = ['--bench', 'bench.yaml', '--scenario', 'short.yaml', '--seed', '9'];
  const allLines = ['host–main in', 'host–main out', 'host–sub in', 'host–sub out', 'main–sub in', 'main–sub out'];

  it('keeps the frames of all lines of a run, and the run says where', async () => {
    const { stdout, exitCode } = await runProcess(['run', ...small, '--out', 'o', '--capture'], { cwd });
    expect(exitCode).to.equal(0);
    expect(stdout).to.match(/\ncapture: o\/capture\.pcapng\n/);
    const { lines, damaged } = counts('o/capture.pcapng');
    expect(lines).to.deep.equal(allLines);
    expect(damaged).to.equal(0);
    const frames = [...readCapture(at('o/capture.pcapng'))];
    expect(frames.every(({ line }) => line.virtualTime)).to.equal(true);
    expect(frames.map(({ atUs }) => atUs)).to.deep.equal(frames.map(({ atUs }) => atUs).sort((a, b) => a - b));
    expect(parseReport(readFileSync(at('o/report.json'), 'utf8')).capture).to.equal('o/capture.pcapng');
    for (const report of ['report.html', 'junit.xml'])
      expect(readFileSync(at(`o/${report}`), 'utf8')).to.include('.pcapng');
  });

  it('is no part of a run unless asked for, and of no report', async () => {
    const { stdout } = await runProcess(['run', ...small, '--out', 'o'], { cwd });
    expect(stdout).not.to.include('capture');
    for (const report of ['report.json', 'report.html', 'junit.xml']) {
      expect(readFileSync(at(`o/${report}`), 'utf8')).not.to.include('capture');
    }
  });

  it('keeps frames of a noisy line as they arrived, damaged', async () => {
    writeBench('lines: {remote: {baud: 921600, ber: 2.0e-5}}');
    const ran = await runProcess(['run', ...onBench, '--out', 'o', '--capture', 'c.pcapng'], { cwd });
    expect(ran.exitCode, ran.stderr).to.equal(0);
    const { damaged } = counts('c.pcapng');
    const { lines } = parseReport(readFileSync(at('o/report.json'), 'utf8'));
    expect(damaged).to.be.greaterThan(0);
    expect(damaged).to.be.within((lines[0]?.framesDamaged ?? 0) - 2, (lines[0]?.framesDamaged ?? 0) + 2);
  });

  it('names the capture of a run that fails, and of one that cannot begin', async () => {
    writeFileSync(at('s.yaml'), 'steps: [write: {writes: 5}, expectRefused: {instruction: freeze, code: suspended}]');
    const failed = await runProcess(['run', '--scenario', 's.yaml', '--out', 'o', '--capture'], { cwd });
    expect(failed.exitCode).to.equal(1);
    expect(failed.stdout).to.include('\ncapture: o/capture.pcapng\n');
    writeBench(`kind: lines\nlines: {host: 'unix:none', sub: 'unix:none'}`);
    await start('disk', '--line', 'unix-listen:disk.sock', '--image', 'disk.img', '--size', '1MiB');
    writeBench(`kind: lines\nlines: {host: 'unix:disk.sock', sub: 'unix:none'}`);
    const lost = await runProcess(['run', '--bench', 'bench.yaml', '--out', 'p', '--capture'], { cwd });
    expect(lost.exitCode, lost.stderr).to.equal(4);
    expect(lost.stderr).to.match(/capture: p\/capture\.pcapng\n(.*\n)*.*wrong-role/);
    expect(counts('p/capture.pcapng').lines).to.include.members(['host–main in', 'host–main out']);
  });

  for (const kind of ['in-process', 'processes']) {
    it(`keeps the frames of a bench of the kind ${kind}, with the time of day`, async () => {
      writeBench(`kind: ${kind}`);
      const before = Date.now() * 1000;
      const { stderr, exitCode } = await runProcess(['run', ...onBench, '--out', 'o', '--capture'], { cwd });
      expect(exitCode, stderr).to.equal(0);
      const { lines, damaged } = counts('o/capture.pcapng');
      expect([lines, damaged]).to.deep.equal([allLines, 0]);
      for (const { atUs } of readCapture(at('o/capture.pcapng'))) {
        expect(atUs).to.be.within(before - 1e6, Date.now() * 1000 + 1e6);
      }
    });
  }

  it('keeps the frames of the lines of a controller, of its disks, and of a host', async () => {
    await start('disk', '--line', 'unix-listen:d.sock', '--image', 'd.img', '--size', '1MiB', '--capture', 'd.pcapng');
    const areas = ['--primary', 'unix:d.sock', '--shadow', 'memory:2MiB', '--meta', 'memory:8MiB'];
    const place = ['--host', 'unix-listen:m.sock', '--remote', 'pty:', '--method', 'copy'];
    await start('firmware', 'main', ...place, ...areas, '--capture', 'm.pcapng');
    await runProcess(['host', 'status', '--line', 'unix:m.sock', '--capture', 'h.pcapng'], { cwd });
    await Promise.all(running.map((each) => each.stop()));
    expect(counts('d.pcapng').lines).to.deep.equal(['disk in', 'disk out']);
    expect(counts('h.pcapng').lines).to.deep.equal(['host in', 'host out']);
    // Nobody is at the other end of the line to the sub.
    const main = counts('m.pcapng');
    expect(main.lines).to.include.members(['host–main in', 'host–main out', 'primary0 in', 'primary0 out']);
    expect(main.found['host–main in']).to.equal(counts('h.pcapng').found['host out']);
    expect(main.found['primary0 out']).to.equal(counts('d.pcapng').found['disk in']);
  });

  it('keeps what passes through an emulated line, as it arrives at the ends', async () => {
    const line = await start('line', '--baud', '3000000', '--link-a', 'a', '--link-b', 'b', '--capture', 'l.pcapng');
    await start('disk', '--line', `serial:${at('a')}?baud=3000000`, '--image', 'd.img', '--size', '1MiB');
    const host = ['host', 'status', '--line', `serial:${at('b')}?baud=3000000`];
    const { stderr } = await runProcess(host, { cwd });
    expect(stderr).to.include('wrong-role');
    await line.stop();
    expect(counts('l.pcapng').lines).to.deep.equal(['A–B in', 'A–B out']);
    expect([...readCapture(at('l.pcapng'))].every(({ bytes }) => markOf(bytes) !== undefined)).to.equal(true);
  });

  it('refuses a file that is no capture, and leaves it alone', async () => {
    writeFileSync(at('disk.img'), 'precious');
    for (const args of [
      ['run', ...small, '--capture', 'disk.img'],
      ['host', 'status', '--line', 'pty:', '--capture', 'disk.img'],
      ['line', '--baud', '9600', '--capture', 'disk.img'],
    ]) {
      const { exitCode, stderr } = await runProcess(args, { cwd });
      expect(exitCode, stderr).to.equal(2);
      expect(stderr).to.match(/^coldframe: capture-invalid: .*disk\.img/m);
    }
    expect(readFileSync(at('disk.img'), 'utf8')).to.equal('precious');
  });

  describe('never holds a key', () => {
    /** The key in all the ways in which somebody might write it, and what one could make it from. */
    const forms = (secret: Buffer) => {
      const texts = [secret.toString('hex'), secret.toString('base64'), secret.toString('base64url')];
      const reversed = Buffer.from(secret).reverse();
      return [
        secret,
        reversed,
        ...texts.flatMap((text) => [text, text.toUpperCase()]).map((text) => Buffer.from(text)),
      ];
    };
    /** No half of any form of it is there. */
    const expectNoTrace = (file: string, secret: Buffer) => {
      const contents = readFileSync(at(file));
      expect(contents.length).to.be.greaterThan(1000);
      for (const form of forms(secret)) {
        expect(contents.includes(form.subarray(0, form.length / 2)), form.toString()).to.equal(false);
        expect(contents.includes(form.subarray(form.length / 2)), form.toString()).to.equal(false);
      }
    };

    it('from a key file, on any bench', async () => {
      writeFileSync(at('pair.key'), `${key.toString('hex')}\n`, { mode: 0o600 });
      for (const kind of ['emulator', 'in-process', 'processes']) {
        writeBench(`kind: ${kind}\nkeyFile: pair.key`);
        const args = ['run', ...onBench, '--out', kind, '--capture'];
        const { stderr, exitCode } = await runProcess(args, { cwd });
        expect(exitCode, stderr).to.equal(0);
        expectNoTrace(`${kind}/capture.pcapng`, key);
        expect(readFileSync(at(`${kind}/capture.pcapng`)).includes('pair.key')).to.equal(false);
      }
    });

    it('of a run in virtual time, whose key comes from its seed: not the seed either', async () => {
      const seed = '4123456789';
      const args = ['run', ...small, '--seed', seed, '--encrypt', '--out', 'o', '--capture'];
      expect((await runProcess(args, { cwd })).exitCode).to.equal(0);
      expectNoTrace('o/capture.pcapng', createHash('sha256').update(`key/${seed}`).digest());
      expect(readFileSync(at('o/capture.pcapng')).includes(seed)).to.equal(false);
    });

    it('nor what was sealed: a pattern of a volume is on a clear line, and on no sealed one', async () => {
      const pattern = createHash('sha256').update('contents of a volume').digest().subarray(0, 16);
      writeFileSync(at('raw.img'), Buffer.alloc(4096, pattern));
      for (const sealed of [false, true]) {
        const options = ['--image', 'raw.img', '--out', 'o', ...(sealed ? ['--encrypt'] : [])];
        expect((await runProcess(['run', ...small, ...options, '--capture'], { cwd })).exitCode).to.equal(0);
        expect(readFileSync(at('o/capture.pcapng')).includes(pattern)).to.equal(!sealed);
      }
    });
  });
});
