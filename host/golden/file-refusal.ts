/**
 * Errors of the file system as refusals with a name; what is none of them is passed on as it is.
 */
import { type Refusal, type RefusalCode, RefusalError } from '../../protocol/refusals.js';
import { AdvisedRefusal } from '../advised-refusal.js';

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

/** For what permissions do not mend. */
const remedies: Readonly<Record<string, string>> = {
  EEXIST: 'Name another file, or move that one away.',
  ELOOP: 'Its symbolic links lead in a circle: name another file.',
  ENAMETOOLONG: 'Take a shorter name.',
  ENOTDIR: 'A part of the path is a file: check the path.',
  EISDIR: 'It is a folder: name a file.',
  EIO: 'Its disk fails: look at the log of the system.',
  EROFS: 'Its file system is read-only: name a file elsewhere.',
};

/** Carries out `work` on the file `path`; refuses `file-missing`, `file-unreadable` or `disk-full`. */
export async function withFile<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw errorOfFile(error, path);
  }
}

/** The same as an error to throw: a refusal that says what helps, or `error` as it is. */
export function errorOfFile(error: unknown, path: string): unknown {
  const refusal = refusalOfFile(error, path);
  if (refusal === undefined) return error;
  return fileRefusal(refusal.code, path, error);
}

/** The refusal `code` of a file, with what helps against what the system says of it. */
export function fileRefusal(code: RefusalCode, path: string, error: unknown): RefusalError {
  const why = String((error as NodeJS.ErrnoException).code);
  const remedy = remedies[why];
  if (remedy !== undefined) return new AdvisedRefusal(code, `${path}: ${why}`, remedy);
  return new RefusalError(code, why in codes ? path : `${path}: ${(error as Error).message}`);
}

/** What an error of the file system says about the file `path`; undefined for any other error. */
export function refusalOfFile(error: unknown, path: string): Refusal | undefined {
  const code = error instanceof Error && 'code' in error ? codes[String(error.code)] : undefined;
  return code === undefined ? undefined : { code, detail: path };
}
