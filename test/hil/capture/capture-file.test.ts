import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { CaptureFile, withCapture } from '../../../hil/capture/capture-file.js';
import { readCapture } from '../../../hil/capture/read-capture.js';
import { type Refusal, RefusalError } from '../../../protocol/refusals.js';

const noTrouble = ({ code }: Refusal) => expect.fail(code);
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a capture file', () => {
  let folder = '';
  let path = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'coldframe-capture-'));
    path = join(folder, 'x.pcapng');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const texts = () =>
    [...readCapture(path)].map(({ line, way, atUs, bytes }) => `${line.name} ${way} ${atUs} ${bytes}`);

  it('holds the frames of several lines in the order in which they passed', () => {
    const capture = new CaptureFile(path, noTrouble);
    const a = capture.line({ name: 'a', from: 'host', to: 'main' });
    a.take('out', Buffer.from('one'), 1);
    const b = capture.line({ name: 'b', from: 'main', to: 'sub' });
    b.take('in', Buffer.from('two'), 2);
    a.take('in', Buffer.from('three'), 3);
    capture.close();
    expect(texts()).to.deep.equal(['a out 1 one', 'b in 2 two', 'a in 3 three']);
  });

  it('is written as it goes: a turn later it is in the file', async () => {
    const capture = new CaptureFile(path, noTrouble);
    const line = capture.line({ name: 'a', from: 'host', to: 'main' });
    line.take('out', Buffer.from('one'), 1);
    await turn();
    expect(texts()).to.deep.equal(['a out 1 one']);
    line.take('out', Buffer.from('two'), 2);
    await turn();
    expect(texts()).to.have.length(2);
    capture.close();
  });

  it('is written within a turn, too, when much passes', () => {
    const capture = new CaptureFile(path, noTrouble);
    const line = capture.line({ name: 'a', from: 'host', to: 'main' });
    for (let index = 0; index < 40; index += 1) line.take('out', Buffer.alloc(65_536, 1), index);
    expect(statSync(path).size).to.be.greaterThan(2 ** 20);
    capture.close();
    expect(texts()).to.have.length(40);
  });

  it('takes nothing any more once it is closed, and may be closed again', () => {
    const capture = new CaptureFile(path, noTrouble);
    const line = capture.line({ name: 'a', from: 'host', to: 'main' });
    capture.close();
    line.take('out', Buffer.from('late'), 1);
    capture.close();
    expect(texts()).to.deep.equal([]);
  });

  it('replaces another capture, and nothing else', () => {
    for (const [file, isReplaced] of [
      ['old capture', true],
      ['empty', true],
      ['image', false],
      ['short', false],
    ] as const) {
      path = join(folder, file);
      const before = { 'old capture': '0a0d0d0a1c000000ffffffff', empty: '', image: '00'.repeat(512), short: '0a0d' };
      writeFileSync(path, Buffer.from(before[file], 'hex'));
      const make = () => new CaptureFile(path, noTrouble).close();
      if (isReplaced) make();
      else expect(make, file).to.throw(RefusalError, /capture-invalid.*left alone/);
      expect(readFileSync(path).toString('hex') === before[file], file).to.equal(!isReplaced);
    }
  });

  it('refuses a folder, and a place that is not there', () => {
    expect(() => new CaptureFile(folder, noTrouble)).to.throw(RefusalError, /file-unreadable/);
    expect(() => new CaptureFile(join(folder, 'none', 'x'), noTrouble)).to.throw(RefusalError, /file-missing/);
  });

  it('is readable by nobody else: it may hold data of volumes', () => {
    new CaptureFile(path, noTrouble).close();
    expect(statSync(path).mode & 0o777).to.equal(0o600);
  });

  it('ends when the disk is full, says so once, and lets the rest go on', async () => {
    const program = `
      const { CaptureFile } = await import(${JSON.stringify(new URL('../../../hil/capture/capture-file.js', import.meta.url))});
      const capture = new CaptureFile(${JSON.stringify(path)}, ({ code }) => console.log(code));
      const line = capture.line({ name: 'a', from: 'host', to: 'main' });
      for (let index = 0; index < 5; index += 1) {
        line.take('out', Buffer.alloc(2000), index);
        await new Promise((resolve) => setImmediate(resolve));
      }
      capture.close();
      console.log('went on');`;
    // No file may have more than 8 blocks of 512 bytes, which is an error of the file system once the signal is ignored.
    const limited = `trap '' XFSZ; ulimit -f 8; exec "$0" --input-type=module -e "$1"`;
    const { stdout } = await promisify(execFile)('sh', ['-c', limited, process.execPath, program]);
    expect(stdout).to.equal('disk-full\nwent on\n');
    expect(texts()).to.have.length(1);
  });

  it('is closed whatever becomes of the work', async () => {
    let kept: CaptureFile | undefined;
    const work = async (capture: CaptureFile | undefined) => {
      kept = capture;
      throw new Error('the work fails');
    };
    await withCapture(path, noTrouble, work).then(
      () => expect.fail('no error'),
      (error) => expect(error.message).to.equal('the work fails'),
    );
    kept?.line({ name: 'late', from: 'a', to: 'b' }).take('in', Buffer.from('late'), 1);
    await turn();
    expect(texts()).to.deep.equal([]);
    expect(await withCapture(undefined, noTrouble, async (capture) => capture)).to.equal(undefined);
  });
});
