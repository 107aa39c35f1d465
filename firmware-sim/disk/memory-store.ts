/**
 * A durable store in memory: pages, of which only those written cost anything. A clone shares its pages with the
 * original until one of them writes, so that every cut of a power cut exploration starts from a cheap copy.
 */
import { hash } from 'node:crypto';
import { isZero } from '../../protocol/digest.js';
import { assert } from '../../protocol/ids.js';
import { partOf } from '../../protocol/part-of.js';
import type { DurableStep, InstantStore, StoreRun } from './store.js';

const pageBytesDefault = 65536;

/** A page's bytes may be changed in place only by its owner; a page adopted from a caller has none. */
interface Page {
  readonly bytes: Uint8Array;
  readonly owner: object | undefined;
  /** Two words of a digest of the bytes, once somebody asked; undefined again when they change. */
  digest: readonly [number, number] | undefined;
}

export class MemoryStore implements InstantStore {
  /** Small pages make small writes after a clone cheap, large pages long writes; a power of two, at least a sector. */
  readonly pageBytes: number;
  #pages = new Map<number, Page>();
  /** A clone has the same map: it is copied before it changes. */
  // Stryker disable next-line BooleanLiteral: a copy of the map is the same map
  #shared = false;
  /** The numbers of all pages in order, made when a long range asks for it. */
  #sorted: readonly number[] | undefined;
  /** The identity under which pages belong to this store alone; a fresh one after each clone. */
  #owner: object = {};
  #fingerprint: string | undefined;

  constructor({ pageBytes = pageBytesDefault }: { readonly pageBytes?: number } = {}) {
    this.pageBytes = pageBytes;
  }

  /** Bytes of pages that hold data. */
  get allocatedBytes(): number {
    return this.#pages.size * this.pageBytes;
  }

  clone(): MemoryStore {
    const clone = new MemoryStore({ pageBytes: this.pageBytes });
    clone.#pages = this.#pages;
    clone.#sorted = this.#sorted;
    clone.#fingerprint = this.#fingerprint;
    // From here on both copy the map before they change it, and a page before they write to it.
    clone.#shared = true;
    this.#shared = true;
    this.#owner = {};
    return clone;
  }

  /**
   * 64 bits of a digest of the contents, in hex: equal for equal contents, however they came about, in stores with
   * pages of one size. Costs the pages that changed since it was asked last, here or before the clone.
   */
  fingerprint(): string {
    // Stryker disable next-line ConditionalExpression: counted again it is the same
    if (this.#fingerprint !== undefined) return this.#fingerprint;
    let [low, high] = [0, 0];
    for (const [number, page] of this.#pages) {
      page.digest ??= digestOf(page.bytes);
      // A page of zeros is as good as none.
      if (page.digest === zeroDigest) continue;
      // Stryker disable next-line ArithmeticOperator: which numbers the fingerprint has does not matter
      low = (low + scatter(page.digest[0] ^ Math.imul(number, 0x9e3779b1))) >>> 0;
      // Stryker disable next-line ArithmeticOperator: which numbers the fingerprint has does not matter
      high = (high + scatter(page.digest[1] ^ Math.imul(number, 0x85ebca77))) >>> 0;
    }
    this.#fingerprint = high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
    return this.#fingerprint;
  }

  read(offset: number, into: Buffer): void {
    const { pageBytes } = this;
    let filled = 0;
    for (const number of this.#numbersWithin(offset, offset + into.length)) {
      const at = Math.max(0, number * pageBytes - offset);
      const from = Math.max(0, offset - number * pageBytes);
      const length = Math.min(pageBytes - from, into.length - at);
      // Stryker disable next-line ConditionalExpression,EqualityOperator: of nothing, nothing is filled
      if (filled < at) into.fill(0, filled, at);
      into.set(partOf(this.#page(number).bytes, from, from + length), at);
      filled = at + length;
    }
    // Stryker disable next-line ConditionalExpression,EqualityOperator: of nothing, nothing is filled
    if (filled < into.length) into.fill(0, filled);
  }

  /** An adopted page is never changed in place, so its bytes can be handed out as they are. */
  view(offset: number, length: number): Uint8Array | undefined {
    const { pageBytes } = this;
    const number = Math.floor(offset / pageBytes);
    const from = offset - number * pageBytes;
    const page = this.#pages.get(number);
    if (page === undefined || page.owner !== undefined || from + length > pageBytes) return undefined;
    return partOf(page.bytes, from, from + length);
  }

  apply({ writes, punches }: DurableStep): void {
    for (const { offset, length } of punches) this.#punch(offset, length);
    for (const { offset, data } of writes) this.#write(offset, data);
  }

  allocated(offset: number, length: number, runsMax: number): readonly StoreRun[] {
    const { pageBytes } = this;
    const end = offset + length;
    const runs: { offset: number; length: number }[] = [];
    for (const number of this.#numbersWithin(offset, end)) {
      const first = Math.max(offset, number * pageBytes);
      const after = Math.min(end, (number + 1) * pageBytes);
      const last = runs.at(-1);
      if (last !== undefined && last.offset + last.length === first) last.length = after - last.offset;
      else if (runs.length === runsMax) break;
      else runs.push({ offset: first, length: after - first });
    }
    return runs;
  }

  #write(offset: number, data: Uint8Array): void {
    const { pageBytes } = this;
    for (let at = 0; at < data.length; ) {
      const page = Math.floor((offset + at) / pageBytes);
      const from = offset + at - page * pageBytes;
      const length = Math.min(pageBytes - from, data.length - at);
      const bytes = partOf(data, at, at + length);
      // A whole page is adopted as it is: nobody changes the bytes of a durable step any more.
      if (length === pageBytes) this.#setPage(page, { bytes, owner: undefined, digest: undefined });
      else this.#ownPage(page).set(bytes, from);
      at += length;
    }
  }

  #page(number: number): Page {
    const page = this.#pages.get(number);
    // Stryker disable next-line ConditionalExpression: only pages that exist are asked for
    assert(page !== undefined, 'the page exists');
    return page;
  }

  #ownPage(number: number): Uint8Array {
    const { pageBytes } = this;
    const page = this.#pages.get(number);
    // Stryker disable next-line ConditionalExpression,BlockStatement: a copy has the same bytes
    if (page?.owner === this.#owner) {
      page.digest = undefined;
      this.#fingerprint = undefined;
      return page.bytes;
    }
    const bytes = page === undefined ? Buffer.alloc(pageBytes) : Buffer.from(page.bytes);
    this.#setPage(number, { bytes, owner: this.#owner, digest: undefined });
    return bytes;
  }

  #punch(offset: number, length: number): void {
    const { pageBytes } = this;
    const end = offset + length;
    for (const number of this.#numbersWithin(offset, end)) {
      const from = Math.max(0, offset - number * pageBytes);
      const to = Math.min(pageBytes, end - number * pageBytes);
      if (to - from === pageBytes) this.#dropPage(number);
      else this.#ownPage(number).fill(0, from, to);
    }
  }

  /** Numbers of the pages that exist and touch the range, ascending; costs the fewer of range and pages. */
  *#numbersWithin(offset: number, end: number): Generator<number> {
    const { pageBytes } = this;
    const first = Math.floor(offset / pageBytes);
    const after = Math.ceil(end / pageBytes);
    // Stryker disable next-line ConditionalExpression,EqualityOperator,ArithmeticOperator,BlockStatement: both ways find the same; each is the faster one somewhere
    if (after - first <= this.#pages.size) {
      for (let number = first; number < after; number += 1) if (this.#pages.has(number)) yield number;
      return;
    }
    this.#sorted ??= [...this.#pages.keys()].sort((a, b) => a - b);
    const sorted = this.#sorted;
    // Stryker disable next-line EqualityOperator: past the end there is no number
    for (let index = indexFrom(sorted, first); index < sorted.length; index += 1) {
      const number = sorted[index];
      if (number === undefined || number >= after) return;
      yield number;
    }
  }

  #setPage(number: number, page: Page): void {
    // Stryker disable next-line ConditionalExpression: put in order again it is the same
    if (!this.#pages.has(number)) this.#sorted = undefined;
    this.#ownPages().set(number, page);
  }

  #dropPage(number: number): void {
    if (this.#ownPages().delete(number)) this.#sorted = undefined;
  }

  #ownPages(): Map<number, Page> {
    // Stryker disable next-line ConditionalExpression: a copy of the map is the same map
    if (this.#shared) this.#pages = new Map(this.#pages);
    // Stryker disable next-line BooleanLiteral: a copy of the map is the same map
    this.#shared = false;
    this.#fingerprint = undefined;
    return this.#pages;
  }
}

const zeroDigest = [0, 0] as const;

function digestOf(bytes: Uint8Array): readonly [number, number] {
  if (isZero(bytes)) return zeroDigest;
  const digest = hash('sha1', bytes, 'buffer');
  return [digest.readUInt32LE(0), digest.readUInt32LE(4)];
}

/** Spreads the bits of a word: the finalizer of MurmurHash3 (Austin Appleby, public domain). */
function scatter(word: number): number {
  let mixed = word;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** Index of the first number that is not below `bound`. */
function indexFrom(sorted: readonly number[], bound: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
