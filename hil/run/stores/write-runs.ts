/** Writes many pieces of a file with few calls: neighbours go out together. */
import { writev } from 'node:fs';
import type { StoreWrite } from '../../../firmware-sim/disk/store.js';

/** Buffers that one call takes: IOV_MAX of Linux. */
const buffersMax = 1024;

interface Run {
  readonly offset: number;
  readonly buffers: Uint8Array[];
  bytes: number;
}

/** Writes all pieces, which must not overlap, in any order. Rejects with the system's error. */
export async function writeRuns(fd: number, writes: readonly StoreWrite[]): Promise<void> {
  for (const run of runsOf(writes)) await writeRun(fd, run.offset, run.buffers, run.bytes);
}

/** Pieces in ascending order, neighbours put together. */
export function runsOf(writes: readonly StoreWrite[]): readonly Run[] {
  const runs: Run[] = [];
  for (const { offset, data } of [...writes].sort((a, b) => a.offset - b.offset)) {
    const last = runs.at(-1);
    if (last !== undefined && last.offset + last.bytes === offset && last.buffers.length < buffersMax) {
      last.buffers.push(data);
      last.bytes += data.length;
    } else {
      runs.push({ offset, buffers: [data], bytes: data.length });
    }
  }
  return runs;
}

async function writeRun(fd: number, offset: number, buffers: readonly Uint8Array[], bytes: number): Promise<void> {
  let rest = buffers;
  for (let done = 0; done < bytes; ) {
    const count = await writeSome(fd, rest, offset + done);
    done += count;
    // A file system that is nearly full takes a part; the next call then tells why.
    if (done < bytes) rest = withoutFirst(rest, count);
  }
}

function withoutFirst(buffers: readonly Uint8Array[], count: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let skip = count;
  for (const each of buffers) {
    if (skip < each.length) rest.push(each.subarray(skip));
    skip = Math.max(0, skip - each.length);
  }
  return rest;
}

function writeSome(fd: number, buffers: readonly Uint8Array[], offset: number): Promise<number> {
  return new Promise((resolve, reject) => {
    writev(fd, buffers, offset, (error, count) => (error === null ? resolve(count) : reject(error)));
  });
}
