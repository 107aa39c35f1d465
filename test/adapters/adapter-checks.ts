/** What only an adapter with a kernel driver can show. Runs in the machine of `main.ts`, which plugs and unplugs when told. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { type BenchProcess, startProcess } from '../../hil/bench/processes.js';
import type { Finding } from '../../hil/doctor/finding.js';

const cli = resolve(import.meta.dirname, '../../hil/cli/main.js');
const byId = (name: string) => `/dev/serial/by-id/usb-QEMU_QEMU_USB_SERIAL_${name}-if00-port0`;
const [alpha, beta] = [byId('ALPHA'), byId('BETA')];
const lineOf = (port: string, baud = 921_600) => `serial:${port}?baud=${baud}`;

function coldframe(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

const deviceOf = (port: string) => basename(readlinkSync(port));
const timerOf = (port: string) => `/sys/bus/usb-serial/devices/${deviceOf(port)}/latency_timer`;

/** Asks the computer outside, and waits until the kernel has seen it. */
async function tell(what: 'plug' | 'unplug', name: 'alpha' | 'beta'): Promise<void> {
  process.stdout.write(`\n@@${what} ${name}\n`);
  const port = byId(name.toUpperCase());
  while (existsSync(port) !== (what === 'plug')) await pause(50);
}

function findings(line: string): readonly Finding[] {
  const { stdout } = coldframe('doctor', '--line', line, '--timeout', '2', '--json');
  return JSON.parse(stdout).lines[0].findings;
}

describe('an adapter with its driver', () => {
  const folder = mkdtempSync(join(tmpdir(), 'adapters-'));
  const at = (name: string) => join(folder, name);
  const running: BenchProcess[] = [];
  const start = async (...args: readonly string[]) => {
    const started = await startProcess(args);
    running.push(started);
    return started;
  };
  afterEach(async () => {
    for (const each of running.splice(0)) await each.kill();
  });

  it('is listed by the name that stays, with chip, driver and latency timer', () => {
    const ports = JSON.parse(coldframe('ports', '--json').stdout) as readonly Record<string, unknown>[];
    const listed = ports.filter(({ driver }) => driver === 'ftdi_sio');
    expect(listed.map(({ byIdPath }) => byIdPath)).to.deep.equal([alpha, beta]);
    for (const each of listed) expect(each).to.include({ vendorId: '0403', productId: '6001' });
  });

  it('whose answers wait 16 ms is found by doctor, with what to do, and no more once that is done', () => {
    writeFileSync(timerOf(alpha), '16');
    const [first] = findings(lineOf(alpha));
    expect(first?.kind).to.equal('latency-timer');
    expect(first?.remedy).to.contain(`echo 1 | sudo tee ${timerOf(alpha)}`);
    writeFileSync(timerOf(alpha), '1');
    expect(findings(lineOf(alpha)).map(({ kind }) => kind)).not.to.include('latency-timer');
  });

  it('that has another baud rate than was asked for is found by doctor', () => {
    const [first] = findings(lineOf(alpha, 4_000_000));
    expect([first?.kind, first?.what]).to.deep.equal(['baud-rounded', 'the adapter cannot do 4000000 baud']);
  });

  it('carries sessions of controllers at 3 Mbaud, and is in use meanwhile', async () => {
    const areas = ['--secondary', 'memory:4MiB', '--staging', 'memory:5MiB', '--meta', 'memory:64MiB'];
    const host = `unix-listen:${at('fast.sock')}`;
    await start('firmware', 'sub', '--host', lineOf(beta, 3_000_000), '--remote', host, ...areas);
    const { stdout, status } = coldframe('host', 'status', '--line', lineOf(alpha, 3_000_000), '--json');
    expect([status, JSON.parse(stdout).role]).to.deep.equal([0, 'sub']);
    expect(findings(lineOf(beta, 3_000_000)).map(({ kind }) => kind)).to.deep.equal(['in-use']);
  });

  it('that is pulled out in the middle of a transfer, and comes back under another number, goes on with it', async () => {
    const data = randomBytes(2 * 2 ** 20);
    writeFileSync(at('data.img'), data);
    const [main, sub] = [at('main.sock'), at('sub.sock')];
    const meta = ['--meta', 'memory:64MiB'];
    const ofSub = ['--secondary', 'memory:4MiB', '--staging', 'memory:5MiB', ...meta];
    const ofMain = ['--primary', 'memory:4MiB', '--shadow', 'memory:5MiB', ...meta, '--method', 'differential'];
    await start('firmware', 'sub', '--host', `unix-listen:${sub}`, '--remote', lineOf(beta), ...ofSub);
    await start('firmware', 'main', '--host', `unix-listen:${main}`, '--remote', lineOf(alpha), ...ofMain);
    const host = (...args: readonly string[]) => {
      const end = coldframe('host', ...args);
      expect(end.status, end.stderr).to.equal(0);
      return end.stdout;
    };
    host('write', '--line', `unix:${main}`, '--offset', '0', '--from', at('data.img'));
    const generation = host('freeze', '--line', `unix:${main}`).trim();
    const sent = () => JSON.parse(host('status', '--line', `unix:${main}`, '--json')).progress.blocksSent;
    while (sent() === 0) await pause(100);
    const numbers = [alpha, beta].map(deviceOf);
    await tell('unplug', 'alpha');
    await tell('unplug', 'beta');
    await tell('plug', 'beta');
    await tell('plug', 'alpha');
    expect([alpha, beta].map(deviceOf), 'they have changed places').to.deep.equal(numbers.toReversed());
    host('wait', '--line', `unix:${main}`, '--generation', generation, '--for', 'structured');
    host('read', '--line', `unix:${sub}`, '--offset', '0', '--length', String(data.length), '--to', at('back.img'));
    expect(readFileSync(at('back.img')).equals(data)).to.equal(true);
  });
});
