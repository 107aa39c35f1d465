/**
 * Where the contents of a volume come from when an image is recorded: a raw file, a sparse store, an oracle in memory.
 */

import { type FileHandle, open } from 'node:fs/promises';
import { AdvisedRefusal, becameShorter, noOrdinaryFile } from '../advised-refusal.js';
import { withFile } from './file-refusal.js';

/** Contiguous blocks: number of the first, and how many. */
export interface BlockSpan {
  readonly first: number;
  readonly count: number;
}

/** A volume that can be read block by block and knows where it has data. */
export interface BlockSource {
  /** Size of the volume in blocks. */
  readonly blocks: number;
  readonly blockBytes: number;
  /** Contents of `count` blocks from `first` on. */
  read(first: number, count: number): Promise<Uint8Array>;
  /** Ascending spans outside of which all is zeros. What lies inside may be zeros as well. */
  dataRuns(): AsyncIterable<BlockSpan> | Iterable<BlockSpan>;
}

/**
 * A raw image file as a block source; the caller closes it. Holes are read as zeros, at the speed of memory: a store
 * that knows its holes serves a large sparse volume better.
 */
export class RawFileSource implements BlockSource {
  readonly blocks: number;
  readonly blockBytes: number;
  readonly #file: FileHandle;
  readonly #allocated: boolean;

  private constructor(file: FileHandle, blocks: number, blockBytes: number, allocated: boolean) {
    this.#file = file;
    this.blocks = blocks;
    this.blockBytes = blockBytes;
    this.#allocated = allocated;
  }

  /** Opens a file; refuses `file-missing`, `file-unreadable`, and `file-size` for one that is not whole blocks long. */
  static async open(path: string, blockBytes: number): Promise<RawFileSource> {
    const file = await withFile(path, () => open(path, 'r'));
    const stats = await file.stat();
    const { size, blocks: allocatedUnits } = stats;
    if (!stats.isFile()) {
      await file.close();
      throw noOrdinaryFile(path);
    }
    if (size === 0 || size % blockBytes !== 0) {
      await file.close();
      throw notWholeBlocks(path, size, blockBytes);
    }
    return new RawFileSource(file, size / blockBytes, blockBytes, allocatedUnits > 0);
  }

  async read(first: number, count: number): Promise<Buffer> {
    const data = Buffer.allocUnsafe(count * this.blockBytes);
    let at = 0;
    while (at < data.length) {
      const { bytesRead } = await this.#file.read(data, at, data.length - at, first * this.blockBytes + at);
      if (bytesRead === 0) throw becameShorter('the file');
      at += bytesRead;
    }
    return data;
  }

  *dataRuns(): Iterable<BlockSpan> {
    if (this.#allocated) yield { first: 0, count: this.blocks };
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

function notWholeBlocks(path: string, size: number, blockBytes: number): AdvisedRefusal {
  const remedy =
    size === 0
      ? 'The file is empty: take the right one.'
      : `Take the right file, or fill it up with zeros to whole blocks: truncate -s %${blockBytes} FILE`;
  return new AdvisedRefusal('file-size', `${path}: ${size} bytes are not whole blocks of ${blockBytes}`, remedy);
}
