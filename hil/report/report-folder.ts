/** Where reports go is looked at before a run: not after hours of it. */

import { access, constants, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { AdvisedRefusal } from '../../host/advised-refusal.js';
import { withFile } from '../../host/golden/file-refusal.js';

/** Refuses `file-unreadable` or `file-missing` when a folder is none, or could neither be made nor written. Makes nothing. */
export async function requireFolder(path: string): Promise<void> {
  const nearest = await nearestThere(resolve(path));
  if (!(await stat(nearest)).isDirectory())
    throw new AdvisedRefusal(
      'file-unreadable',
      `${nearest} is no folder`,
      'Name another folder, or move that file away.',
    );
  await withFile(nearest, () => access(nearest, constants.W_OK | constants.X_OK));
}

/** The path itself, or the nearest above it that exists. */
async function nearestThere(path: string): Promise<string> {
  const isThere = await withFile(path, () =>
    stat(path).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return false;
        throw error;
      },
    ),
  );
  return isThere ? path : nearestThere(dirname(path));
}
