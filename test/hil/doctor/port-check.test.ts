import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect } from 'chai';
import { runDoctor } from '../../../hil/cli/doctor.js';
import { examineLine } from '../../../hil/doctor/examine.js';
import { checkSettings } from '../../../hil/doctor/settings-check.js';
import { BoardLock } from '../../../hil/run/board-lock.js';
import { openLine, openPtyLine, type PtyLine } from '../../../hil/run/lines/open-line.js';
import { readPortSettings } from '../../../hil/run/lines/port-settings.js';
import { openPty } from '../../../hil/run/lines/pty.js';
import { eventually } from '../cli/eventually.js';
import { serialLine } from './serial-line.js';

describe('a doctor at a port', () => {
  let root = '';
  let near: PtyLine;
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'coldframe-doctor-')));
    mkdirSync(join(root, 'by-id'));
    near = openPtyLine({ kind: 'pty' });
    symlinkSync(near.path, join(root, 'by-id/usb-Board'));
  });
  afterEach(async () => {
    await near.close();
    rmSync(root, { recursive: true });
  });

  const places = (user?: { uid: number; gids: readonly number[] }) => ({
    ...{ sysDirectory: join(root, 'sys'), devDirectory: '/dev', byIdDirectory: join(root, 'by-id') },
    ...(user === undefined ? {} : { user }),
  });
  const address = () => `serial:${join(root, 'by-id/usb-Board')}?baud=115200`;
  const examined = async (more: object = {}, text = address()) => {
    const line = { name: 'x', address: text, role: 'host' as const };
    const { findings } = await examineLine(line, { places: places(), patienceMs: 50, ...more });
    return findings;
  };

  it('finds that it is missing, and looks no further', async () => {
    const findings = await examined({}, `serial:${join(root, 'by-id/none')}`);
    expect(findings.map(({ kind }) => kind)).to.deep.equal(['port-missing']);
  });

  it('finds that a file is no port, says what it is, and looks no further', async () => {
    const char = join(root, 'sys/dev/char/1:3');
    mkdirSync(join(root, 'sys/class/mem'), { recursive: true });
    mkdirSync(char, { recursive: true });
    symlinkSync('../../../class/mem', join(char, 'subsystem'));
    writeFileSync(join(root, 'file'), '');
    const socket = openLine(`unix-listen:${root}/socket`);
    await eventually(() => expect(existsSync(join(root, 'socket'))).to.equal(true));
    const told: string[] = [];
    for (const path of [join(root, 'file'), root, '/dev/null', join(root, 'socket')]) {
      const [finding, ...others] = await examined({}, `serial:${path}`);
      expect([finding?.kind, others]).to.deep.equal(['no-port', []]);
      told.push(`${finding?.seen}; ${finding?.remedy}`);
    }
    await socket.close();
    const listed = 'give the device file of a port: coldframe ports lists them';
    expect(told).to.deep.equal([
      `it is an ordinary file; ${listed}`,
      `it is a directory; ${listed}`,
      `it is a device of the kind "mem"; ${listed}`,
      `it is a socket; write unix:${root}/socket in place of serial:${root}/socket`,
    ]);
  });

  it('finds that the user may not use it, with the group to join', async () => {
    const [finding, ...others] = await examined({ places: places({ uid: 12_345, gids: [] }) });
    expect(others).to.deep.equal([]);
    expect(finding?.kind).to.equal('permission');
    expect(finding?.remedy).to.match(/^sudo (usermod -aG \S+ "\$USER"|chmod a\+rw)/);
  });

  it('finds who uses it', async () => {
    const reader = spawn('sleep', ['60'], { stdio: [openSync(near.path, 'r+'), 'ignore', 'ignore'] });
    await new Promise((resolve) => reader.once('spawn', resolve));
    const findings = await examined();
    reader.kill('SIGKILL');
    expect(findings.map(({ what }) => what)).to.deep.equal([`process ${reader.pid} (sleep 60) uses this port`]);
  });

  it('finds that another run has the board', async () => {
    const lock = await BoardLock.take([address()], { byIdDirectory: join(root, 'by-id') });
    const findings = await examined();
    lock.release();
    expect(findings.map(({ what }) => what)).to.deep.equal(['another run has this board']);
  });

  it('finds a slow latency timer, and how to set it for good', async () => {
    const folder = join(root, 'sys/bus/usb-serial/devices', basename(near.path));
    mkdirSync(folder, { recursive: true });
    for (const [text, kinds] of [
      ['16\n', ['latency-timer', 'no-answer']],
      ['1\n', ['no-answer']],
    ] as const) {
      writeFileSync(join(folder, 'latency_timer'), text);
      const findings = await examined();
      expect(findings.map(({ kind }) => kind)).to.deep.equal(kinds);
      if (kinds.length === 2) expect(findings[0]?.remedy).to.contain(`${folder}/latency_timer`).and.to.contain('udev');
    }
  });

  it('finds a baud rate that the driver rounds, and one that the board does not let this side send at', async () => {
    const readSettings = (path: string) => ({ ...readPortSettings(path), baud: 1_000_000, cts: false });
    const findings = await examined({ readSettings }, `${address().replace('115200', '921600')}&rtscts=1`);
    expect(findings.map(({ kind }) => kind)).to.deep.equal(['baud-rounded', 'not-clear-to-send', 'no-answer']);
    expect(findings[0]?.seen).to.contain('8.5 % off: too far');
    const near = checkSettings({ baud: 921_600, rtscts: false }, { baud: 923_077, cts: false });
    expect(near.map(({ seen }) => seen)).to.deep.equal([
      'its driver set 923077 baud, 0.2 % off: near enough if the board is exact',
    ]);
    expect(checkSettings({ baud: 921_600, rtscts: true }, {})).to.deep.equal([]);
  });

  it('reads back what a port is set to, whatever the rate, and knows that PTYs have no modem lines', async () => {
    for (const baud of [9600, 123_456, 3_000_000]) {
      await using port = await serialLine(`serial:${near.path}?baud=${baud}`);
      expect(port.line.isOpen).to.equal(true);
      expect(readPortSettings(near.path)).to.deep.equal({ baud });
    }
  });

  it('tells all of it to people and to programs, with the exit code', async () => {
    const told = async (options: object) => {
      let text = '';
      const exit = await runDoctor({ timeout: 0.1, places: places(), ...options }, { write: (part) => (text += part) });
      return { exit, text };
    };
    const silent = await told({ line: address() });
    expect(silent.exit).to.equal(1);
    expect(silent.text.split('\n').map((line) => line.slice(0, 12))).to.deep.equal([
      ...['--line  seri', '  ✕ no-answe', '      seen: ', '      do:   ', '1 line: 1 fi', ''],
    ]);
    const gone = await told({ line: `serial:${root}/none`, json: true });
    const { exit, lines } = JSON.parse(gone.text);
    expect([gone.exit, exit, lines[0].peer, lines[0].findings[0].kind]).to.deep.equal([3, 3, null, 'port-missing']);
    writeFileSync(join(root, 'b.yaml'), 'kind: emulator\n');
    const emulated = await told({ bench: join(root, 'b.yaml') });
    expect([emulated.exit, emulated.text]).to.deep.equal([
      0,
      'no lines to examine: everything on this bench is started here\n',
    ]);
    expect(await told({})).to.deep.equal({
      exit: 0,
      text: 'no lines to examine: everything on this bench is started here\n',
    });
  });

  it('looks at PTYs that are gone without harm', async () => {
    const { path, stream } = openPty();
    stream.destroy();
    await new Promise((resolve) => stream.once('close', resolve));
    expect((await examined({}, `serial:${path}`)).map(({ kind }) => kind)).to.deep.equal(['port-missing']);
  });
});
