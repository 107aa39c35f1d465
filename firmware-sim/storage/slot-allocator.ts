/**
 * Hands out the slots (places for one block each) of a shadow or staging area, in contiguous runs where it can.
 * What is in use is not kept durably: it follows from the maps that refer to the slots.
 */
import { assert } from '../../protocol/ids.js';
import { BlockSet } from './block-set.js';

export interface SlotRun {
  readonly first: number;
  readonly count: number;
}

export class SlotAllocator {
  readonly total: number;
  readonly #used = new BlockSet();
  #cursor = 0;

  constructor(total: number) {
    this.total = total;
  }

  get free(): number {
    return this.total - this.#used.size;
  }

  /** Whether these slots are there and none of them is in use. */
  isFree(first: number, count: number): boolean {
    return first + count <= this.total && this.#used.gapLengthAt(first, count) === count;
  }

  /** Marks slots that the durable maps refer to, at recovery. */
  occupy(first: number, count: number): void {
    const added = this.#used.add(first, count);
    assert(added === count, `slots ${first}+${count} are referred to twice`);
  }

  /** A contiguous run of 1 … `countMax` free slots, or undefined when none is free. */
  take(countMax: number): SlotRun | undefined {
    if (this.free === 0) return undefined;
    const first = this.#nextFree();
    const count = Math.min(this.#used.gapLengthAt(first, countMax), this.total - first);
    this.#used.add(first, count);
    this.#cursor = (first + count) % this.total;
    return { first, count };
  }

  release(first: number, count: number): void {
    const removed = this.#used.delete(first, count);
    assert(removed === count, `slots ${first}+${count} were not all in use`);
  }

  #nextFree(): number {
    const at = this.#cursor + this.#used.runLengthAt(this.#cursor, this.total);
    return at < this.total ? at : this.#used.runLengthAt(0, this.total);
  }
}
