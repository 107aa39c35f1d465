/**
 * How many trials pass before the next one that fails, when each fails with the same small probability: the geometric
 * distribution, drawn at once instead of trial by trial.
 *
 * The binary digits of a geometric number are independent: digit k is 1 with probability s / (1 + s), where
 * s = (1 − rate)^(2^k). So a number is drawn digit by digit against a table of integers, with no logarithm, whose last
 * bits differ between engines: a seed means the same gaps everywhere.
 */
import type { Random } from '../random.js';

/** Gaps of more than 2^52 − 1 trials are not told apart from that. */
const digitsMax = 52;

export class Gap {
  readonly #random: Random;
  /** For each binary digit, how many of the 2^32 numbers of the generator make it a 1. */
  readonly #thresholds: readonly number[];
  readonly #rate: number;

  /** `rate` is the probability that one trial fails, 0 … 1. */
  constructor(rate: number, random: Random) {
    if (!(rate >= 0 && rate <= 1)) throw new RangeError(`${rate} is no probability`);
    this.#rate = rate;
    this.#random = random;
    this.#thresholds = thresholdsOf(rate);
  }

  /** Trials that pass before the next failure: 0 … 2^52 − 1, or Infinity when none ever fails. */
  next(): number {
    if (this.#rate === 0) return Number.POSITIVE_INFINITY;
    let gap = 0;
    let weight = 1;
    for (const threshold of this.#thresholds) {
      if (this.#random.u32() < threshold) gap += weight;
      weight *= 2;
    }
    return gap;
  }
}

function thresholdsOf(rate: number): number[] {
  const thresholds: number[] = [];
  let survival = 1 - rate;
  while (thresholds.length < digitsMax) {
    const threshold = Math.floor((2 ** 32 * survival) / (1 + survival));
    if (threshold === 0) break;
    thresholds.push(threshold);
    survival *= survival;
  }
  return thresholds;
}
