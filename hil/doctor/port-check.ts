/** What can be said of a serial port without opening it. */
import { type BigIntStats, existsSync, realpathSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { permissionRemedy } from '../run/port-permission.js';
import { usersOfPorts } from '../run/port-users.js';
import { latencyTimerFile, latencyTimerMsGood, latencyTimerOf, type PortPlaces } from '../run/ports.js';
import { processName } from '../run/process-name.js';
import { deviceNumbers, realPathOf } from '../run/sysfs.js';
import type { Finding } from './finding.js';

/** Everything that is wrong with the port at `path`. */
export function checkPort(path: string, places: PortPlaces): Finding[] {
  if (!existsSync(path)) return [missing(path)];
  const device = realpathSync(path);
  const other = otherThanPort(device, places);
  if (other !== undefined) return [noPort(path, other)];
  return [...permissionOf(device, places), ...usersOf(device), ...latencyOf(device, places)];
}

function missing(path: string): Finding {
  return {
    kind: 'port-missing',
    what: `there is no port ${path}`,
    seen: 'no such device file',
    remedy: 'plug the adapter in; coldframe ports lists what there is, by names that stay with an adapter',
  };
}

interface Other {
  readonly what: string;
  readonly remedy?: string;
}

const listed = 'give the device file of a port: coldframe ports lists them';

function noPort(path: string, { what, remedy = listed }: Other): Finding {
  return { kind: 'no-port', what: `${path} is no serial port`, seen: `it is ${what}`, remedy };
}

/** What a file is that is no serial port; undefined when it is one, or when the system does not tell. */
function otherThanPort(path: string, { sysDirectory }: PortPlaces): Other | undefined {
  const stats = statSync(path, { bigint: true });
  if (stats.isFile()) return { what: 'an ordinary file' };
  if (stats.isDirectory()) return { what: 'a directory' };
  if (stats.isSocket()) return { what: 'a socket', remedy: `write unix:${path} in place of serial:${path}` };
  if (stats.isFIFO()) return { what: 'a pipe' };
  if (stats.isBlockDevice()) return { what: 'a disk' };
  const subsystem = subsystemOf(stats, sysDirectory);
  return subsystem === undefined || subsystem === 'tty' ? undefined : { what: `a device of the kind "${subsystem}"` };
}

/** Ports are of `tty`. PTYs are not told of. */
function subsystemOf({ rdev }: BigIntStats, sysDirectory: string): string | undefined {
  const { major, minor } = deviceNumbers(rdev);
  const subsystem = realPathOf(join(sysDirectory, 'dev/char', `${major}:${minor}`, 'subsystem'));
  return subsystem === undefined ? undefined : basename(subsystem);
}

function permissionOf(device: string, { user }: PortPlaces): Finding[] {
  const remedy = permissionRemedy(device, user);
  if (remedy === undefined) return [];
  return [
    { kind: 'permission', what: 'you may not use this port', seen: `no right to read and write ${device}`, remedy },
  ];
}

function usersOf(device: string): Finding[] {
  return (usersOfPorts([device]).get(device) ?? []).map(({ pid }) => ({
    kind: 'in-use',
    what: `${processName(pid)} uses this port`,
    seen: `it has ${device} open or locked`,
    remedy: `end it: kill ${pid}; if that is ModemManager or a login, keep it away from this port for good`,
  }));
}

function latencyOf(device: string, places: PortPlaces): Finding[] {
  const name = basename(device);
  const latencyMs = latencyTimerOf(places, name);
  if (latencyMs === undefined || latencyMs <= latencyTimerMsGood) return [];
  const file = latencyTimerFile(places, name);
  return [
    {
      kind: 'latency-timer',
      what: `every answer of the board waits up to ${latencyMs} ms in the adapter`,
      seen: `${file} holds ${latencyMs}`,
      remedy: `echo 1 | sudo tee ${file}; to keep it so: ${udevRule}`,
    },
  ];
}

const udevRule =
  `echo 'ACTION=="add", SUBSYSTEM=="usb-serial", ATTR{latency_timer}="1"' | ` +
  'sudo tee /etc/udev/rules.d/99-latency.rules && sudo udevadm control --reload && sudo udevadm trigger -c add';
