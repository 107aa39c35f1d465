/** Files that a command is about to replace: not while somebody works on them. */
import { statSync } from 'node:fs';
import { RefusalError } from '../../protocol/refusals.js';
import { lockHolderOf } from '../run/lock-holder.js';
import { processName } from '../run/process-name.js';

/** Throws RefusalError `file-in-use` when another process has the file locked, as controllers and disks have their areas. */
export function requireUnlocked(path: string): void {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  const holder = stats?.isFile() === true ? lockHolderOf(stats) : undefined;
  if (holder !== undefined) throw new RefusalError('file-in-use', `${path}, by ${processName(holder)}`);
}
