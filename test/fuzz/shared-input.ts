/** The input that a worker runs, in memory that its watchdog sees also while the worker hangs. */

const headerBytes = 16;

export class SharedInput {
  readonly memory: SharedArrayBuffer;
  /** Runs begun; 1 while one is under way; length of its input; 1 to stop. */
  readonly #header: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#header = new Int32Array(memory, 0, headerBytes / 4);
    this.#bytes = new Uint8Array(memory, headerBytes);
  }

  /** Memory for inputs of at most so many bytes. */
  static ofSize(bytesMax: number): SharedInput {
    return new SharedInput(new SharedArrayBuffer(headerBytes + bytesMax));
  }

  begin(input: Uint8Array): void {
    const length = Math.min(input.length, this.#bytes.length);
    this.#bytes.set(input.subarray(0, length));
    Atomics.store(this.#header, 2, length);
    Atomics.add(this.#header, 0, 1);
    Atomics.store(this.#header, 1, 1);
  }

  end(): void {
    Atomics.store(this.#header, 1, 0);
  }

  /** The number of the run that is under way, or undefined. */
  get underWay(): number | undefined {
    return Atomics.load(this.#header, 1) === 1 ? Atomics.load(this.#header, 0) : undefined;
  }

  /** A copy of the newest input. */
  get input(): Uint8Array {
    return Uint8Array.from(this.#bytes.subarray(0, Atomics.load(this.#header, 2)));
  }

  get stopped(): boolean {
    return Atomics.load(this.#header, 3) === 1;
  }

  /** Asks the worker to end after the batch under way. */
  stop(): void {
    Atomics.store(this.#header, 3, 1);
  }
}
