/**
 * How far the bytes handed to the operating system are ahead of what the line can have carried.
 *
 * A PTY swallows 12 to 20 KB on each side and a USB adapter some more: over a second at 115200 baud, in which nothing
 * urgent can overtake. So a line is called full when it is more than a few milliseconds ahead of its baud rate.
 */
import { bitTimesPerByte } from '../../simulate/line-model.js';

export interface PacerOptions {
  readonly baud: number;
  /** The line has room while less than this is on its way; one write is always let in. */
  readonly aheadUsMax: number;
}

export class Pacer {
  readonly #usPerByte: number;
  readonly #aheadUsMax: number;
  #carriedAtUs = 0;

  constructor({ baud, aheadUsMax }: PacerOptions) {
    this.#usPerByte = (bitTimesPerByte * 1_000_000) / baud;
    this.#aheadUsMax = aheadUsMax;
  }

  /** Notes that `count` bytes were handed over at `nowUs`. */
  take(count: number, nowUs: number): void {
    this.#carriedAtUs = Math.max(this.#carriedAtUs, nowUs) + count * this.#usPerByte;
  }

  /** Microseconds until there is room; 0 when there is room now. */
  waitUs(nowUs: number): number {
    return Math.max(0, this.#carriedAtUs - nowUs - this.#aheadUsMax);
  }

  /** Bytes that the line cannot have carried yet. */
  aheadBytes(nowUs: number): number {
    return Math.ceil(Math.max(0, this.#carriedAtUs - nowUs) / this.#usPerByte);
  }

  /** Forgets what was handed over: the line was lost. */
  reset(): void {
    this.#carriedAtUs = 0;
  }
}
