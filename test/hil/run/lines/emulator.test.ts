import { expect } from 'chai';
import { Random } from '../../../../hil/random.js';
import { EmulatedLine, type EmulatorOptions, joinLines } from '../../../../hil/run/lines/emulator.js';
import type { Line } from '../../../../hil/run/lines/line.js';
import { memoryLines } from '../../../../hil/run/lines/memory.js';
import { openLine, openPtyLine } from '../../../../hil/run/lines/open-line.js';
import { LineWatch, writeAll } from './line-watch.js';

const clean: EmulatorOptions = { latencyUs: 0, bitErrorRate: 0, dropRate: 0, seed: 1 };
const bytesOf = (count: number) => new Random('bytes').fill(Buffer.alloc(count));

describe('the emulator of a serial line', () => {
  let open: Line[] = [];
  const watch = (line: Line) => {
    open.push(line);
    return new LineWatch(line);
  };
  afterEach(async () => {
    await Promise.all(open.map((line) => line.close()));
    open = [];
  });

  /** Two ends joined by the emulator over two pairs in memory. */
  async function joined(options: Partial<EmulatorOptions>) {
    const [a, nearA] = memoryLines('a');
    const [nearB, b] = memoryLines('b');
    const ends = [watch(a), watch(b)] as const;
    const emulator = joinLines(nearA, nearB, { ...clean, ...options });
    await Promise.all([ends[0].untilEvent('open'), ends[1].untilEvent('open')]);
    return { a: ends[0], b: ends[1], emulator };
  }

  it('carries all bytes exactly, both ways, between two serial ports on PTYs', async () => {
    const nearA = openPtyLine({ kind: 'pty' });
    const nearB = openPtyLine({ kind: 'pty' });
    open.push(nearA, nearB);
    const a = watch(openLine(`serial:${nearA.path}?baud=3000000`));
    const b = watch(openLine(`serial:${nearB.path}?baud=3000000`));
    const emulator = joinLines(nearA, nearB, { ...clean, baud: 3_000_000, latencyUs: 2000 });
    await Promise.all([a.untilEvent('open'), b.untilEvent('open')]);
    const bytes = bytesOf(100_000);
    await Promise.all([
      writeAll(a, bytes, 1000),
      writeAll(b, bytes, 700),
      a.untilBytes(bytes.length),
      b.untilBytes(bytes.length),
    ]);
    expect(a.bytes.equals(bytes)).to.equal(true);
    expect(b.bytes.equals(bytes)).to.equal(true);
    expect(emulator.aToB).to.deep.equal({ carriedBytes: 100_000, droppedBytes: 0, flippedBits: 0 });
  });

  it('holds the sender back to its baud rate', async () => {
    const { a, b } = await joined({ baud: 12_000_000 });
    const bytes = bytesOf(600_000);
    let waitingBytesMost = 0;
    for (let at = 0; at < bytes.length; at += 1000) {
      const drains = a.events.length;
      if (!a.line.write(bytes.subarray(at, at + 1000))) await a.until(({ events }) => events.length > drains);
      waitingBytesMost = Math.max(waitingBytesMost, at + 1000 - b.length);
    }
    await b.untilBytes(bytes.length);
    expect(b.bytes.equals(bytes)).to.equal(true);
    // 64 KiB in the sender's line, as much in one turn of it, and 20 ms on the wire: about 155 000.
    expect(waitingBytesMost).to.be.lessThan(250_000);
  });

  it('keeps what a slow receiver does not take, however long, and loses none of it', async () => {
    const { a, b } = await joined({ baud: 12_000_000 });
    b.line.pause();
    const written = writeAll(a, bytesOf(400_000), 5000);
    // The sender's own line is the last to fill up.
    while (a.line.bufferedBytes <= 64 * 1024) await new Promise(setImmediate);
    b.line.resume();
    await Promise.all([written, b.untilBytes(400_000)]);
    expect(b.bytes.equals(bytesOf(400_000))).to.equal(true);
  });

  it('flips and loses as its counts say, in each direction on its own', async () => {
    const { a, b, emulator } = await joined({ bitErrorRate: 1e-3, dropRate: 1e-3 });
    await writeAll(a, bytesOf(100_000), 1000);
    await b.until(({ length }) => length > 0 && length === 100_000 - emulator.aToB.droppedBytes);
    expect(emulator.aToB.droppedBytes).to.be.within(50, 150);
    expect(emulator.aToB.flippedBits).to.be.within(650, 950);
    expect(emulator.bToA).to.deep.equal({ carriedBytes: 0, droppedBytes: 0, flippedBits: 0 });
  });

  it('does the same to the same bytes under the same seed', async () => {
    const once = async () => {
      const { a, b, emulator } = await joined({ bitErrorRate: 0.01, dropRate: 0.01, seed: 'again' });
      await writeAll(a, bytesOf(5_000), 100);
      await b.until(({ length }) => length === 5_000 - emulator.aToB.droppedBytes);
      return b.bytes.toString('hex');
    };
    expect(await once()).to.equal(await once());
  });

  it('lets nothing through while it is cut, and everything after it was restored', async () => {
    const { a, b, emulator } = await joined({ latencyUs: 15_000 });
    a.line.write(Buffer.from('lost on its way'));
    while (emulator.aToB.carriedBytes === 0) await new Promise(setImmediate);
    emulator.cut();
    a.line.write(Buffer.from('lost'));
    await new Promise((resolve) => setTimeout(resolve, 30));
    emulator.restore();
    a.line.write(Buffer.from('kept'));
    await b.untilBytes(4);
    expect(b.bytes.toString()).to.equal('kept');
  });

  it('restores itself after a cut of given length', async () => {
    const { a, b, emulator } = await joined({});
    emulator.cut(10);
    const sender = setInterval(() => a.line.write(Buffer.of(7)), 2);
    await b.untilBytes(1);
    clearInterval(sender);
    expect(b.bytes[0]).to.equal(7);
  });

  describe('around one line', () => {
    async function wrapped(options: Partial<EmulatorOptions>) {
      const [a, b] = memoryLines();
      const near = new EmulatedLine(a, { ...clean, ...options });
      const ends = { near: watch(near), far: watch(b), emulated: near };
      await Promise.all([ends.near.untilEvent('open'), ends.far.untilEvent('open')]);
      return ends;
    }

    it('carries all bytes exactly, both ways, with backpressure', async () => {
      const { near, far } = await wrapped({ baud: 3_000_000, latencyUs: 1500 });
      const bytes = bytesOf(60_000);
      await Promise.all([
        writeAll(near, bytes, 900),
        writeAll(far, bytes, 900),
        near.untilBytes(bytes.length),
        far.untilBytes(bytes.length),
      ]);
      expect(near.bytes.equals(bytes)).to.equal(true);
      expect(far.bytes.equals(bytes)).to.equal(true);
      expect(near.events).to.include('drain');
    });

    it('passes losses and the end on, and drops what was on its way', async () => {
      const { near, far } = await wrapped({ latencyUs: 50_000 });
      far.line.write(Buffer.of(1));
      near.line.write(Buffer.of(1));
      await far.line.close();
      await near.untilEvent('lost');
      expect(near.line.bufferedBytes).to.equal(0);
      await near.line.close();
      expect(near.events).to.deep.equal(['open', 'lost', 'closed']);
    });

    it('can be paused and cut', async () => {
      const { near, far, emulated } = await wrapped({});
      near.line.pause();
      far.line.write(Buffer.from('held'));
      near.line.write(Buffer.from('there'));
      await far.untilBytes(5);
      expect(near.length).to.equal(0);
      near.line.resume();
      await near.untilBytes(4);
      emulated.cut();
      near.line.write(Buffer.from('lost'));
      emulated.restore();
      near.line.write(Buffer.from('back'));
      await far.untilBytes(9);
      expect(far.bytes.toString()).to.equal('thereback');
    });
  });
});
