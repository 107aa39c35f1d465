/** Two paths for one file: by a dot, by a symbolic link, in a folder that is one. */
import { basename, dirname, join, resolve } from 'node:path';
import { realPathOf } from './sysfs.js';

/** The first path that leads to the same file as one before it, there already or still to be made. */
export function namedTwice(paths: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return paths.find((path) => {
    const file = fileAt(path);
    const isTwice = seen.has(file);
    seen.add(file);
    return isTwice;
  });
}

function fileAt(path: string): string {
  const folder = dirname(resolve(path));
  return realPathOf(path) ?? join(realPathOf(folder) ?? folder, basename(path));
}
