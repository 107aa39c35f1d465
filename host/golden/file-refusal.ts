/**
 * Errors of the file system as refusals with a name; what is none of them is passed on as it is.
 */
import { type Refusal, type RefusalCode, RefusalError } from '../../protocol/refusals.js';

const codes: Readonly<Record<string, RefusalCode>> = {
  ENOENT: 'file-missing',
  ENOTDIR: 'file-missing',
  EACCES: 'file-unreadable',
  EEXIST: 'file-unreadable',
  ELOOP: 'file-unreadable',
  ENAMETOOLONG: 'file-unreadable',
  ENXIO: 'file-unreadable',
  EPERM: 'file-unreadable',
  EISDIR: 'file-unreadable',
  EIO: 'file-unreadable',
  EROFS: 'file-unreadable',
  ENOSPC: 'disk-full',
  EDQUOT: 'disk-full',
  EFBIG: 'disk-full',
};

/** Carries out `work` on the file `path`; refuses `file-missing`, `file-unreadable` or `disk-full`. */
export async function withFile<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const refusal = refusalOfFile(error, path);
    throw refusal === undefined ? error : new RefusalError(refusal.code, refusal.detail);
  }
}

/** What an error of the file system says about the file `path`; undefined for any other error. */
export function refusalOfFile(error: unknown, path: string): Refusal | undefined {
  const code = error instanceof Error && 'code' in error ? codes[String(error.code)] : undefined;
  return code === undefined ? undefined : { code, detail: path };
}
