/**
 * Where the blocks of a volume are stored, and what they must contain: block → slot of an area, and content digest.
 * The shadow map, the staging map and the map of the secondary area's digests are of this kind. Sparse, in chunks
 * of 64 blocks.
 */

import { digestsAt } from '../../protocol/digest.js';
import { type BlockNumber, blockNumber } from '../../protocol/ids.js';
import { digestBytes } from '../../protocol/message/messages.js';
import { ChunkMap } from './chunk-map.js';

const chunkBlocks = 64;
/** The slot of a block of zeros: nothing is stored for it. */
export const zeroSlot = 0xfffffffe;
const noSlot = 0xffffffff;

interface Chunk {
  readonly slots: Uint32Array;
  readonly digests: Uint8Array;
  count: number;
}

/** Contiguous blocks in contiguous slots (or all of them zeros). */
export interface StoredRun {
  readonly first: BlockNumber;
  readonly count: number;
  readonly slot: number;
  /** 16 bytes for each block; a view where it can be one. */
  readonly digests: Uint8Array;
}

export class StoredBlocks {
  readonly #chunks = new ChunkMap<Chunk>();
  #size = 0;

  /** How many blocks are in the map. */
  get size(): number {
    return this.#size;
  }

  has(block: number): boolean {
    return this.slotOf(block) !== undefined;
  }

  slotOf(block: number): number | undefined {
    const slot = this.#chunks.get(Math.floor(block / chunkBlocks))?.slots[block % chunkBlocks];
    return slot === noSlot ? undefined : slot;
  }

  /** The content digest of a block in the map: a view, valid until the block changes. */
  digestOf(block: number): Uint8Array | undefined {
    const chunk = this.#chunks.get(Math.floor(block / chunkBlocks));
    const index = block % chunkBlocks;
    if (chunk === undefined || chunk.slots[index] === noSlot) return undefined;
    return chunk.digests.subarray(index * digestBytes, (index + 1) * digestBytes);
  }

  /** Sets a run: block first+i is in slot+i (all in `zeroSlot` when slot is that), with the i-th digest. */
  set(first: number, count: number, slot: number, digests: Uint8Array): void {
    for (let index = 0; index < count; index += 1) {
      const block = first + index;
      const chunk = this.#chunkFor(Math.floor(block / chunkBlocks));
      const at = block % chunkBlocks;
      if (chunk.slots[at] === noSlot) {
        // Stryker disable next-line AssignmentOperator: an empty chunk holds nothing, and costs memory only
        chunk.count += 1;
        this.#size += 1;
      }
      chunk.slots[at] = slot === zeroSlot ? zeroSlot : slot + index;
      chunk.digests.set(digestsAt(digests, index), at * digestBytes);
    }
  }

  /** Removes a run; blocks that are not in the map are passed over. */
  delete(first: number, count = 1): void {
    for (let block = first; block < first + count; block += 1) {
      const number = Math.floor(block / chunkBlocks);
      const chunk = this.#chunks.get(number);
      if (chunk === undefined || chunk.slots[block % chunkBlocks] === noSlot) continue;
      chunk.slots[block % chunkBlocks] = noSlot;
      this.#size -= 1;
      // Stryker disable next-line AssignmentOperator: an empty chunk holds nothing, and costs memory only
      chunk.count -= 1;
      // Stryker disable next-line ConditionalExpression: an empty chunk holds nothing, and costs memory only
      if (chunk.count === 0) this.#chunks.delete(number);
    }
  }

  /** The next run at or after `from`, of at most `countMax` blocks, within one chunk. */
  nextRun(from: number, countMax: number): StoredRun | undefined {
    let next = this.#chunks.next(Math.floor(from / chunkBlocks));
    while (next !== undefined) {
      const [number, chunk] = next;
      const found = runInChunk(chunk, number, Math.max(0, from - number * chunkBlocks), countMax);
      if (found !== undefined) return found;
      next = this.#chunks.next(number + 1);
    }
    return undefined;
  }

  /** What a range holds, as runs that do not reach past it; changing the map while iterating is not allowed. */
  *runsWithin(first: number, count: number): Generator<StoredRun> {
    const end = first + count;
    // Stryker disable next-line EqualityOperator: no run begins before the end there
    for (let at = first; at < end; ) {
      const run = this.nextRun(at, count);
      if (run === undefined || run.first >= end) return;
      const length = Math.min(run.count, end - run.first);
      yield { ...run, count: length, digests: digestsAt(run.digests, 0, length) };
      at = run.first + length;
    }
  }

  /** All runs in ascending order; changing the map while iterating is not allowed. */
  *runs(countMax = chunkBlocks): Generator<StoredRun> {
    for (let run = this.nextRun(0, countMax); run !== undefined; run = this.nextRun(run.first + run.count, countMax)) {
      yield run;
    }
  }

  clone(): StoredBlocks {
    const copy = new StoredBlocks();
    for (const [number, { slots, digests, count }] of this.#chunks) {
      copy.#chunks.set(number, { slots: slots.slice(), digests: digests.slice(), count });
    }
    copy.#size = this.#size;
    return copy;
  }

  #chunkFor(number: number): Chunk {
    let chunk = this.#chunks.get(number);
    if (chunk === undefined) {
      const slots = new Uint32Array(chunkBlocks).fill(noSlot);
      chunk = { slots, digests: new Uint8Array(chunkBlocks * digestBytes), count: 0 };
      this.#chunks.set(number, chunk);
    }
    return chunk;
  }
}

function runInChunk(chunk: Chunk, number: number, from: number, countMax: number): StoredRun | undefined {
  let start = from;
  while (chunk.slots[start] === noSlot) start += 1;
  if (start === chunkBlocks) return undefined;
  const slot = chunk.slots[start] ?? noSlot;
  const step = slot === zeroSlot ? 0 : 1;
  let end = start + 1;
  while (end - start < countMax && chunk.slots[end] === slot + step * (end - start)) end += 1;
  return {
    first: blockNumber(number * chunkBlocks + start),
    count: end - start,
    slot,
    digests: chunk.digests.subarray(start * digestBytes, end * digestBytes),
  };
}
