import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { HostEnd } from '../../../../hil/bench/host-end.js';
import { temporaryFolder } from '../../../../hil/bench/processes.js';
import { Random } from '../../../../hil/random.js';
import { parseArea } from '../../../../hil/run/disks/area.js';
import { openFirmware } from '../../../../hil/run/firmware.js';
import { parseLineAddress } from '../../../../hil/run/lines/address.js';
import { type Line, whenOpen } from '../../../../hil/run/lines/line.js';
import { openLine, openPtyLine } from '../../../../hil/run/lines/open-line.js';
import type { Refusal } from '../../../../protocol/refusals.js';
import { LineWatch } from './line-watch.js';
import { describeAdapter, PluggedBoard } from './plugged-board.js';

const stty = (path: string, ...words: string[]) => execFileSync('stty', ['-F', path, ...words], { encoding: 'utf8' });

describe('serial ports', () => {
  describe('of adapters that are pulled and plugged in again', () => {
    for (const hasUdev of [true, false]) {
      const by = hasUdev ? 'its name in /dev/serial/by-id' : 'vendor, product and serial number';
      it(`carry a transfer to its end, found again at other ports by ${by}`, async () => {
        await using folder = await scopedFolder();
        const at = (name: string) => parseLineAddress(`${name}:${join(folder.path, 's')}`);
        const { runner } = await openFirmware({
          ...{ role: 'main', method: 'copy', host: at('unix-listen'), remote: parseLineAddress('pty:') },
          ...{
            volumes: [parseArea('memory:512KiB')],
            slots: [parseArea('memory:1MiB')],
            meta: parseArea('memory:64MiB'),
          },
          ...{ volumeBytes: [], slotBytes: [], blockBytes: 4096 },
        });
        runner.start();
        const board = new PluggedBoard({ board: openLine(at('unix')), hasUdev });
        board.plugIn();
        const line = openLine(`serial:${board.path}?baud=12000000`, { ...board.places, retryMsMin: 5 });
        const events = eventsOf(line);
        const host = new HostEnd({ line });
        const data = new Random('replug').fill(Buffer.alloc(512 * 1024));
        const writes = Array.from({ length: 32 }, (_, index) => {
          return host.client.write(0, index * 16_384, data.subarray(index * 16_384, (index + 1) * 16_384)).done;
        });
        for (const carriedBytes of [100_000, 250_000]) {
          await board.carried(carriedBytes);
          await board.pull();
          board.plugIn();
        }
        await Promise.all(writes);
        const read = await host.client.read(0, 0, data.length);
        expect(data.equals(read)).to.equal(true);
        expect(events).to.deep.equal(['open', 'lost', 'open', 'lost', 'open']);
        await host.close();
        await runner.stop();
        await board.close();
      });
    }

    it('are noticed to be gone also when that comes while a read is under way', async () => {
      const near = openPtyLine({ kind: 'pty' });
      const serial = new LineWatch(openLine(`serial:${near.path}`));
      await serial.untilEvent('open');
      await near.close();
      await serial.untilEvent('lost');
      await serial.line.close();
    });

    it('are lost in the same words in the middle of a transfer, whatever met it first', async () => {
      const details = new Set<string>();
      for (let times = 0; times < 12; times += 1) {
        const near = openPtyLine({ kind: 'pty' });
        const line = openLine(`serial:${near.path}?baud=3000000`);
        await whenOpen(line, 5000);
        const lost = new Promise<Refusal>((resolve) => line.on('lost', resolve));
        const send = () => {
          while (line.isOpen && line.write(Buffer.alloc(2000)));
        };
        line.on('drain', send);
        send();
        await pause(10 + 3 * times);
        void near.close();
        details.add((await lost).detail.replace(/^serial:.*?: /, ''));
        await Promise.all([near.close(), line.close()]);
      }
      expect([...details]).to.deep.equal(['the port is gone']);
    });

    it('are left alone when another adapter has their port, or two look alike', async () => {
      const board = new PluggedBoard({ hasUdev: false });
      const { path } = board.plugIn();
      const line = openLine(`serial:${path}`, { ...board.places, retryMsMin: 5 });
      await whenOpen(line, 5000);
      await board.pull();
      board.plugIn('OTHER');
      const trouble = await troubleOf(line, /not plugged in/);
      expect(trouble).to.equal('the adapter 0403:6001 A10K, interface 1.0 is not plugged in');
      for (const name of ['98', '99']) describeAdapter(board.places.sysDirectory, name, 'A10K');
      expect(await troubleOf(line, /cannot be told/)).to.contain('98, 99');
      await line.close();
      await board.close();
    });
  });

  describe('of boards that reset when they are opened', () => {
    it('keep DTR when they are closed, whatever the port was set to before', async () => {
      const near = openPtyLine({ kind: 'pty' });
      stty(near.path, 'hupcl');
      expect(stty(near.path, '-a')).to.match(/ hupcl/);
      const line = openLine(`serial:${near.path}?baud=921600`);
      await whenOpen(line, 5000);
      expect(stty(near.path, '-a')).to.match(/speed 921600 baud.* -hupcl/s);
      await Promise.all([line.close(), near.close()]);
    });

    it('say nothing and take nothing until the board has come up', async () => {
      const near = openPtyLine({ kind: 'pty' });
      const board = new LineWatch(near);
      const noise = setInterval(() => near.write(Buffer.from('U-Boot\r\n')), 5);
      const serial = new LineWatch(openLine(`serial:${near.path}?bootMs=200`));
      serial.line.write(Buffer.of(1));
      await serial.untilEvent('open');
      clearInterval(noise);
      expect([board.length, serial.length]).to.deep.equal([0, 0]);
      serial.line.write(Buffer.of(2));
      await board.untilBytes(1);
      near.write(Buffer.of(0, 3));
      await serial.until(({ bytes }) => bytes.includes(3));
      expect([...board.bytes]).to.deep.equal([2]);
      await Promise.all([serial.line.close(), near.close()]);
    });

    it('are let go at once when they are given up while the board comes up, and tried again when they go away', async () => {
      const board = new PluggedBoard({ hasUdev: true });
      const { path } = board.plugIn();
      const given = openLine(`serial:${path}?bootMs=60000`, board.places);
      await portTaken(path);
      const tried = openLine(`serial:${join(board.places.byIdDirectory, 'usb-Board_A10K')}?bootMs=60000`, {
        ...board.places,
        retryMsMin: 5,
      });
      await troubleOf(tried, /in use|Cannot lock/);
      await given.close();
      await portTaken(path);
      await board.pull();
      await troubleOf(tried, /gone before the board had come up/);
      await tried.close();
      await board.close();
    });
  });

  describe('with options that a PTY has no use for', () => {
    for (const options of ['rtscts=1', 'dtr=pulse', 'rtscts=1&dtr=pulse']) {
      it(`carry bytes all the same: ${options}`, async () => {
        const near = openPtyLine({ kind: 'pty' });
        const far = new LineWatch(near);
        const serial = new LineWatch(openLine(`serial:${near.path}?baud=12000000&${options}`));
        await serial.untilEvent('open');
        expect(stty(near.path, '-a')).to.match(options.includes('rtscts') ? / crtscts/ : / -crtscts/);
        const bytes = Buffer.alloc(50_000, 7);
        serial.line.write(bytes);
        near.write(bytes);
        await Promise.all([far.untilBytes(50_000), serial.untilBytes(50_000)]);
        await Promise.all([serial.line.close(), near.close()]);
      });
    }
  });

  it('that another process has are refused with its name', async () => {
    const near = openPtyLine({ kind: 'pty' });
    const other = spawn('flock', [near.path, 'sleep', '60'], { detached: true });
    await portTaken(near.path);
    const line = openLine(`serial:${near.path}`, { retryMsMin: 5 });
    const trouble = await troubleOf(line, /by process/);
    expect(line.trouble?.code).to.equal('port-in-use');
    expect(trouble).to.match(/by process \d+ \((flock .*)?sleep 60\)$/);
    process.kill(-(other.pid ?? 0), 'SIGKILL');
    await whenOpen(line, 5000);
    await Promise.all([line.close(), near.close()]);
  });
});

function eventsOf(line: Line): string[] {
  const events: string[] = [];
  for (const name of ['open', 'lost'] as const) line.on(name, () => events.push(name));
  return events;
}

/** The detail of a line's trouble, once it is like this. */
async function troubleOf(line: Line, like: RegExp): Promise<string> {
  for (;;) {
    const detail = line.trouble?.detail;
    if (detail !== undefined && like.test(detail)) return detail;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Resolves when somebody has a port open and locked. */
async function portTaken(path: string): Promise<void> {
  const isFree = () => spawnSync('flock', ['-n', path, 'true']).status === 0;
  while (isFree()) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function scopedFolder() {
  const folder = await temporaryFolder();
  return { path: folder.path, [Symbol.asyncDispose]: () => folder.remove() };
}
