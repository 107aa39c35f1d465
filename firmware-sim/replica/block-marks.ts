/** Blocks that are to be treated otherwise when they are next picked, until then. */
interface Blocks {
  readonly volume: number;
  readonly first: number;
  readonly count: number;
}

export class BlockMarks {
  readonly #marked = new Set<string>();

  add({ volume, first, count }: Blocks): void {
    for (let block = first; block < first + count; block += 1) this.#marked.add(`${volume}:${block}`);
  }

  /** Whether any of these blocks is marked; none of them is any more. */
  take({ volume, first, count }: Blocks): boolean {
    if (this.#marked.size === 0) return false;
    let found = false;
    for (let block = first; block < first + count; block += 1) {
      if (this.#marked.delete(`${volume}:${block}`)) found = true;
    }
    return found;
  }
}
