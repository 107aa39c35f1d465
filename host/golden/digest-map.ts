/**
 * The content digests of a sparse volume: block number → digest, for blocks that are not zero, in ascending order.
 * Kept in two flat arrays, 24 bytes for each block, so that the manifest of a large volume fits in memory.
 */
import { RangeDigest, sameDigest, zeroDigest } from '../../protocol/digest.js';
import { assert } from '../../protocol/ids.js';
import { digestBytes } from '../../protocol/message/messages.js';
import type { BlockSpan } from './block-source.js';

export class DigestMap {
  #numbers = new Float64Array(64);
  #digests = new Uint8Array(64 * digestBytes);
  #size = 0;

  /** How many blocks are not zero. */
  get size(): number {
    return this.#size;
  }

  /** Appends a block behind all others. A digest of zeros is left out. */
  append(block: number, digest: Uint8Array): void {
    assert(this.#size === 0 || block > this.blockAt(this.#size - 1), 'blocks come in ascending order');
    if (sameDigest(digest, zeroDigest)) return;
    if (this.#size === this.#numbers.length) this.#grow();
    this.#numbers[this.#size] = block;
    this.#digests.set(digest, this.#size * digestBytes);
    this.#size += 1;
  }

  /** Number of the block at an index, 0 … size − 1. */
  blockAt(index: number): number {
    const block = this.#numbers[index];
    assert(block !== undefined && index < this.#size, 'the index is inside');
    return block;
  }

  /** Digest of the block at an index; a view, not a copy. */
  digestAt(index: number): Uint8Array {
    return this.#digests.subarray(index * digestBytes, (index + 1) * digestBytes);
  }

  /** Content digest of a block; the zero digest for a block that is not there. */
  digestOf(block: number): Uint8Array {
    const index = this.indexFrom(block);
    return index < this.#size && this.blockAt(index) === block ? this.digestAt(index) : zeroDigest;
  }

  /** Index of the first block at or behind `block`; `size` when there is none. */
  indexFrom(block: number): number {
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.blockAt(middle) < block) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Range digest of `count` blocks from `first` on, as PROTOCOL.md defines it. */
  rangeDigest(first: number, count: number): Uint8Array {
    const digest = new RangeDigest();
    const end = this.indexFrom(first + count);
    for (let index = this.indexFrom(first); index < end; index += 1) {
      digest.add(this.blockAt(index), this.digestAt(index));
    }
    return digest.finish();
  }

  /** Index spans of contiguous blocks, none across a multiple of `alignBlocks`: the lines of a manifest. */
  *spans(alignBlocks: number): Iterable<BlockSpan & { readonly digests: Uint8Array }> {
    for (let start = 0; start < this.#size; ) {
      const first = this.blockAt(start);
      const limit = first - (first % alignBlocks) + alignBlocks;
      let end = start + 1;
      while (end < this.#size && this.#numbers[end] === first + (end - start) && first + (end - start) < limit)
        end += 1;
      yield { first, count: end - start, digests: this.#digests.subarray(start * digestBytes, end * digestBytes) };
      start = end;
    }
  }

  #grow(): void {
    const numbers = new Float64Array(this.#numbers.length * 2);
    numbers.set(this.#numbers);
    const digests = new Uint8Array(this.#digests.length * 2);
    digests.set(this.#digests);
    this.#numbers = numbers;
    this.#digests = digests;
  }
}
