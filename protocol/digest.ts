/**
 * The two digests of the protocol.
 *
 * Content digest of a block: the first 16 bytes of SHA-256 over its contents; 16 zero bytes for a block of zeros.
 *
 * Range digest: the first 16 bytes of SHA-256 over, for each block of the range that is not zero, in ascending order,
 * the block's number (u64, little-endian) and its content digest; 16 zero bytes when no block is left. A sparse range
 * thus costs what is written in it, and equal ranges have equal digests however the zeros came about.
 *
 * Digest of a generation: over every block that it carries, zeros too, so that none can be missing or in another place.
 */
import { createHash, type Hash, hash } from 'node:crypto';
import { asBuffer } from './as-buffer.js';
import { digestBytes } from './message/messages.js';
import { partOf } from './part-of.js';

/** The digest of zeros: of a block, and of a range without any other block. */
export const zeroDigest: Uint8Array = new Uint8Array(digestBytes);
/** Named in place of the digest of an image that could not be structured: no image has it, nor has an empty difference. */
export const spoiltDigest: Uint8Array = new Uint8Array(digestBytes).fill(0xff);

const zeros = Buffer.alloc(1 << 16);

/** Whether `data` holds nothing but zeros. */
export function isZero(data: Uint8Array): boolean {
  // Most blocks that are not zero differ in their first word; ask that before comparing the whole.
  // Stryker disable next-line ConditionalExpression,LogicalOperator: the whole is compared below; this is faster
  if (data.length > 0 && (data[0] !== 0 || data[data.length - 1] !== 0)) return false;
  const view = asBuffer(data);
  // Stryker disable next-line EqualityOperator: there is nothing to compare at the end
  for (let at = 0; at < view.length; at += zeros.length) {
    const length = Math.min(zeros.length, view.length - at);
    if (view.compare(zeros, 0, length, at, at + length) !== 0) return false;
  }
  return true;
}

/** Content digest of one block. */
export function contentDigest(block: Uint8Array): Uint8Array {
  if (isZero(block)) return zeroDigest;
  return shortHash(block);
}

/** The first 16 bytes of SHA-256. By way of a string, for it takes twice as long to make a buffer of 32 bytes with memory of its own. */
function shortHash(bytes: Uint8Array): Uint8Array {
  const hashed = hash('sha256', bytes, 'binary');
  const digest = new Uint8Array(digestBytes);
  for (let at = 0; at < digestBytes; at += 1) digest[at] = hashed.charCodeAt(at);
  return digest;
}

/** Content digests of contiguous blocks, 16 bytes each, one after the other. */
export function contentDigests(data: Uint8Array, blockBytes: number): Uint8Array {
  if (data.length === blockBytes) return contentDigest(data);
  const count = data.length / blockBytes;
  const digests = new Uint8Array(count * digestBytes);
  for (let index = 0; index < count; index += 1) {
    digests.set(contentDigest(data.subarray(index * blockBytes, (index + 1) * blockBytes)), index * digestBytes);
  }
  return digests;
}

/** Of digests one after the other `count`, from the one at `index` on. */
export function digestsAt(digests: Uint8Array, index: number, count = 1): Uint8Array {
  // A view of a small array costs a microsecond, for its memory is moved out of the heap: not where it is all of it.
  return partOf(digests, index * digestBytes, (index + count) * digestBytes);
}

/**
 * Builds the digest of what a generation carries, volume after volume, block by block in ascending order: for a block that
 * is not zero (volume u64, block u64, content digest), for each longest run of blocks of zeros (volume u64, first block
 * u64, count u64, eight bytes of ff). 16 zero bytes for a generation that carries nothing.
 */
export class GenerationDigest {
  readonly #hash: Hash = createHash('sha256');
  readonly #entry = Buffer.alloc(8 + 8 + digestBytes);
  #zeros: { readonly volume: number; readonly first: number; count: number } | undefined;
  #empty = true;

  add(volume: number, block: number, digest: Uint8Array): void {
    this.#empty = false;
    const isZeros = sameDigest(digest, zeroDigest);
    if (isZeros && this.#zeros?.volume === volume && this.#zeros.first + this.#zeros.count === block) {
      this.#zeros.count += 1;
      return;
    }
    this.#addZeros();
    if (isZeros) this.#zeros = { volume, first: block, count: 1 };
    else this.#update(volume, block, digest);
  }

  /** The digest; nothing can be added afterwards. */
  finish(): Uint8Array {
    this.#addZeros();
    return this.#empty ? zeroDigest : this.#hash.digest().subarray(0, digestBytes);
  }

  #addZeros(): void {
    if (this.#zeros === undefined) return;
    const { volume, first, count } = this.#zeros;
    this.#zeros = undefined;
    const run = Buffer.alloc(digestBytes, 0xff);
    writeU64(run, 0, count);
    this.#update(volume, first, run);
  }

  #update(volume: number, block: number, what: Uint8Array): void {
    writeU64(this.#entry, 0, volume);
    writeU64(this.#entry, 8, block);
    this.#entry.set(what, 16);
    this.#hash.update(this.#entry);
  }
}

function writeU64(into: Buffer, at: number, value: number): void {
  into.writeUInt32LE(value % 0x1_0000_0000, at);
  into.writeUInt32LE(Math.floor(value / 0x1_0000_0000), at + 4);
}

/** Digest of a run: over the content digests of its blocks, one after the other. */
export function runDigest(contentDigests: Uint8Array): Uint8Array {
  return shortHash(contentDigests);
}

export function sameDigest(a: Uint8Array, b: Uint8Array): boolean {
  // Digests that differ nearly always do in their first byte.
  // Stryker disable next-line ConditionalExpression: all of them is compared below; this is faster
  if (a[0] !== b[0]) return false;
  return Buffer.compare(a, b) === 0;
}

/** Builds a range digest block by block, in ascending order. */
export class RangeDigest {
  readonly #hash: Hash = createHash('sha256');
  readonly #entry = Buffer.alloc(8 + 8 + digestBytes);
  #empty = true;

  /** Adds a block of a single volume's range. Blocks of zeros leave the digest as it is. */
  add(block: number, digest: Uint8Array): void {
    if (sameDigest(digest, zeroDigest)) return;
    writeU64(this.#entry, 8, block);
    this.#entry.set(digest, 16);
    this.#hash.update(this.#entry.subarray(8));
    this.#empty = false;
  }

  /** Adds a block of one of several volumes: as `add`, with the volume before the block. */
  addOfVolume(volume: number, block: number, digest: Uint8Array): void {
    if (sameDigest(digest, zeroDigest)) return;
    writeU64(this.#entry, 0, volume);
    writeU64(this.#entry, 8, block);
    this.#entry.set(digest, 16);
    this.#hash.update(this.#entry);
    this.#empty = false;
  }

  /** The digest; nothing can be added afterwards. */
  finish(): Uint8Array {
    return this.#empty ? zeroDigest : this.#hash.digest().subarray(0, digestBytes);
  }
}
