/** The command against our models as processes, in real time. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type BenchProcess, runProcess, startProcess, temporaryFolder } from '../../hil/bench/processes.js';
import { DeviceRunner } from '../../hil/run/device-runner.js';
import { openArea } from '../../hil/run/disks/area.js';
import { DiskDevice } from '../../hil/run/disks/disk-device.js';
import type { DiskPort } from '../../hil/run/disks/disk-port.js';
import { openLine } from '../../hil/run/lines/open-line.js';
import type { DiskName } from '../../protocol/device.js';
import { parseXml } from '../hil/report/xml.js';
import { runShell, withPower } from './shell.js';
import { WrongDevice } from './tampering.js';
import { wrongDevices } from './wrong-devices.js';

const mainScript = fileURLToPath(new URL('../../hil/cli/main.js', import.meta.url));

/** Ends the process of before, begins a new one, and waits until it is there. */
const powerScript = (command: string): string => `test -f pid && kill -9 $(cat pid)
${command} > ready 2> errors & echo $! > pid
until grep -q ready ready; do sleep 0.05; done`;

describe('coldframe conform', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let processes: BenchProcess[];
  const at = (name: string) => join(folder.path, name);

  beforeEach(async () => {
    folder = await temporaryFolder();
    processes = [];
  });
  afterEach(async () => {
    await Promise.all(processes.map((each) => each.kill()));
    await folder.remove();
  });

  async function start(...args: readonly string[]): Promise<BenchProcess> {
    const started = await startProcess(args, { cwd: folder.path });
    processes.push(started);
    return started;
  }

  const conform = (...args: readonly string[]) => runProcess(['conform', ...args], { cwd: folder.path });
  const startDisk = (line = `unix-listen:${at('disk.sock')}`) =>
    start('disk', '--line', line, '--image', 'disk.img', '--size', '2MiB');

  function keyFile(): string {
    writeFileSync(at('line.key'), '5a'.repeat(32), { mode: 0o600 });
    return 'line.key';
  }

  /** A main and a sub, each with a socket for its host that is called after it and after the pair. */
  async function startPair(pair: string, ...key: readonly string[]): Promise<void> {
    const remote = at(`${pair}.remote`);
    const sizes = ['--size', '2MiB', ...key];
    await start(
      ...['firmware', 'sub', '--host', `unix-listen:${at(`${pair}.sub`)}`, '--remote', `unix-listen:${remote}`],
      ...['--staging', `${pair}.staging`, '--secondary', `${pair}.secondary`, '--meta', `${pair}.sub.meta`, ...sizes],
    );
    await start(
      ...['firmware', 'main', '--host', `unix-listen:${at(`${pair}.main`)}`, '--remote', `unix:${remote}`],
      ...['--primary', `${pair}.primary`, '--shadow', `${pair}.shadow`, '--meta', `${pair}.main.meta`, ...sizes],
      ...['--method', 'differential'],
    );
  }

  it('ends at once where somebody talks who does not speak the protocol, and shows what', async () => {
    const board = createServer((socket) => {
      const talking = setInterval(() => socket.write('U-Boot 2026.04\nlogin: '), 20);
      socket.on('error', () => {}).on('close', () => clearInterval(talking));
    });
    await new Promise<void>((listening) => board.listen(at('board.sock'), listening));
    try {
      const end = await conform('--role', 'disk', '--line', `unix:${at('board.sock')}`);
      expect([end.exitCode, end.stdout]).to.deep.equal([4, '']);
      expect(end.stderr).to.match(/^coldframe: frame-encoding: .*begin "U-Boot 2026\.04.*coldframe doctor tells more/);
    } finally {
      board.close();
    }
  });

  it('passes a disk at a PTY and pairs at sockets, sealed and in clear, and reports what it did', async () => {
    const disk = await startDisk('pty:');
    const key = ['--key-file', keyFile()];
    await startPair('sealed', ...key);
    await startPair('clear');
    const all = ['--allow-data-loss', '--junit'];
    const few = ['--only', 'S-2,M-7,I,G', '--allow-data-loss'];
    const ofPair = async (pair: string, ofMain: readonly string[], ofSub: readonly string[]) => [
      // One after the other: what one does to the pair is not for the other to wonder at.
      await conform('--role', 'main', '--line', `unix:${at(`${pair}.main`)}`, ...ofMain),
      await conform('--role', 'sub', '--line', `unix:${at(`${pair}.sub`)}`, ...ofSub),
    ];
    const toDisk = ['--role', 'disk', '--line', disk.readyValue('line'), ...all, 'disk.xml', '--html', 'disk.html'];
    const [ofDisk, sealed, clear] = await Promise.all([
      conform(...toDisk),
      ofPair('sealed', [...all, 'main.xml', ...key], ['--json', ...key]),
      ofPair('clear', few, few),
    ]);
    for (const { exitCode, stdout, stderr } of [ofDisk, ...sealed, ...clear]) {
      expect(exitCode, `${stdout}${stderr}`).to.equal(0);
    }
    expect(ofDisk.stdout).to.contain('PASSED').and.to.contain('COLDFRME').and.not.to.contain('\u001b');
    const page = readFileSync(at('disk.html'), 'utf8');
    expect(page).to.contain('COLDFRME').and.to.contain('Signature').and.to.contain('<td class="number">D-46</td>');
    const junit = parseXml(readFileSync(at('main.xml'), 'utf8'));
    expect(junit.children[0]?.attributes).to.deep.include({ failures: '0', errors: '0' });
    expect(JSON.parse(sealed[1]?.stdout ?? '')).to.deep.include({ role: 'sub', failed: 0, isSealed: true });
  });

  it('has the power cut by a command where it is told how', async () => {
    const disk = `"${process.execPath}" "${mainScript}" disk --line unix-listen:${at('disk.sock')} --image disk.img --size 2MiB`;
    writeFileSync(at('power.sh'), powerScript(disk));
    const power = ['--power-cycle', 'sh power.sh'];
    const { exitCode, stdout, stderr } = await withPower(at('pid'), async () => {
      await runShell(folder.path, 'sh power.sh');
      return conform(
        '--role',
        'disk',
        '--line',
        `unix:${at('disk.sock')}`,
        '--only',
        'D-30,D-43,D-44',
        '--allow-data-loss',
        ...power,
      );
    });
    expect(exitCode, `${stdout}${stderr}`).to.equal(0);
    expect(stdout).to.contain('3 checks passed, 0 not run');
  });

  it('takes the place of the other controller at a second line, sealed, through power cuts', async () => {
    const key = keyFile();
    const areas = '--secondary secondary.img --staging staging.img --meta meta.img --size 2MiB';
    const lines = `--host unix-listen:${at('host.sock')} --remote unix-listen:${at('remote.sock')} --key-file ${key}`;
    const sub = `"${process.execPath}" "${mainScript}" firmware sub ${lines} ${areas}`;
    writeFileSync(at('power.sh'), powerScript(sub));
    const { exitCode, stdout, stderr } = await withPower(at('pid'), async () => {
      await runShell(folder.path, 'sh power.sh');
      const ends = ['--line', `unix:${at('host.sock')}`, '--remote', `unix:${at('remote.sock')}`];
      const keys = ['--key-file', key, '--remote-key-file', key];
      const few = ['--only', 'R,G-3', '--allow-data-loss', '--power-cycle', 'sh power.sh', '--html', 'sub.html'];
      return conform('--role', 'sub', ...ends, ...keys, ...few);
    });
    expect(exitCode, `${stdout}${stderr}`).to.equal(0);
    expect(stdout).to.contain('✓ R-13').and.to.contain('✓ R-11').and.to.contain('--remote unix:');
    expect(readFileSync(at('sub.html'), 'utf8')).to.contain('line to the other controller');
  });

  it('is the sub of a main at a PTY, and wants each line at its port', async () => {
    const [host, remote] = [`unix-listen:${at('main.sock')}`, 'pty:'];
    const areas = ['--primary', 'memory:1MiB', '--shadow', 'memory:2MiB', '--meta', 'memory:8MiB'];
    const main = await start('firmware', 'main', '--host', host, '--remote', remote, ...areas, '--method', 'streaming');
    const [line, second] = [`unix:${at('main.sock')}`, main.readyValue('remote')];
    const few = ['--only', 'R,G-3', '--allow-data-loss'];
    const right = await conform('--role', 'main', '--line', line, '--remote', second, ...few);
    expect(right.exitCode, `${right.stdout}${right.stderr}`).to.equal(0);
    expect(right.stdout).to.contain('✓ R-28').and.to.contain('✓ R-11');
    const swapped = await conform('--role', 'main', '--line', second, '--remote', line, ...few);
    expect(swapped.exitCode, `${swapped.stdout}${swapped.stderr}`).to.equal(4);
    const needless = await conform('--role', 'disk', '--line', line, '--remote', second);
    expect(needless.exitCode, needless.stderr).to.equal(2);
  });

  it('fails a wrong device with the frames that show it', async () => {
    const wrong = wrongDevices.find(({ fails }) => fails.includes('F-3'));
    const device = new WrongDevice(new DiskDevice({ serial: 'WRONG' }), 'target', wrong?.tamper() ?? {});
    const medium = await openArea(
      { kind: 'file', path: at('wrong.img') },
      { role: 'main', sizeBytes: 2 ** 20, onTrouble: () => {} },
    );
    const lines = new Map([['target', openLine(`unix-listen:${at('wrong.sock')}`)]] as const);
    const runner = new DeviceRunner({ device, lines, disks: new Map<DiskName, DiskPort>([['medium', medium]]) });
    runner.start();
    const few = ['--only', 'F-1,F-3', '--junit', 'wrong.xml'];
    const { exitCode, stdout } = await conform('--role', 'disk', '--line', `unix:${at('wrong.sock')}`, ...few);
    await runner.stop();
    expect(exitCode, stdout).to.equal(1);
    expect(stdout)
      .to.contain('✕ F-3')
      .and.to.contain('✓ F-1')
      .and.to.contain('device → suite')
      .and.to.contain('frame-kind');
    expect(readFileSync(at('wrong.xml'), 'utf8'))
      .to.contain('failures="1"')
      .and.to.contain('<failure message="expected');
  });

  it('ends with 4 for another role or key, with 3 without a device, and with 2 for what it cannot understand', async () => {
    await startDisk();
    await startPair('sealed', '--key-file', keyFile());
    const codeOf = async (...args: readonly string[]) => (await conform(...args)).exitCode;
    const codes = await Promise.all([
      codeOf('--role', 'sub', '--line', `unix:${at('disk.sock')}`),
      codeOf('--role', 'main', '--line', `unix:${at('sealed.main')}`),
      codeOf('--role', 'main', '--line', `unix:${at('none.sock')}`),
      codeOf('--role', 'disk', '--line', `unix:${at('disk.sock')}`, '--only', 'F-99'),
      codeOf('--role', 'host', '--line', `unix:${at('disk.sock')}`),
    ]);
    expect(codes).to.deep.equal([4, 4, 3, 2, 2]);
  });
});
