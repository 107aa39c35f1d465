/**
 * Keeps two processes from using one file: flock(2) on the file itself, which the kernel takes back when the process
 * ends, however it ends.
 */

import { fstatSync } from 'node:fs';
import { AdvisedRefusal } from '../../host/advised-refusal.js';
import { RefusalError } from '../../protocol/refusals.js';
import { checked, libc, SystemCallError } from './libc.js';
import { lockHolderOf } from './lock-holder.js';
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
    if (error.code === 'EWOULDBLOCK' || error.code === 'EAGAIN') throw inUse(fd, path);
    if (unsupported.includes(error.code)) return false;
    throw new RefusalError('file-unreadable', `${path}: ${error.message}`);
  }
}

function inUse(fd: number, path: string): RefusalError {
  const pid = lockHolderOf(fstatSync(fd, { bigint: true }));
  if (pid === undefined) return new RefusalError('file-in-use', path);
  if (pid !== process.pid) return new RefusalError('file-in-use', `${path}, by ${processName(pid)}`);
  const remedy = 'Give each area a file of its own: two of them name this one, directly or by a link.';
  return new AdvisedRefusal('file-in-use', `${path}, by ${processName(pid)}, this process itself`, remedy);
}
