/** Pre-shared keys: a file with 64 hexadecimal digits that nobody else can read. */

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { AdvisedRefusal } from '../../host/advised-refusal.js';
import { RefusalError } from '../../protocol/refusals.js';

/** The digits, and some room for white space after them. */
const fileBytesMax = 128;

/**
 * Reads the 32 bytes of a key. Throws RefusalError `file-missing`, `file-unreadable`, `key-file-exposed` when group or
 * others may read or change it, `key-file-invalid`. No message tells anything of the contents.
 */
export function readKeyFile(path: string): Uint8Array {
  const fd = openKeyFile(path);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile())
      throw new AdvisedRefusal('key-file-invalid', `${path} is no ordinary file`, 'Name an ordinary file.');
    // Windows has no such bits; what Node reports there means nothing.
    if (process.platform !== 'win32' && (stats.mode & 0o066) !== 0) {
      throw new RefusalError('key-file-exposed', `${path} has mode ${(stats.mode & 0o777).toString(8)}`);
    }
    return keyOf(fd, path);
  } finally {
    closeSync(fd);
  }
}

function openKeyFile(path: string): number {
  try {
    // Without waiting, as a pipe of this name would have us do.
    return openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new RefusalError(code === 'ENOENT' ? 'file-missing' : 'file-unreadable', `${path}: ${code}`);
  }
}

function keyOf(fd: number, path: string): Uint8Array {
  const contents = Buffer.alloc(fileBytesMax + 1);
  return parseKey(contents.subarray(0, readSync(fd, contents)), path);
}

/** The key in the contents of a file that `path` names; throws RefusalError `key-file-invalid`. */
export function parseKey(contents: Uint8Array, path: string): Uint8Array {
  const text = contents.length > fileBytesMax ? '' : Buffer.from(contents).toString('latin1');
  const digits = /^([0-9A-Fa-f]{64})\s*$/.exec(text)?.[1];
  if (digits === undefined) throw new RefusalError('key-file-invalid', path);
  return Uint8Array.from(Buffer.from(digits, 'hex'));
}
