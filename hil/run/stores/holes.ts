/** Holes in files: finding and making them, and what to do where a file system knows none. */
import type { StoreRun } from '../../../firmware-sim/disk/store.js';
import { checked, type Libc, libc, SystemCallError } from '../libc.js';
import { writeRuns } from './write-runs.js';

const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const FALLOC_FL_KEEP_SIZE = 1;
const FALLOC_FL_PUNCH_HOLE = 2;

/** What file systems and kernels answer that know no holes. */
const unsupported: readonly string[] = ['EINVAL', 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS'];
/** Where zeros are written in place of a hole, so many at once. */
const zeros = Buffer.alloc(2 ** 20);

/** Up to `runsMax` runs of data within `range`, ascending; all of it where holes cannot be found. In bytes. */
export function dataRuns(fd: number, { offset, length }: StoreRun, runsMax: number): readonly StoreRun[] {
  const library = libc();
  if (library === undefined) return length === 0 ? [] : [{ offset, length }];
  const end = offset + length;
  const runs: StoreRun[] = [];
  try {
    for (let at = offset; at < end && runs.length < runsMax; ) {
      const first = seek(library, fd, at, SEEK_DATA);
      if (first === undefined || first >= end) break;
      const after = Math.min(end, seek(library, fd, first, SEEK_HOLE) ?? end);
      runs.push({ offset: first, length: after - first });
      at = after;
    }
    return runs;
  } catch (error) {
    if (isUnsupported(error)) return length === 0 ? [] : [{ offset, length }];
    throw error;
  }
}

/** The next data or hole at or after `at`, or undefined when there is none before the end of the file. */
function seek(library: Libc, fd: number, at: number, whence: number): number | undefined {
  try {
    return checked('lseek', Number(library.lseek(fd, at, whence)));
  } catch (error) {
    if (error instanceof SystemCallError && error.code === 'ENXIO') return undefined;
    throw error;
  }
}

/** Makes the range read as zeros, as a hole where that is possible. Rejects with the system's error. */
export async function punchHole(fd: number, run: StoreRun): Promise<void> {
  if (run.length === 0) return;
  const library = libc();
  try {
    if (library !== undefined) {
      return await library.fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, run.offset, run.length);
    }
  } catch (error) {
    if (!isUnsupported(error)) throw error;
  }
  await writeZeros(fd, run);
}

/** Overwrites what holds data in the range with zeros. */
export async function writeZeros(fd: number, run: StoreRun): Promise<void> {
  for (const { offset, length } of dataRuns(fd, run, Number.POSITIVE_INFINITY)) {
    for (let at = 0; at < length; at += zeros.length) {
      const data = zeros.subarray(0, Math.min(zeros.length, length - at));
      await writeRuns(fd, [{ offset: offset + at, data }]);
    }
  }
}

function isUnsupported(error: unknown): boolean {
  return error instanceof SystemCallError && unsupported.includes(error.code);
}
