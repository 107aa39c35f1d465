/** A heap of things to do, ordered by time and then by when they were put in: the same order on every machine. */
interface Entry<T> {
  readonly atUs: number;
  readonly sequence: number;
  readonly value: T;
}

export class EventHeap<T> {
  readonly #entries: Entry<T>[] = [];
  #sequence = 0;

  get size(): number {
    return this.#entries.length;
  }

  /** When the first entry is due, in microseconds; undefined when there is none. */
  get nextAtUs(): number | undefined {
    return this.#entries[0]?.atUs;
  }

  push(atUs: number, value: T): void {
    const entries = this.#entries;
    entries.push({ atUs, sequence: this.#sequence, value });
    this.#sequence += 1;
    let index = entries.length - 1;
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      if (!this.#before(index, parent)) break;
      this.#swap(index, parent);
      index = parent;
    }
  }

  /** Takes the first entry out; undefined when there is none. */
  pop(): T | undefined {
    const first = this.#entries[0];
    const last = this.#entries.pop();
    if (first === undefined || last === undefined) return undefined;
    if (this.#entries.length > 0) {
      this.#entries[0] = last;
      this.#sink();
    }
    return first.value;
  }

  #sink(): void {
    for (let index = 0; ; ) {
      let smallest = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < this.#entries.length && this.#before(child, smallest)) smallest = child;
      }
      if (smallest === index) return;
      this.#swap(index, smallest);
      index = smallest;
    }
  }

  #before(a: number, b: number): boolean {
    const left = this.#entries[a];
    const right = this.#entries[b];
    if (left === undefined || right === undefined) return false;
    return left.atUs < right.atUs || (left.atUs === right.atUs && left.sequence < right.sequence);
  }

  #swap(a: number, b: number): void {
    const left = this.#entries[a];
    const right = this.#entries[b];
    if (left === undefined || right === undefined) return;
    this.#entries[a] = right;
    this.#entries[b] = left;
  }
}
