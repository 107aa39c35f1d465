/** Chunks by number, with the order of their numbers at hand: made when asked for, dropped when a chunk comes or goes. */
export class ChunkMap<Chunk> {
  readonly #chunks = new Map<number, Chunk>();
  #order: number[] | undefined;

  get(number: number): Chunk | undefined {
    return this.#chunks.get(number);
  }

  set(number: number, chunk: Chunk): void {
    if (!this.#chunks.has(number)) this.#order = undefined;
    this.#chunks.set(number, chunk);
  }

  delete(number: number): void {
    if (this.#chunks.delete(number)) this.#order = undefined;
  }

  [Symbol.iterator](): IterableIterator<[number, Chunk]> {
    return this.#chunks[Symbol.iterator]();
  }

  /** The smallest number of a chunk at or after `from`. */
  next(from: number): number | undefined {
    if (this.#chunks.has(from)) return from;
    this.#order ??= [...this.#chunks.keys()].sort((a, b) => a - b);
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#order[middle] ?? 0) < from) low = middle + 1;
      else high = middle;
    }
    return this.#order[low];
  }
}
