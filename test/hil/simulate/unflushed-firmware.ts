/** Firmware with a mistake in it, for as long as a test takes: a flush of some disks ends without being done. */
import { DiskQueue } from '../../../firmware-sim/storage/disk-queue.js';

/** Runs `action` while no disk whose name begins so is ever flushed. */
export function withoutFlushes<T>(prefix: string, action: () => T): T {
  const { flush } = DiskQueue.prototype;
  DiskQueue.prototype.flush = function (disk, operation) {
    if (disk.startsWith(prefix)) operation.resume({ kind: 'done', data: new Uint8Array(0) }, 0);
    else flush.call(this, disk, operation);
  };
  try {
    return action();
  } finally {
    DiskQueue.prototype.flush = flush;
  }
}
