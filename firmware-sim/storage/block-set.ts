/**
 * A sparse set of blocks: the difference map, the allocation map, the slots in use. Chunks of 4096 blocks are made
 * when their first block is added and dropped with their last, so that a map of 1 TiB costs what is in it, and a
 * new generation's map is a new object, not a loop.
 */

import { type BlockNumber, type BlockRun, blockNumber } from '../../protocol/ids.js';
import { ChunkMap } from './chunk-map.js';

const chunkBlocks = 4096;
// Stryker disable next-line ArithmeticOperator: words that are not needed cost memory only
const wordsPerChunk = chunkBlocks / 32;

interface Chunk {
  readonly words: Uint32Array;
  count: number;
}

/** The bits `from` … `to` (exclusive, both within one word) set. */
function mask(from: number, to: number): number {
  return ((to - from === 32 ? 0xffffffff : ((1 << (to - from)) - 1) << from) >>> 0) >>> 0;
}

function bitCount(word: number): number {
  let value = word - ((word >>> 1) & 0x55555555);
  value = (value & 0x33333333) + ((value >>> 2) & 0x33333333);
  return Math.imul((value + (value >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

export class BlockSet {
  readonly #chunks = new ChunkMap<Chunk>();
  #size = 0;

  /** How many blocks are in the set. */
  get size(): number {
    return this.#size;
  }

  has(block: number): boolean {
    const chunk = this.#chunks.get(Math.floor(block / chunkBlocks));
    if (chunk === undefined) return false;
    const bit = block % chunkBlocks;
    return (((chunk.words[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 1;
  }

  /** Adds a run; returns how many of its blocks were new. */
  add(first: number, count = 1): number {
    return this.#change(first, count, true);
  }

  /** Removes a run; returns how many of its blocks were there. */
  delete(first: number, count = 1): number {
    return this.#change(first, count, false);
  }

  addAll(other: BlockSet): void {
    for (const { first, count } of other.runs()) this.add(first, count);
  }

  clone(): BlockSet {
    const copy = new BlockSet();
    for (const [number, { words, count }] of this.#chunks) copy.#chunks.set(number, { words: words.slice(), count });
    copy.#size = this.#size;
    return copy;
  }

  /** The first run of at most `countMax` blocks at or after `from` (and before `end`), or undefined. */
  nextRun(from: number, countMax: number, end = Number.MAX_SAFE_INTEGER): BlockRun | undefined {
    const first = this.#nextIn(from);
    if (first === undefined || first >= end) return undefined;
    const count = this.#lengthAt(first, Math.min(countMax, end - first));
    return { first: blockNumber(first), count };
  }

  /** How many contiguous blocks from `first` on are in the set, at most `countMax`; 0 when `first` is not. */
  runLengthAt(first: number, countMax: number): number {
    return this.#lengthAt(first, countMax);
  }

  /** How many contiguous blocks from `first` on are not in the set, at most `countMax`. */
  gapLengthAt(first: number, countMax: number): number {
    const next = this.#nextIn(first);
    return next === undefined ? countMax : Math.min(countMax, next - first);
  }

  /** All runs in ascending order, cut at `countMax` blocks. Adding or removing while iterating is not allowed. */
  *runs(countMax = Number.MAX_SAFE_INTEGER): Generator<BlockRun> {
    for (let run = this.nextRun(0, countMax); run !== undefined; run = this.nextRun(run.first + run.count, countMax)) {
      yield run;
    }
  }

  /** All blocks in ascending order. */
  *[Symbol.iterator](): Generator<BlockNumber> {
    for (const { first, count } of this.runs()) {
      for (let block = first as number; block < first + count; block += 1) yield blockNumber(block);
    }
  }

  #change(first: number, count: number, value: boolean): number {
    let changed = 0;
    for (let at = first; at < first + count; ) {
      const number = Math.floor(at / chunkBlocks);
      const to = Math.min(first + count, (number + 1) * chunkBlocks);
      changed += this.#changeInChunk(number, at % chunkBlocks, to - number * chunkBlocks, value);
      at = to;
    }
    this.#size += value ? changed : -changed;
    return changed;
  }

  #changeInChunk(number: number, from: number, to: number, value: boolean): number {
    let chunk = this.#chunks.get(number);
    if (chunk === undefined) {
      // Stryker disable next-line ConditionalExpression: only saves making a chunk that would be dropped again
      if (!value) return 0;
      chunk = { words: new Uint32Array(wordsPerChunk), count: 0 };
      this.#chunks.set(number, chunk);
    }
    let changed = 0;
    for (let bit = from; bit < to; ) {
      const index = bit >>> 5;
      const stop = Math.min(to, (index + 1) * 32);
      const bits = mask(bit & 31, stop - index * 32);
      const before = chunk.words[index] ?? 0;
      const after = (value ? before | bits : before & ~bits) >>> 0;
      changed += bitCount((before ^ after) >>> 0);
      chunk.words[index] = after;
      bit = stop;
    }
    // Stryker disable next-line AssignmentOperator,UnaryOperator: an empty chunk holds nothing, and costs memory only
    chunk.count += value ? changed : -changed;
    // Stryker disable next-line ConditionalExpression: an empty chunk holds nothing, and costs memory only
    if (chunk.count === 0) this.#chunks.delete(number);
    return changed;
  }

  #nextIn(from: number): number | undefined {
    let next = this.#chunks.next(Math.floor(from / chunkBlocks));
    while (next !== undefined) {
      const [number, { words }] = next;
      const bit = nextBit(words, Math.max(0, from - number * chunkBlocks));
      if (bit !== undefined) return number * chunkBlocks + bit;
      next = this.#chunks.next(number + 1);
    }
    return undefined;
  }

  #lengthAt(first: number, countMax: number): number {
    let length = 0;
    // Stryker disable next-line EqualityOperator: one more turn adds nothing
    while (length < countMax) {
      const at = first + length;
      const chunk = this.#chunks.get(Math.floor(at / chunkBlocks));
      if (chunk === undefined) break;
      const from = at % chunkBlocks;
      const run = bitsSetFrom(chunk.words, from, Math.min(chunkBlocks, from + countMax - length));
      length += run;
      if (from + run < chunkBlocks) break;
    }
    return length;
  }
}

/** The first set bit at or after `from`. */
function nextBit(words: Uint32Array, from: number): number | undefined {
  // Stryker disable next-line EqualityOperator: no bit is set past the last word
  for (let index = from >>> 5; index < words.length; index += 1) {
    const word = (words[index] ?? 0) & (index === from >>> 5 ? mask(from & 31, 32) : 0xffffffff);
    if (word !== 0) return index * 32 + (31 - Math.clz32(word & -word));
  }
  return undefined;
}

/** How many bits from `from` on, before `end`, are set without a gap. */
function bitsSetFrom(words: Uint32Array, from: number, end: number): number {
  let at = from;
  // Stryker disable next-line EqualityOperator: at the end, one more turn returns the same length
  while (at < end) {
    const index = at >>> 5;
    const clear = ~(words[index] ?? 0) & mask(at & 31, 32);
    const stop = clear === 0 ? (index + 1) * 32 : index * 32 + (31 - Math.clz32(clear & -clear));
    // Stryker disable next-line EqualityOperator: a run that stops at the end itself has the same length below
    if (stop >= end) return end - from;
    at = stop;
    if (clear !== 0) break;
  }
  return at - from;
}
