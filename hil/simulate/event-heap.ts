/** A heap of things to do, ordered by time and then by when they were put in: the same order on every machine. */
interface Entry<T> {
  readonly atUs: number;
  readonly sequence: number;
  readonly value: T;
}

export class EventHeap<T> {
  readonly #entries: Entry<T>[] = [];
  /** What was put in for the time of the entry taken out last, in order: it comes after all others of that time. */
  #present: T[] = [];
  /** How many of them have been taken out. */
  #taken = 0;
  #presentUs = Number.NEGATIVE_INFINITY;
  #sequence = 0;

  get size(): number {
    return this.#entries.length + this.#present.length - this.#taken;
  }

  /** When the first entry is due, in microseconds; undefined when there is none. */
  get nextAtUs(): number | undefined {
    const first = this.#entries[0];
    if (this.#taken === this.#present.length) return first?.atUs;
    return first === undefined ? this.#presentUs : Math.min(first.atUs, this.#presentUs);
  }

  push(atUs: number, value: T): void {
    if (atUs === this.#presentUs) {
      this.#present.push(value);
      return;
    }
    this.#rise({ atUs, sequence: this.#sequence, value });
    this.#sequence += 1;
  }

  /** Takes the first entry out; undefined when there is none. */
  pop(): T | undefined {
    const first = this.#entries[0];
    const isLater = first === undefined || first.atUs > this.#presentUs;
    if (isLater && this.#taken < this.#present.length) return this.#takePresent();
    const last = this.#entries.pop();
    if (first === undefined || last === undefined) return undefined;
    if (this.#entries.length > 0) this.#sink(last);
    // Nothing is left of the present, unless something earlier has been put in meanwhile.
    if (this.#taken === this.#present.length) this.#presentUs = first.atUs;
    return first.value;
  }

  #takePresent(): T | undefined {
    const value = this.#present[this.#taken];
    this.#taken += 1;
    if (this.#taken === this.#present.length) {
      this.#present = [];
      this.#taken = 0;
    }
    return value;
  }

  /** Puts an entry in from the end. */
  #rise(entry: Entry<T>): void {
    const entries = this.#entries;
    let index = entries.length;
    entries.push(entry);
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      const above = entries[parent];
      if (above === undefined || !before(entry, above)) break;
      entries[index] = above;
      index = parent;
    }
    entries[index] = entry;
  }

  /** Puts an entry in from the top, whose own has been taken out. */
  #sink(entry: Entry<T>): void {
    const entries = this.#entries;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      let least = entries[child];
      const right = entries[child + 1];
      if (least !== undefined && right !== undefined && before(right, least)) {
        child += 1;
        least = right;
      }
      if (least === undefined || !before(least, entry)) break;
      entries[index] = least;
      index = child;
    }
    entries[index] = entry;
  }
}

function before<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.atUs < b.atUs || (a.atUs === b.atUs && a.sequence < b.sequence);
}
