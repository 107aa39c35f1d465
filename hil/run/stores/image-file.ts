/** Opens raw image files, or makes them: sparse, so that a size costs nothing, and locked before anything is changed. */

import { closeSync, constants, fstatSync, fsyncSync, ftruncateSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { AdvisedRefusal, noOrdinaryFile } from '../../../host/advised-refusal.js';
import { fileRefusal } from '../../../host/golden/file-refusal.js';
import { sectorBytes } from '../../../protocol/ids.js';
import { RefusalError } from '../../../protocol/refusals.js';
import { lockFile } from '../lock.js';
import { formatSize } from '../sizes.js';
import type { FileStoreOptions } from './file-store.js';

export interface OpenedImage {
  readonly fd: number;
  readonly sizeBytes: number;
  readonly locked: boolean;
}

/** Opens as FileStore says, with the same refusals. */
export function openImage(options: FileStoreOptions): OpenedImage {
  const { path, sizeBytes, readOnly = false } = options;
  if (sizeBytes !== undefined) checkSize(path, sizeBytes);
  const fd = openOrMake(options);
  try {
    const locked = lockFile(fd, path, readOnly ? 'shared' : 'exclusive');
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw noOrdinaryFile(path);
    // Nothing was ever written to a file of no size: a making that was cut short is taken up again.
    const isNew = stats.size === 0 && sizeBytes !== undefined && !readOnly;
    if (isNew) giveSize(fd, path, sizeBytes);
    const actual = isNew ? sizeBytes : stats.size;
    if (sizeBytes !== undefined && sizeBytes !== actual) {
      throw otherSize(path, actual, sizeBytes);
    }
    checkSize(path, actual);
    return { fd, sizeBytes: actual, locked };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** An area, a file or a disk, that is there with another size than was asked for. */
export function otherSize(name: string, actual: number, asked: number): AdvisedRefusal {
  const detail = `${name} has ${formatSize(actual)}, not ${formatSize(asked)}`;
  return new AdvisedRefusal(
    'file-size',
    detail,
    `Give the size that it has, ${formatSize(actual)}, or take the right one.`,
  );
}

function openOrMake({ path, sizeBytes, readOnly = false }: FileStoreOptions): number {
  const make = sizeBytes !== undefined && !readOnly ? constants.O_CREAT : 0;
  const access = readOnly ? constants.O_RDONLY : constants.O_RDWR;
  try {
    // Without waiting, as a pipe of this name would have us do.
    return openSync(path, access | make | (constants.O_NONBLOCK ?? 0), 0o644);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new RefusalError('file-missing', path);
    throw fileRefusal(code === 'ENOSPC' ? 'disk-full' : 'file-unreadable', path, error);
  }
}

function checkSize(path: string, sizeBytes: number): void {
  if (Number.isSafeInteger(sizeBytes) && sizeBytes > 0 && sizeBytes % sectorBytes === 0) return;
  const remedy =
    sizeBytes === 0
      ? 'The file is empty: take the right one, or give a size.'
      : `Take the right file, or fill it up with zeros to whole sectors: truncate -s %${sectorBytes} FILE`;
  const detail = `${path}: ${sizeBytes} bytes are not one or more sectors of ${sectorBytes}`;
  throw new AdvisedRefusal('file-size', detail, remedy);
}

/** Makes one hole of the whole file, and the file's name durable: a later flush of its data would not. */
function giveSize(fd: number, path: string, sizeBytes: number): void {
  try {
    ftruncateSync(fd, sizeBytes);
    fsyncSync(fd);
    const folder = openSync(dirname(path), constants.O_RDONLY);
    fsyncSync(folder);
    closeSync(folder);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const noRoom = code === 'EFBIG' || code === 'ENOSPC' || code === 'EDQUOT';
    throw new RefusalError(noRoom ? 'disk-full' : 'file-unreadable', `${path}: ${message}`);
  }
}
