/**
 * The one source of random numbers in hil/: xoshiro128** 1.1 by David Blackman and Sebastiano Vigna (2018,
 * https://prng.di.unimi.it/xoshiro128starstar.c). Integer arithmetic only, so that a seed means the same everywhere.
 *
 * A seed is a name: the state is the first 16 bytes of SHA-256 over its UTF-8 text, as four little-endian words. `fork`
 * gives a generator for a part of the work that doesn't shift when another part draws more or fewer numbers.
 */
import { createHash } from 'node:crypto';

export class Random {
  /** What replays this generator. */
  readonly seed: string;
  readonly #state: Uint32Array;

  constructor(seed: string | number) {
    this.seed = String(seed);
    const digest = createHash('sha256').update(this.seed).digest();
    this.#state = Uint32Array.from([0, 4, 8, 12], (at) => digest.readUInt32LE(at));
  }

  /** The state in hex: equal after equal draws. */
  get state(): string {
    return [...this.#state].map((word) => word.toString(16).padStart(8, '0')).join('');
  }

  /** A generator of its own for a named part: the one with the seed `<seed>/<name>`. */
  fork(name: string | number): Random {
    return new Random(`${this.seed}/${name}`);
  }

  /** The next number, 0 … 2^32 − 1. */
  u32(): number {
    return nextOf(this.#state);
  }

  /** A number of 0 … `limit` − 1, each equally likely; `limit` is 1 … 2^32. */
  below(limit: number): number {
    if (!Number.isInteger(limit) || limit < 1 || limit > 2 ** 32) throw new RangeError(`${limit} is no limit`);
    // Numbers past the last whole multiple of `limit` would favour the small results; draw again instead.
    const fair = 2 ** 32 - (2 ** 32 % limit);
    for (;;) {
      const value = this.u32();
      if (value < fair) return value % limit;
    }
  }

  /** Fills `into` with random bytes and returns it. */
  fill<Bytes extends Uint8Array>(into: Bytes): Bytes {
    const view = new DataView(into.buffer, into.byteOffset, into.byteLength);
    const whole = into.length - (into.length % 4);
    for (let at = 0; at < whole; at += 4) view.setUint32(at, this.u32(), true);
    if (whole === into.length) return into;
    for (let at = whole, rest = this.u32(); at < into.length; at += 1, rest >>>= 8) into[at] = rest & 0xff;
    return into;
  }
}

/** One step of xoshiro128** on four words of state, which must not all be zero. */
export function nextOf(state: Uint32Array): number {
  const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = state;
  const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0;
  const third = s2 ^ s0;
  const fourth = s3 ^ s1;
  state[1] = s1 ^ third;
  state[0] = s0 ^ fourth;
  state[2] = third ^ (s1 << 9);
  state[3] = rotateLeft(fourth, 11);
  return result;
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
