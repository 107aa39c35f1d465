/**
 * Keeps two processes from using one file: flock(2) on the file itself, which the kernel takes back when the process
 * ends, however it ends.
 */
import { type BigIntStats, fstatSync, readFileSync } from 'node:fs';
import { RefusalError } from '../../protocol/refusals.js';
import { checked, libc, SystemCallError } from './libc.js';
import { processName } from './process-name.js';

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;

/** What file systems answer that know no such locks. */
const unsupported: readonly string[] = ['ENOLCK', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL'];

/**
 * Locks the open file `fd`, alone, or shared with others that only read. The lock lasts until every descriptor of this
 * opening is closed. Returns false where there are no locks: not on Linux, or a file system that has none. Throws
 * RefusalError `file-in-use` with `path`, and the holder's process id and command where they are known.
 */
export function lockFile(fd: number, path: string, kind: 'exclusive' | 'shared'): boolean {
  const library = libc();
  if (library === undefined) return false;
  try {
    checked('flock', library.flock(fd, (kind === 'shared' ? LOCK_SH : LOCK_EX) | LOCK_NB));
    return true;
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    if (error.code === 'EWOULDBLOCK' || error.code === 'EAGAIN') throw new RefusalError('file-in-use', inUse(fd, path));
    if (unsupported.includes(error.code)) return false;
    throw new RefusalError('file-unreadable', `${path}: ${error.message}`);
  }
}

function inUse(fd: number, path: string): string {
  const pid = lockHolderOf(fstatSync(fd, { bigint: true }));
  return pid === undefined ? path : `${path}, by ${processName(pid)}`;
}

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
  const major = (device >> 8n) & 0xfffn;
  const minor = (device & 0xffn) | ((device >> 12n) & 0xfff00n);
  const hex = (value: bigint) => value.toString(16).padStart(2, '0');
  const file = `${hex(major)}:${hex(minor)}:${inode}`;
  for (const line of locks.split('\n')) {
    const [, kind, , , pid, where] = line.trim().split(/\s+/);
    if (kind === 'FLOCK' && where === file && Number(pid) > 0) return Number(pid);
  }
  return undefined;
}
