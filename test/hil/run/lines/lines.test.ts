import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Random } from '../../../../hil/random.js';
import { findByIdPath } from '../../../../hil/run/lines/adapter.js';
import { type Line, whenOpen } from '../../../../hil/run/lines/line.js';
import { memoryLines } from '../../../../hil/run/lines/memory.js';
import { type OpenLineOptions, openLine, openPtyLine } from '../../../../hil/run/lines/open-line.js';
import { openPty } from '../../../../hil/run/lines/pty.js';
import { RefusalError } from '../../../../protocol/refusals.js';
import { LineWatch, writeAll } from './line-watch.js';

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

describe('lines', () => {
  let folder = '';
  let open: Line[] = [];
  const watch = (line: Line) => {
    open.push(line);
    return new LineWatch(line);
  };
  const watchAt = (address: string, options: OpenLineOptions = { retryMsMin: 5 }) => watch(openLine(address, options));

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coldframe-lines-'));
  });
  afterEach(async () => {
    await Promise.all(open.map((line) => line.close()));
    open = [];
    await rm(folder, { recursive: true });
  });

  /** Both ends of one line of each kind, open. */
  const pairs: Readonly<Record<string, () => Promise<readonly [LineWatch, LineWatch]>>> = {
    tcp: async () => {
      const listener = watchAt('tcp-listen://127.0.0.1:0');
      while (listener.line.name.endsWith(':0')) await new Promise(setImmediate);
      return [listener, watchAt(listener.line.name.replace('-listen', ''))];
    },
    unix: async () => [watchAt(`unix-listen:${folder}/x.sock`), watchAt(`unix:${folder}/x.sock`)],
    'serial on a PTY': async () => {
      const near = openPtyLine({ kind: 'pty', baud: 12_000_000 });
      return [watch(near), watchAt(`serial:${near.path}?baud=12000000`)];
    },
    memory: async () => {
      const [a, b] = memoryLines();
      return [watch(a), watch(b)];
    },
  };

  for (const [kind, pair] of Object.entries(pairs)) {
    describe(kind, () => {
      it('opens by itself and carries every byte value as it is, both ways', async () => {
        const [a, b] = await pair();
        await Promise.all([whenOpen(a.line, 5000), whenOpen(b.line, 5000)]);
        a.line.write(everyByte);
        b.line.write(everyByte);
        await Promise.all([a.untilBytes(256), b.untilBytes(256)]);
        expect(a.bytes).to.deep.equal(everyByte);
        expect(b.bytes).to.deep.equal(everyByte);
      });

      it('carries a megabyte both ways at once with backpressure, exactly', async () => {
        const [a, b] = await pair();
        await Promise.all([whenOpen(a.line, 5000), whenOpen(b.line, 5000)]);
        const bytes = new Random('megabyte').fill(Buffer.alloc(2 ** 20));
        await Promise.all([
          writeAll(a, bytes, 4096),
          writeAll(b, bytes, 4096),
          a.untilBytes(bytes.length),
          b.untilBytes(bytes.length),
        ]);
        expect(a.bytes.equals(bytes)).to.equal(true);
        expect(b.bytes.equals(bytes)).to.equal(true);
      });

      it('closes once, however often it is asked, and then takes nothing', async () => {
        const [a, b] = await pair();
        await Promise.all([whenOpen(a.line, 5000), whenOpen(b.line, 5000)]);
        await Promise.all([a.line.close(), a.line.close()]);
        await a.line.close();
        expect(a.events.filter((each) => each === 'closed')).to.have.length(1);
        expect(a.events.at(-1)).to.equal('closed');
        expect(a.line.isOpen).to.equal(false);
        expect(a.line.write(everyByte)).to.equal(false);
      });

      it('holds data back while it is paused', async () => {
        const [a, b] = await pair();
        await Promise.all([whenOpen(a.line, 5000), whenOpen(b.line, 5000)]);
        a.line.write(Buffer.of(1));
        await b.untilBytes(1);
        b.line.pause();
        a.line.write(Buffer.of(2));
        b.line.write(Buffer.of(3));
        await a.untilBytes(1);
        expect([...b.bytes]).to.deep.equal([1]);
        b.line.resume();
        await b.untilBytes(2);
        expect([...b.bytes]).to.deep.equal([1, 2]);
      });
    });
  }

  describe('that are lost', () => {
    it('come back: a client connects to the next listener', async () => {
      const client = watchAt(`unix:${folder}/x.sock`);
      const first = watchAt(`unix-listen:${folder}/x.sock`);
      await client.untilEvent('open');
      await first.line.close();
      await client.untilEvent('lost');
      const second = watchAt(`unix-listen:${folder}/x.sock`);
      await client.untilEvent('open', 2);
      client.line.write(everyByte);
      await second.untilBytes(256);
      expect(client.events).to.deep.equal(['open', 'lost', 'open']);
    });

    it('come back: a listener takes the next client', async () => {
      const listener = watchAt(`unix-listen:${folder}/x.sock`);
      const first = watchAt(`unix:${folder}/x.sock`);
      await Promise.all([first.untilEvent('open'), listener.untilEvent('open')]);
      await first.line.close();
      await listener.untilEvent('lost');
      expect(listener.line.trouble?.code).to.equal('line-unavailable');
      const second = watchAt(`unix:${folder}/x.sock`);
      await listener.untilEvent('open', 2);
      second.line.write(everyByte);
      await listener.untilBytes(256);
      expect(listener.line.trouble).to.equal(undefined);
    });

    it('come back: a serial port whose PTY goes away and is there again under its link', async () => {
      const before = openPtyLine({ kind: 'pty' });
      const after = watch(openPtyLine({ kind: 'pty' }));
      await symlink(before.path, join(folder, 'port'));
      const serial = watchAt(`serial:${folder}/port`);
      await serial.untilEvent('open');
      await symlink((after.line as typeof before).path, join(folder, 'port.new'));
      await rename(join(folder, 'port.new'), join(folder, 'port'));
      await before.close();
      await serial.untilEvent('open', 2);
      after.line.write(everyByte);
      await serial.untilBytes(256);
      expect(serial.events).to.deep.equal(['open', 'lost', 'open']);
    });

    it('tell of it once, also with a write that never ends, and close all the same', async () => {
      const pty = openPty();
      // Nobody reads the master side, so that the write cannot end.
      const serial = watchAt(`serial:${pty.path}?baud=12000000`, { pacedAheadMs: Number.POSITIVE_INFINITY });
      await serial.untilEvent('open');
      serial.line.write(Buffer.alloc(2 ** 20));
      expect(serial.line.bufferedBytes).to.be.greaterThan(0);
      pty.stream.destroy();
      await serial.untilEvent('lost');
      expect(serial.line.write(everyByte)).to.equal(false);
      expect(serial.line.bufferedBytes).to.equal(0);
      await serial.line.close();
      expect(serial.events).to.deep.equal(['open', 'lost', 'closed']);
    });

    it('close while a write is stuck', async () => {
      const pty = openPty();
      const serial = watchAt(`serial:${pty.path}?baud=12000000`, { pacedAheadMs: Number.POSITIVE_INFINITY });
      await serial.untilEvent('open');
      serial.line.write(Buffer.alloc(2 ** 20));
      const closed = serial.line.close();
      pty.stream.write(everyByte);
      await closed;
      expect(serial.events.at(-1)).to.equal('closed');
      expect(serial.length).to.equal(0);
      pty.stream.destroy();
    });
  });

  describe('that cannot be opened', () => {
    const refused = async (line: Line, timeoutMs: number) => {
      try {
        await whenOpen(line, timeoutMs);
      } catch (error) {
        if (error instanceof RefusalError) return error.refusal;
        throw error;
      }
      return expect.fail('it opened');
    };

    it('say why: a port that is not there', async () => {
      const { code, detail } = await refused(watchAt('serial:/dev/ttyNONE9').line, 50);
      expect(code).to.equal('line-unavailable');
      expect(detail).to.include('/dev/ttyNONE9').and.to.include('there is no such port');
    });

    it('say why: nobody listens', async () => {
      const { detail } = await refused(watchAt(`unix:${folder}/nobody.sock`).line, 50);
      expect(detail).to.include('nobody listens there');
    });

    it('say why: somebody else listens', async () => {
      const first = watchAt(`unix-listen:${folder}/x.sock`);
      const client = watchAt(`unix:${folder}/x.sock`);
      await client.untilEvent('open');
      const { code, detail } = await refused(watchAt(`unix-listen:${folder}/x.sock`).line, 100);
      expect([code, detail]).to.deep.equal([
        'port-in-use',
        `unix-listen:${folder}/x.sock: another process listens there`,
      ]);
      const tcp = watchAt('tcp-listen://127.0.0.1:0');
      await new Promise((resolve) => setTimeout(resolve, 50));
      const taken = await refused(watchAt(tcp.line.name).line, 100);
      expect(taken).to.deep.equal({ code: 'port-in-use', detail: `${tcp.line.name}: another process listens there` });
      expect(first.line.isOpen).to.equal(true);
    });

    it('say why: a file has the name of the socket, and is left as it is', async () => {
      await writeFile(join(folder, 'x.sock'), 'precious');
      const { code, detail } = await refused(watchAt(`unix-listen:${folder}/x.sock`).line, 100);
      expect(code).to.equal('file-exists');
      expect(detail).to.include('another kind of file');
    });

    it('close while they are still trying', async () => {
      const serial = watchAt('serial:/dev/ttyNONE9');
      const client = watchAt(`unix:${folder}/nobody.sock`);
      const listener = watchAt(`unix-listen:${folder}/x.sock`);
      await Promise.all([serial.line.close(), client.line.close(), listener.line.close()]);
      for (const { events } of [serial, client, listener]) expect(events).to.deep.equal(['closed']);
      expect(await readdir(folder)).to.deep.equal([]);
    });
  });

  it('take over a socket file that a killed process left behind', async () => {
    const path = join(folder, 'x.sock');
    const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 9))`;
    await new Promise((resolve) => spawn(process.execPath, ['-e', script]).on('close', resolve));
    const listener = watchAt(`unix-listen:${path}`);
    const client = watchAt(`unix:${path}`);
    await Promise.all([listener.untilEvent('open'), client.untilEvent('open')]);
  });

  it('turn a second client away while the first one is there', async () => {
    const listener = watchAt(`unix-listen:${folder}/x.sock`);
    const client = watchAt(`unix:${folder}/x.sock`);
    await Promise.all([listener.untilEvent('open'), client.untilEvent('open')]);
    const second = connect(join(folder, 'x.sock'));
    await new Promise((resolve) => second.on('close', resolve));
    client.line.write(everyByte);
    await listener.untilBytes(256);
    expect(listener.events).to.deep.equal(['open']);
  });

  it('deliver what was written just before they were closed', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(folder, 'x.sock'), resolve));
    const received = new Promise<number>((resolve) => {
      server.on('connection', (socket) => {
        let length = 0;
        socket.on('data', (bytes) => {
          length += bytes.length;
        });
        socket.on('end', () => resolve(length));
      });
    });
    const client = watchAt(`unix:${folder}/x.sock`);
    await client.untilEvent('open');
    client.line.write(Buffer.alloc(2 ** 20));
    await client.line.close();
    expect(await received).to.equal(2 ** 20);
    await new Promise((resolve) => server.close(resolve));
  });

  it('deliver what was written to a serial port just before it was closed', async () => {
    const near = watch(openPtyLine({ kind: 'pty' }));
    const { path } = near.line as ReturnType<typeof openPtyLine>;
    const serial = watchAt(`serial:${path}`, { pacedAheadMs: Number.POSITIVE_INFINITY });
    await serial.untilEvent('open');
    serial.line.write(Buffer.alloc(300_000));
    await serial.line.close();
    await near.untilBytes(300_000);
  });

  it('stay paused when they open', async () => {
    const near = watch(openPtyLine({ kind: 'pty' }));
    const { path } = near.line as ReturnType<typeof openPtyLine>;
    const serial = watchAt(`serial:${path}`);
    serial.line.pause();
    await serial.untilEvent('open');
    near.line.write(Buffer.of(1));
    serial.line.write(Buffer.of(2));
    await near.untilBytes(1);
    expect(serial.length).to.equal(0);
    serial.line.resume();
    await serial.untilBytes(1);
  });

  describe('with a baud rate', () => {
    it('are full when about 20 ms are on their way, and drain when less is', async () => {
      const near = openPtyLine({ kind: 'pty' });
      const far = watch(near);
      const serial = watchAt(`serial:${near.path}?baud=9600`);
      await serial.untilEvent('open');
      // 20 ms at 9600 baud are 19.2 bytes.
      expect(serial.line.write(Buffer.alloc(10))).to.equal(true);
      expect(serial.line.write(Buffer.alloc(40))).to.equal(false);
      expect(serial.line.bufferedBytes).to.be.within(20, 50);
      await serial.untilEvent('drain');
      expect(serial.line.bufferedBytes).to.be.at.most(20);
      await far.untilBytes(50);
    });

    it('take one frame that is longer than that', async () => {
      const near = openPtyLine({ kind: 'pty', baud: 115_200 });
      const serial = watch(openLine(`serial:${near.path}?baud=115200`));
      watch(near);
      await serial.untilEvent('open');
      near.write(Buffer.alloc(1000));
      await serial.untilBytes(1000);
    });
  });

  describe('on a PTY', () => {
    it('stay open while clients come and go', async () => {
      const near = watch(openPtyLine({ kind: 'pty' }));
      const { path } = near.line as ReturnType<typeof openPtyLine>;
      for (const turn of [1, 2, 3]) {
        const serial = watchAt(`serial:${path}?baud=921600`);
        await serial.untilEvent('open');
        serial.line.write(everyByte);
        await near.untilBytes(turn * 256);
        near.line.write(everyByte);
        await serial.untilBytes(256);
        await serial.line.close();
      }
      expect(near.events).to.deep.equal(['open']);
    });

    it('do not echo, also before a client has set its terminal', async () => {
      const near = watch(openPtyLine({ kind: 'pty' }));
      const { path } = near.line as ReturnType<typeof openPtyLine>;
      await near.untilEvent('open');
      near.line.write(Buffer.from('hello\n\x03\x04'));
      const reader = spawn('head', ['-c', '8', path]);
      const output: Buffer[] = [];
      reader.stdout.on('data', (bytes: Buffer) => output.push(bytes));
      await new Promise((resolve) => reader.on('close', resolve));
      expect(Buffer.concat(output).toString()).to.equal('hello\n\x03\x04');
      expect(near.length).to.equal(0);
    });
  });

  describe('found again by their adapter', () => {
    it('are looked up among the links of /dev/serial/by-id', async () => {
      await writeFile(join(folder, 'ttyUSB0'), '');
      await writeFile(join(folder, 'ttyUSB1'), '');
      await symlink('ttyUSB1', join(folder, 'usb-Board_1234'));
      expect(await findByIdPath(join(folder, 'ttyUSB1'), folder)).to.equal(join(folder, 'ttyUSB1'));
      await rm(join(folder, 'ttyUSB0'));
      expect(await findByIdPath(join(folder, 'ttyUSB0'), folder)).to.equal(undefined);
      expect(await findByIdPath(join(folder, 'ttyUSB1'), join(folder, 'none'))).to.equal(undefined);
    });

    it('follow the board to another port, and leave another board at the old port alone', async () => {
      const byIdDirectory = await mkdtemp(join(folder, 'by-id-'));
      const boardBefore = openPtyLine({ kind: 'pty' });
      const boardAfter = watch(openPtyLine({ kind: 'pty' }));
      const stranger = watch(openPtyLine({ kind: 'pty' }));
      const port = join(folder, 'ttyUSB0');
      await symlink(boardBefore.path, port);
      await symlink(boardBefore.path, join(byIdDirectory, 'usb-Board_1234'));
      const serial = watchAt(`serial:${port}`, { byIdDirectory, retryMsMin: 5 });
      await serial.untilEvent('open');
      await rm(join(byIdDirectory, 'usb-Board_1234'));
      await rm(port);
      await symlink((stranger.line as typeof boardBefore).path, port);
      await boardBefore.close();
      await serial.untilEvent('lost');
      await symlink((boardAfter.line as typeof boardBefore).path, join(byIdDirectory, 'usb-Board_1234'));
      await serial.untilEvent('open', 2);
      serial.line.write(everyByte);
      await boardAfter.untilBytes(256);
      expect(stranger.length).to.equal(0);
    });
  });
});
