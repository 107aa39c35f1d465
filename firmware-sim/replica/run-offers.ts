/**
 * Which runs are offered to the receiver by their digest before their contents are sent, and how long they are. One
 * that is held doubles the length of the next, one that is not halves it and is offered again in parts: of an image that
 * differs in a few blocks just these are sent. After one that is not held a single one is on its way, and the next waits for
 * its answer, which comes sooner than contents would; each that is held lets twice as many go. Where single blocks are
 * not held either fewer and fewer are tried: after the third in a row the next run is sent, then two, four, at most 63. The
 * first one that is held ends that.
 */

/** Single blocks in a row that are not held before anything is sent unasked, and the most runs that are sent then. */
const missesFirst = 3;
const skippedMax = 63;
/** The most offers that are on their way. */
const creditMax = 64;

/** How the next run is to be picked: at most so many blocks, none when an answer has to be awaited first. */
export interface NextRun {
  readonly blocksMax: number;
  readonly isOffered: boolean;
}

export class RunOffers {
  #blocks = Number.POSITIVE_INFINITY;
  /** How many offers may be on their way. */
  #credit = 1;
  /** Single blocks in a row that were not held, and how many runs are sent because of them. */
  #misses = 0;
  #skips = 0;

  /** `blocksMax`: of any run. `underWay`: offers that are not answered. */
  next(blocksMax: number, underWay: number): NextRun {
    if (this.#skips === 0 && underWay < this.#credit) {
      return { blocksMax: Math.min(blocksMax, this.#blocks), isOffered: true };
    }
    // Where little hope is nothing waits.
    return { blocksMax: this.#misses >= missesFirst ? blocksMax : 0, isOffered: false };
  }

  /** A run has been picked, to be offered or sent. */
  picked(): void {
    if (this.#skips > 0) this.#skips -= 1;
  }

  held(count: number): void {
    this.#misses = 0;
    this.#skips = 0;
    this.#credit = Math.min(2 * this.#credit, creditMax);
    this.#blocks = Math.max(this.#blocks, 2 * count);
  }

  notHeld(count: number): void {
    this.#credit = 1;
    this.#blocks = Math.max(1, Math.min(this.#blocks, Math.floor(count / 2)));
    if (count > 1) return;
    this.#misses += 1;
    if (this.#misses >= missesFirst) this.#skips = Math.min(2 ** (this.#misses - missesFirst), skippedMax);
  }
}
