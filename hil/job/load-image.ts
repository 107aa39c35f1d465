/** A raw image file as the first content of a volume. The file is opened for reading only. */
import { AdvisedRefusal } from '../../host/advised-refusal.js';
import { isZero } from '../../protocol/digest.js';
import { formatSize } from '../run/sizes.js';
import { FileStore } from '../run/stores/file-store.js';
import type { HostWriter } from './host-writer.js';

export interface LoadImageOptions {
  readonly path: string;
  readonly volume: number;
  readonly volumeBytes: number;
  readonly blockBytes: number;
  readonly writer: HostWriter;
}

const partBytes = 256 * 1024;

/**
 * Writes what is not zero in the file to the volume, which has not been written to. Returns the bytes written. Throws
 * RefusalError as FileStore does, and `file-size` when the file is longer than the volume.
 */
export async function loadImage({ path, volume, volumeBytes, blockBytes, writer }: LoadImageOptions): Promise<number> {
  const store = new FileStore({ path, readOnly: true });
  let written = 0;
  try {
    if (store.sizeBytes > volumeBytes) {
      const detail = `${path} has ${formatSize(store.sizeBytes)}, volume ${volume} has ${formatSize(volumeBytes)}`;
      throw new AdvisedRefusal(
        'file-size',
        detail,
        'Make the volume larger in the bench file, or take a smaller image.',
      );
    }
    for (let at = 0; at < store.sizeBytes; at += partBytes) {
      const length = Math.min(partBytes, store.sizeBytes - at);
      if (store.allocated(at, length, 1).length === 0) continue;
      const data = Buffer.alloc(length);
      store.read(at, data);
      for (const run of runsWithData(data, blockBytes)) {
        await writer.write(volume, at + run.from, { kind: 'data', data: data.subarray(run.from, run.to) });
        written += run.to - run.from;
      }
    }
    await writer.settle();
    return written;
  } finally {
    await store.close();
  }
}

/** Runs of blocks that are not all zeros, in bytes. */
function* runsWithData(data: Buffer, blockBytes: number): Generator<{ readonly from: number; readonly to: number }> {
  let from: number | undefined;
  for (let at = 0; at < data.length; at += blockBytes) {
    const hasData = !isZero(data.subarray(at, at + blockBytes));
    if (hasData) from ??= at;
    else if (from !== undefined) {
      yield { from, to: at };
      from = undefined;
    }
  }
  if (from !== undefined) yield { from, to: data.length };
}
