/**
 * The generator behind workloads: sfc32 by Chris Doty-Humphrey (PractRand 0.95, RNGs/other/sfc.h), period about 2^127.
 * The same seed gives the same numbers on every machine: nothing here uses transcendental functions.
 */

/** Rounds that mix the seed before the first number, as PractRand does. */
const warmUpRounds = 12;

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** `seed` is a non-negative safe integer; another `stream` (32 bits) of the same seed is independent of it. */
  constructor(seed: number, stream = 0) {
    this.#a = stream | 0;
    this.#b = seed | 0;
    this.#c = Math.floor(seed / 0x1_0000_0000) | 0;
    for (let round = 0; round < warmUpRounds; round += 1) this.next();
  }

  /** 32 random bits, 0 … 2^32 − 1. */
  next(): number {
    const result = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }

  /** A whole number, 0 … limit − 1, for limits up to 2^53. */
  below(limit: number): number {
    const high = this.next() >>> 5;
    const low = this.next() >>> 6;
    return Math.floor(((high * 0x400_0000 + low) / 2 ** 53) * limit);
  }

  /** A whole number, `from` … `to`. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  /** True `times` out of `of`. */
  chance(times: number, of: number): boolean {
    return this.below(of) < times;
  }

  /**
   * A rank, 0 … count − 1, of which small ones are frequent: every power of two of ranks is equally likely, which is
   * Zipf's law with exponent 1 in steps, in whole numbers only.
   */
  rank(count: number): number {
    let octaves = 1;
    while (2 ** octaves - 1 < count) octaves += 1;
    const ranks = 2 ** this.below(octaves);
    return ranks - 1 + this.below(Math.min(ranks, count - (ranks - 1)));
  }
}
