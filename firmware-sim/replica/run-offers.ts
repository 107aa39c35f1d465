/**
 * Which runs are offered to the receiver by their digest before their contents are sent, and how long they are. One
 * that is held doubles the length of the next, one that is not halves it: where a few blocks of an image differ, what is
 * sent with each of them is little. Where not even single blocks are held fewer and fewer are tried: after the nth in a row
 * the next 2^(n−1) runs are sent, at most 63. The first one that is held ends that.
 */

/** The most runs that are sent after a block that was not held. */
const skippedMax = 63;

export class RunOffers {
  #blocks = Number.POSITIVE_INFINITY;
  /** Single blocks in a row that were not held, and how many runs are sent because of them. */
  #misses = 0;
  #skips = 0;

  /** The most blocks of a run to offer; undefined when the next one is to be sent. */
  get blocks(): number | undefined {
    return this.#skips > 0 ? undefined : this.#blocks;
  }

  /** A run has been picked, to be offered or sent. */
  picked(): void {
    if (this.#skips > 0) this.#skips -= 1;
  }

  held(count: number): void {
    this.#misses = 0;
    this.#blocks = Math.max(this.#blocks, 2 * count);
  }

  notHeld(count: number): void {
    this.#blocks = Math.max(1, Math.min(this.#blocks, Math.floor(count / 2)));
    if (count > 1) return;
    this.#misses += 1;
    this.#skips = Math.min(2 ** (this.#misses - 1), skippedMax);
  }
}
