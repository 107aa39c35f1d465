/**
 * Which sectors were written, and what with: extents of data or of zeros that don't overlap, in ascending order.
 * A later write replaces what it covers. Data is kept by reference and never changed; zeros are a range, however long.
 */
import { sectorBytes } from '../../protocol/ids.js';

export interface Extent {
  readonly first: number;
  readonly sectors: number;
  /** Contents, or undefined for zeros. */
  readonly data: Uint8Array | undefined;
}

export class ExtentMap {
  #extents: Extent[] = [];
  #dataBytes = 0;

  /** Bytes of data held: zeros cost nothing. */
  get dataBytes(): number {
    return this.#dataBytes;
  }

  get extents(): readonly Extent[] {
    return this.#extents;
  }

  set(extent: Extent): void {
    if (extent.sectors === 0) return;
    const last = this.#extents.at(-1);
    // Sequential writes go to the end and replace nothing.
    // Stryker disable next-line ConditionalExpression,EqualityOperator: replacing nothing at the end gives the same
    if (last === undefined || last.first + last.sectors <= extent.first) this.#extents.push(extent);
    else this.#replace(extent.first, extent.sectors, [extent]);
    this.#dataBytes += extent.data?.length ?? 0;
  }

  /** Takes what is there of the range out of the map and returns it, ascending. */
  extract(first: number, sectors: number): Extent[] {
    const taken = this.within(first, sectors);
    // Stryker disable next-line ConditionalExpression,EqualityOperator: where nothing is, nothing is replaced
    if (taken.length > 0) this.#replace(first, sectors, []);
    return taken;
  }

  /** What is there of the range, clipped to it, ascending. */
  within(first: number, sectors: number): Extent[] {
    const end = first + sectors;
    const found: Extent[] = [];
    // Stryker disable next-line EqualityOperator: past the end there is no extent
    for (let index = this.#indexFrom(first); index < this.#extents.length; index += 1) {
      const extent = this.#extents[index];
      if (extent === undefined || extent.first >= end) break;
      found.push(clip(extent, first, end));
    }
    return found;
  }

  /** The first extent that ends after `sector`: the one that holds it, or the next, not clipped. */
  at(sector: number): Extent | undefined {
    return this.#extents[this.#indexFrom(sector)];
  }

  #replace(first: number, sectors: number, by: readonly Extent[]): void {
    const end = first + sectors;
    const from = this.#indexFrom(first);
    let to = from;
    const kept: Extent[] = [...by];
    // Stryker disable next-line EqualityOperator: past the end there is no extent
    for (; to < this.#extents.length; to += 1) {
      const extent = this.#extents[to];
      if (extent === undefined || extent.first >= end) break;
      if (extent.first < first) kept.unshift(clip(extent, extent.first, first));
      if (extent.first + extent.sectors > end) kept.push(clip(extent, end, extent.first + extent.sectors));
      this.#dataBytes -= clip(extent, first, end).data?.length ?? 0;
    }
    this.#extents.splice(from, to - from, ...kept);
  }

  /** Index of the first extent that ends after `sector`. */
  #indexFrom(sector: number): number {
    let low = 0;
    let high = this.#extents.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const extent = this.#extents[middle];
      // Stryker disable next-line ConditionalExpression: there is an extent between the two bounds
      if (extent !== undefined && extent.first + extent.sectors <= sector) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The part of an extent from sector `from` on, before sector `to`; its data by reference. The two must overlap. */
export function clip(extent: Extent, from: number, to: number): Extent {
  const first = Math.max(extent.first, from);
  const end = Math.min(extent.first + extent.sectors, to);
  if (first === extent.first && end === extent.first + extent.sectors) return extent;
  const start = (first - extent.first) * sectorBytes;
  const data = extent.data?.subarray(start, start + (end - first) * sectorBytes);
  return { first, sectors: end - first, data };
}
