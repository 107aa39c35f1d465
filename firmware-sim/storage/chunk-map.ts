/** Chunks by number, with their order at hand: made when asked for, dropped when a chunk comes or goes. */
export class ChunkMap<Chunk> {
  readonly #chunks = new Map<number, Chunk>();
  #order: (readonly [number, Chunk])[] | undefined;

  get(number: number): Chunk | undefined {
    return this.#chunks.get(number);
  }

  set(number: number, chunk: Chunk): void {
    this.#order = undefined;
    this.#chunks.set(number, chunk);
  }

  delete(number: number): void {
    this.#order = undefined;
    this.#chunks.delete(number);
  }

  [Symbol.iterator](): IterableIterator<[number, Chunk]> {
    return this.#chunks[Symbol.iterator]();
  }

  /** The first chunk whose number is `from` or higher, with its number. */
  next(from: number): readonly [number, Chunk] | undefined {
    const here = this.#chunks.get(from);
    // Stryker disable next-line ConditionalExpression: only saves putting the chunks in order; the search finds it too
    if (here !== undefined) return [from, here];
    this.#order ??= [...this.#chunks].sort(([a], [b]) => a - b);
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      // Stryker disable next-line EqualityOperator: there is no chunk `from`, or it would have been returned above
      if ((this.#order[middle] as readonly [number, Chunk])[0] < from) low = middle + 1;
      else high = middle;
    }
    return this.#order[low];
  }
}
