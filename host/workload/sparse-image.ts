/**
 * The contents of one volume as they should be, held sparsely. A copy shares everything with its original until one of
 * them is written to; a block of a stamped write is kept as the write and made when it is read.
 */

import { sectorBytes } from '../../protocol/ids.js';
import type { BlockSource, BlockSpan } from '../golden/block-source.js';
import { type StampedWrite, stampBlock, stampSpan } from './stamp.js';

/** What a write puts on the medium. `data` is kept, not copied: it must not change. */
export type WriteContent =
  | { readonly kind: 'data'; readonly data: Uint8Array }
  | { readonly kind: 'stamped'; readonly stamp: StampedWrite; readonly lengthBytes: number }
  | { readonly kind: 'zeros'; readonly lengthBytes: number };

/** Contents of one block: bytes, or the stamped write that fills all of it. Absent: zeros. */
type BlockContent = Uint8Array | StampedWrite;

interface Chunk {
  /** The image that may change it; all others copy it first. */
  readonly owner: object;
  readonly blocks: (BlockContent | undefined)[];
}

const chunkBlocks = 64;

export class SparseImage implements BlockSource {
  readonly blocks: number;
  readonly blockBytes: number;
  #chunks = new Map<number, Chunk>();
  #owner: object = {};
  #uncertain = new Set<number>();

  constructor(blocks: number, blockBytes: number) {
    this.blocks = blocks;
    this.blockBytes = blockBytes;
  }

  /** An image with the same contents; both can be written to from here on. */
  copy(): SparseImage {
    const copy = new SparseImage(this.blocks, this.blockBytes);
    copy.#chunks = new Map(this.#chunks);
    copy.#uncertain = new Set(this.#uncertain);
    this.#owner = {};
    return copy;
  }

  /** Puts a write into the image. Offset and length are multiples of 512. */
  write(offsetBytes: number, content: WriteContent): void {
    const end = offsetBytes + lengthOf(content);
    for (let at = offsetBytes; at < end; ) {
      const block = Math.floor(at / this.blockBytes);
      const next = Math.min(end, (block + 1) * this.blockBytes);
      this.#set(
        block,
        this.#contentOf(block, content, { from: at - offsetBytes, to: next - offsetBytes }, offsetBytes),
      );
      at = next;
    }
    if (this.#uncertain.size === 0) return;
    for (let at = offsetBytes; at < end; at += sectorBytes) this.#uncertain.delete(at / sectorBytes);
  }

  /** Marks sectors of which nobody knows whether a write has reached them; a later write makes them certain again. */
  doubt(offsetBytes: number, lengthBytes: number): void {
    for (let at = 0; at < lengthBytes; at += sectorBytes) this.#uncertain.add((offsetBytes + at) / sectorBytes);
  }

  /** Blocks with an uncertain sector, ascending. */
  uncertainBlocks(): number[] {
    const blocks = [...this.#uncertain].map((sector) => Math.floor((sector * sectorBytes) / this.blockBytes));
    return [...new Set(blocks)].sort((a, b) => a - b);
  }

  /** Contents of one block. */
  block(number: number): Uint8Array {
    const content = this.#chunks.get(Math.floor(number / chunkBlocks))?.blocks[number % chunkBlocks];
    if (content === undefined) return Buffer.alloc(this.blockBytes);
    return content instanceof Uint8Array ? content : stampBlock(content, number);
  }

  async read(first: number, count: number): Promise<Buffer> {
    return Buffer.concat(Array.from({ length: count }, (_, index) => this.block(first + index)));
  }

  *dataRuns(): Iterable<BlockSpan> {
    for (const [chunk, { blocks }] of [...this.#chunks].sort(([a], [b]) => a - b)) {
      let first = 0;
      for (let index = 0; index <= chunkBlocks; index += 1) {
        if (blocks[index] !== undefined) continue;
        if (index > first) yield { first: chunk * chunkBlocks + first, count: index - first };
        first = index + 1;
      }
    }
  }

  /** What a block holds after bytes `from` … `to` of a write have gone into it. */
  #contentOf(
    block: number,
    content: WriteContent,
    { from, to }: { from: number; to: number },
    offsetBytes: number,
  ): BlockContent | undefined {
    if (to - from === this.blockBytes) {
      if (content.kind === 'zeros') return undefined;
      return content.kind === 'data' ? content.data.subarray(from, to) : content.stamp;
    }
    const merged = Buffer.from(this.block(block));
    const at = (offsetBytes + from) % this.blockBytes;
    if (content.kind === 'zeros') merged.fill(0, at, at + to - from);
    else if (content.kind === 'data') merged.set(content.data.subarray(from, to), at);
    else merged.set(stampSpan(content.stamp, offsetBytes + from, to - from), at);
    return merged;
  }

  #set(block: number, content: BlockContent | undefined): void {
    const number = Math.floor(block / chunkBlocks);
    let chunk = this.#chunks.get(number);
    if (chunk === undefined && content === undefined) return;
    if (chunk?.owner !== this.#owner) {
      const blocks = chunk?.blocks.slice() ?? new Array<BlockContent | undefined>(chunkBlocks).fill(undefined);
      chunk = { owner: this.#owner, blocks };
      this.#chunks.set(number, chunk);
    }
    chunk.blocks[block % chunkBlocks] = content;
  }
}

/** How many bytes a write covers. */
export function lengthOf(content: WriteContent): number {
  return content.kind === 'data' ? content.data.length : content.lengthBytes;
}
