/**
 * `npm run adapters`: the checks of `adapter-checks.ts` in a virtual machine with two USB-serial adapters, FTDI chips as QEMU
 * emulates them, under Debian's kernel with its own driver and udev. What a PTY has not is real there: /dev/serial/by-id, latency
 * timers, baud rates of a chip, an adapter that is pulled out and comes back under another number.
 *
 * Needs Linux and, from Debian, `qemu-system-x86 busybox-static cpio`; kernel and udev are fetched with apt-get, and nothing is
 * installed. The machine sees this computer's files, read-only.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { adapters, Monitor } from './monitor.js';
import { prepareMachine } from './prepare-machine.js';

/** What the machine asks for, on its console. */
const asked = /^@@(unplug|plug|exit) (\S+)/;
const machineMs = 600_000;

async function main(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'coldframe-adapters-'));
  try {
    process.stdout.write('fetching a kernel …\n');
    const machine = prepareMachine({ folder, repository: resolve('.') });
    return await run(folder, machine);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run(folder: string, { kernel, initrd, share }: ReturnType<typeof prepareMachine>): Promise<number> {
  const line = join(folder, 'line.sock');
  const monitorSocket = join(folder, 'monitor.sock');
  const shared = (tag: string, path: string, options = '') =>
    `local,path=${path},mount_tag=${tag},security_model=none,multidevs=remap${options}`;
  const qemu = spawn(
    'qemu-system-x86_64',
    [
      ...['-m', '1500', '-display', 'none', '-no-reboot', '-kernel', kernel, '-initrd', initrd],
      ...['-append', 'console=ttyS0 quiet panic=1', '-serial', 'stdio'],
      ...['-virtfs', shared('host', '/', ',readonly=on'), '-virtfs', shared('share', share, ',readonly=on')],
      ...['-chardev', `socket,id=line0,path=${line},server=on,wait=off`],
      ...['-chardev', `socket,id=line1,path=${line},reconnect=1`],
      ...['-device', 'qemu-xhci,id=usb', ...Object.values(adapters).flatMap((each) => ['-device', each])],
      ...['-monitor', `unix:${monitorSocket},server=on,wait=off`],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const tooLong = setTimeout(() => qemu.kill('SIGKILL'), machineMs);
  const monitor = new Monitor(monitorSocket);
  let exitCode = 1;
  for await (const text of createInterface({ input: qemu.stdout })) {
    const [, what, which = ''] = asked.exec(text) ?? [];
    if (what === 'exit') {
      exitCode = Number(which);
      break;
    }
    if (what === undefined) process.stdout.write(`${text}\n`);
    else if (what === 'unplug') await monitor.command(`device_del ${which}`);
    else await monitor.command(`device_add ${adapters[which as keyof typeof adapters]}`);
  }
  clearTimeout(tooLong);
  qemu.kill('SIGKILL');
  return exitCode;
}

process.exitCode = await main();
