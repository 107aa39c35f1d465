/** A hash over everything that happened, in order: equal for equal runs, whatever the machine. */
import { createHash } from 'node:crypto';

const chunkBytes = 65_536;

export class Trace {
  readonly #hash = createHash('sha256');
  readonly #chunk = Buffer.allocUnsafe(chunkBytes);
  #at = 0;

  /** Adds numbers and text of one event. */
  add(atUs: number, name: string, bytes?: Uint8Array): void {
    const length = bytes?.length ?? 0;
    if (this.#at + 16 + name.length * 3 + length > chunkBytes) this.#flush();
    this.#at = this.#chunk.writeUInt32LE(Math.floor(atUs / 2 ** 32), this.#at);
    this.#at = this.#chunk.writeUInt32LE(atUs >>> 0, this.#at);
    this.#at = this.#chunk.writeUInt32LE(length, this.#at);
    this.#at += this.#chunk.write(name, this.#at, 'latin1');
    if (bytes === undefined) return;
    if (length > chunkBytes / 2) {
      this.#flush();
      this.#hash.update(bytes);
    } else {
      this.#chunk.set(bytes, this.#at);
      this.#at += length;
    }
  }

  /** The hash in hex; nothing may be added afterwards. */
  finish(): string {
    this.#flush();
    return this.#hash.digest('hex');
  }

  #flush(): void {
    this.#hash.update(this.#chunk.subarray(0, this.#at));
    this.#at = 0;
  }
}
