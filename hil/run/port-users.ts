/** Who uses a serial port. */
import { readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { lockHolderOf } from './lock-holder.js';
import { commandOf } from './process-name.js';

export interface PortUser {
  readonly pid: number;
  /** Its command line, where the system tells. */
  readonly command?: string;
}

/**
 * The other processes that have devices open, for each of `paths`, as /proc shows them: those of other users only to root,
 * unless they have locked it, as serialport, minicom and picocom do.
 */
export function usersOfPorts(paths: readonly string[]): ReadonlyMap<string, readonly PortUser[]> {
  if (process.platform !== 'linux' || paths.length === 0) return new Map();
  const devices = new Map(paths.map((path) => [path, orUndefined(() => realpathSync(path))]));
  const openers = openersOf(new Set([...devices.values()].filter((device) => device !== undefined)));
  return new Map([...devices].map(([path, device]) => [path, device === undefined ? [] : usersOf(device, openers)]));
}

function usersOf(device: string, openers: ReadonlyMap<string, ReadonlySet<number>>): PortUser[] {
  const pids = new Set(openers.get(device));
  const holder = lockHolderOf(statSync(device, { bigint: true }));
  if (holder !== undefined) pids.add(holder);
  pids.delete(process.pid);
  return [...pids].map((pid) => {
    const command = commandOf(pid);
    return { pid, ...(command === undefined ? {} : { command }) };
  });
}

/** One look at everybody's descriptors. */
function openersOf(devices: ReadonlySet<string>): Map<string, Set<number>> {
  const openers = new Map([...devices].map((device) => [device, new Set<number>()]));
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const target of descriptorsOf(pid)) if (target !== undefined) openers.get(target)?.add(Number(pid));
  }
  return openers;
}

function descriptorsOf(pid: string): (string | undefined)[] {
  const folder = `/proc/${pid}/fd`;
  const names = orUndefined(() => readdirSync(folder)) ?? [];
  return names.map((name) => orUndefined(() => readlinkSync(`${folder}/${name}`)));
}

/** Undefined for what has gone meanwhile, and for what is not ours to see. */
function orUndefined<Value>(look: () => Value): Value | undefined {
  try {
    return look();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EACCES' || code === 'ESRCH' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
