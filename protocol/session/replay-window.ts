/**
 * Which counters of sealed messages have been seen, of the last `sealedWindow`: each may come once, in any order.
 */
import { sealedWindow } from '../limits.js';

export class ReplayWindow {
  /** One more than the highest counter seen. */
  #end = 0;
  /** Bit `counter % sealedWindow`: seen. */
  // Stryker disable next-line ArithmeticOperator: bytes that are not needed cost memory only
  readonly #seen = new Uint8Array(sealedWindow / 8);

  /** Whether the counter has not been seen and is not too old to know. */
  isFresh(counter: number): boolean {
    if (counter >= this.#end) return true;
    if (counter < this.#end - sealedWindow) return false;
    return ((this.#seen[byteOf(counter)] as number) & bitOf(counter)) === 0;
  }

  /** Notes a counter, once its message has proved genuine. */
  note(counter: number): void {
    // Stryker disable next-line ArithmeticOperator: the bits of two more counters are those of the last two
    this.#forget(Math.max(this.#end, counter + 1 - sealedWindow), counter);
    this.#end = Math.max(this.#end, counter + 1);
    const byte = byteOf(counter);
    this.#seen[byte] = (this.#seen[byte] as number) | bitOf(counter);
  }

  /** Clears the bits of counters that the window now takes in, which older ones have used. */
  #forget(from: number, to: number): void {
    // Stryker disable next-line EqualityOperator: the last bit is set afterwards
    for (let counter = from; counter <= to; counter += 1) {
      const byte = byteOf(counter);
      this.#seen[byte] = (this.#seen[byte] as number) & ~bitOf(counter);
    }
  }
}

const byteOf = (counter: number): number => (counter % sealedWindow) >> 3;
const bitOf = (counter: number): number => 1 << (counter & 7);
