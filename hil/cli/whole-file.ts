/** A file that is written whole or not at all: what was there stays until then. */
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { withFile } from '../../host/golden/file-refusal.js';
import { requireUnlocked } from './untouched-file.js';

/**
 * Lets `work` write a file beside `path`, which takes its place at the end, and its permissions. Removes it when `work`
 * throws, and passes that on. Devices and pipes are written as they are. Refuses as `withFile`, and `file-in-use`.
 */
export async function writeWhole(path: string, work: (file: FileHandle) => Promise<void>): Promise<void> {
  await withFile(path, async () => {
    const there = await stat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    if (there?.isFile() === false) return written(path, work);
    // The renaming would put a file in the place of a symbolic link.
    const target = there === undefined ? path : await realpath(path);
    requireUnlocked(target);
    const beside = `${target}.${process.pid}.part`;
    try {
      await written(beside, work, there?.mode);
      await rename(beside, target);
    } catch (error) {
      await rm(beside, { force: true });
      throw error;
    }
  });
}

async function written(path: string, work: (file: FileHandle) => Promise<void>, mode?: number): Promise<void> {
  const file = await open(path, 'w');
  try {
    if (mode !== undefined) await file.chmod(mode);
    await work(file);
  } finally {
    await file.close();
  }
}
