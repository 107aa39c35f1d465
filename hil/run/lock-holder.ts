/** Who has a file locked, as Linux tells it. */
import { type BigIntStats, readFileSync } from 'node:fs';
import { deviceNumbers } from './sysfs.js';

/** The process that holds a flock on a file that `stat` tells of, or undefined when nobody does or it is not told. */
export function lockHolderOf({ dev, ino }: Pick<BigIntStats, 'dev' | 'ino'>): number | undefined {
  if (process.platform !== 'linux') return undefined;
  return lockHolder(readFileSync('/proc/locks', 'utf8'), dev, ino);
}

/**
 * The process that holds a flock on a file, by /proc/locks (proc_locks(5)); undefined when it is not told, as from another
 * container. A line looks like `1: FLOCK  ADVISORY  WRITE 1234 fe:00:5678 0 EOF`, device in hexadecimal.
 */
export function lockHolder(locks: string, device: bigint, inode: bigint): number | undefined {
  const { major, minor } = deviceNumbers(device);
  const hex = (value: bigint) => value.toString(16).padStart(2, '0');
  const file = `${hex(major)}:${hex(minor)}:${inode}`;
  for (const line of locks.split('\n')) {
    const [, kind, , , pid, where] = line.trim().split(/\s+/);
    if (kind === 'FLOCK' && where === file && Number(pid) > 0) return Number(pid);
  }
  return undefined;
}
