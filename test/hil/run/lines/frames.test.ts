import { expect } from 'chai';
import fc from 'fast-check';
import { Random } from '../../../../hil/random.js';
import { FrameSplitter, receiveFrames } from '../../../../hil/run/lines/frames.js';
import { openLine, openPtyLine } from '../../../../hil/run/lines/open-line.js';
import { LineWatch } from './line-watch.js';

const frameBytesMax = 100;

function splitterOf() {
  const frames: string[] = [];
  const onFrame = (frame: Uint8Array) => frames.push(Buffer.from(frame).toString('latin1'));
  return { frames, splitter: new FrameSplitter({ frameBytesMax, onFrame }) };
}

/** What the splitter is to give: the runs between zeros, without empty ones, too long ones and the unfinished last. */
function framesOf(bytes: Uint8Array): string[] {
  const runs = Buffer.from(bytes).toString('latin1').split('\0').slice(0, -1);
  return runs.filter((run) => run.length > 0 && run.length <= frameBytesMax);
}

describe('frames out of bytes', () => {
  it('are what stands between zero bytes, delivered before push returns', () => {
    const { frames, splitter } = splitterOf();
    splitter.push(Buffer.from('one\0two\0\0thr'));
    expect(frames).to.deep.equal(['one', 'two']);
    splitter.push(Buffer.from('ee\0'));
    expect(frames).to.deep.equal(['one', 'two', 'three']);
  });

  it('are the same wherever the bytes are cut into chunks', () => {
    const run = fc.tuple(fc.integer({ min: 0, max: 2.5 * frameBytesMax }), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(fc.array(run), fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }), (runs, steps) => {
        const { frames, splitter } = splitterOf();
        const bytes = Buffer.concat(runs.flatMap(([length, byte]) => [Buffer.alloc(length, byte), Buffer.of(0)]));
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const step = steps[turn % steps.length] ?? 1;
          splitter.push(bytes.subarray(at, at + step));
          at += step;
        }
        expect(frames).to.deep.equal(framesOf(bytes));
        expect(splitter.overlongRuns).to.equal(runs.filter(([length]) => length > frameBytesMax).length);
      }),
    );
  });

  it('of the largest size pass, and of one byte more are dropped, in one chunk and byte by byte', () => {
    for (const step of [1, 1000]) {
      const { frames, splitter } = splitterOf();
      const bytes = Buffer.from(`${'x'.repeat(100)}\0${'y'.repeat(101)}\0z\0`);
      for (let at = 0; at < bytes.length; at += step) splitter.push(bytes.subarray(at, at + step));
      expect(frames).to.deep.equal(['x'.repeat(100), 'z']);
      expect(splitter.overlongRuns).to.equal(1);
    }
  });

  for (const chunkBytes of [32, 65_536]) {
    it(`come again after 16 MiB without a delimiter in chunks of ${chunkBytes}, which cost no memory and no time`, () => {
      const { frames, splitter } = splitterOf();
      const noise = Buffer.alloc(chunkBytes, 0x55);
      const before = process.memoryUsage().arrayBuffers;
      // Unguarded this takes tens of seconds, far past the time that a test is given.
      for (let count = 0; count < 2 ** 24 / chunkBytes; count += 1) splitter.push(noise);
      expect(process.memoryUsage().arrayBuffers - before).to.be.lessThan(2 ** 20);
      splitter.push(Buffer.from('\0frame\0'));
      expect(frames).to.deep.equal(['frame']);
      expect(splitter.overlongRuns).to.equal(1);
    });
  }

  it('lose their beginning with the line, and not the next frame', () => {
    const { frames, splitter } = splitterOf();
    splitter.push(Buffer.from('whole\0hal'));
    splitter.reset();
    splitter.push(Buffer.from('next\0'));
    expect(frames).to.deep.equal(['whole', 'next']);
  });

  it('arrive through a serial port, each as it was sent', async () => {
    const near = openPtyLine({ kind: 'pty', baud: 12_000_000 });
    const serial = new LineWatch(openLine(`serial:${near.path}?baud=12000000`));
    const frames: Buffer[] = [];
    receiveFrames(serial.line, { frameBytesMax: 5000, onFrame: (frame) => frames.push(Buffer.from(frame)) });
    await serial.untilEvent('open');
    const random = new Random('frames');
    const sent = Array.from({ length: 50 }, () =>
      random.fill(Buffer.alloc(1 + random.below(5000))).map((byte) => byte || 1),
    );
    for (const frame of sent) near.write(Buffer.concat([frame, Buffer.of(0)]));
    await serial.untilBytes(sent.reduce((sum, { length }) => sum + length + 1, 0));
    expect(frames.length).to.equal(50);
    expect(Buffer.concat(frames).equals(Buffer.concat(sent))).to.equal(true);
    await Promise.all([near.close(), serial.line.close()]);
  });
});
