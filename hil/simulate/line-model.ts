/**
 * What one direction of a serial line does to bytes: each takes 10 bit times (start, 8 data, stop), arrives a latency
 * later, may be lost, and its data bits may be flipped. Pure: the real-time emulator and the simulator both use it.
 */
import { partOf } from '../../protocol/part-of.js';
import type { Random } from '../random.js';
import { Gap } from './gap.js';

export interface LineModelOptions {
  /** Bits per second on the wire; without it bytes take no time. */
  readonly baud?: number;
  /** From the end of a byte at the sender to its arrival, in microseconds. */
  readonly latencyUs: number;
  /** Probability that a data bit arrives flipped, 0 … 1. */
  readonly bitErrorRate: number;
  /** Probability that a byte is lost, 0 … 1. */
  readonly dropRate: number;
  /** The most bytes on the wire that are delivered together; unlimited when left out. */
  readonly deliveryBytesMax?: number;
}

/** Bytes that arrive together, when the last of them has arrived. */
export interface Delivery {
  readonly atUs: number;
  readonly bytes: Uint8Array;
}

/** What the line did so far. */
export interface LineCounts {
  readonly carriedBytes: number;
  readonly droppedBytes: number;
  readonly flippedBits: number;
}

/** Bit times of one byte on the wire, 8N1. */
export const bitTimesPerByte = 10;

export class LineModel {
  readonly #options: LineModelOptions;
  readonly #dropGap: Gap;
  readonly #flipGap: Gap;
  /** Bytes that pass before the next one that is lost, and data bits before the next one that is flipped. */
  #bytesToDrop: number;
  #bitsToFlip: number;
  #freeAtUs = 0;
  /** The fraction of a microsecond on top of `#freeAtUs`, in units of 1 / baud. */
  #fraction = 0;
  #carriedBytes = 0;
  #droppedBytes = 0;
  #flippedBits = 0;

  /** `random` is used for this line alone: losses and flips each fork from it. */
  constructor(options: LineModelOptions, random: Random) {
    const { baud, latencyUs } = options;
    if (baud !== undefined && !(Number.isInteger(baud) && baud > 0)) throw new RangeError(`${baud} is no baud rate`);
    if (!(Number.isInteger(latencyUs) && latencyUs >= 0)) throw new RangeError(`${latencyUs} is no latency`);
    this.#options = options;
    this.#dropGap = new Gap(options.dropRate, random.fork('drop'));
    this.#flipGap = new Gap(options.bitErrorRate, random.fork('flip'));
    this.#bytesToDrop = this.#dropGap.next();
    this.#bitsToFlip = this.#flipGap.next();
  }

  /** When the last byte taken so far has left the sender. */
  get freeAtUs(): number {
    return this.#freeAtUs;
  }

  get counts(): LineCounts {
    return {
      carriedBytes: this.#carriedBytes,
      droppedBytes: this.#droppedBytes,
      flippedBits: this.#flippedBits,
    };
  }

  /**
   * Takes bytes that the sender hands over at `nowUs` (which never goes back); they queue behind those before them.
   * Returns what arrives, in order of arrival. Where nothing is flipped, deliveries are views of `bytes`.
   */
  carry(bytes: Uint8Array, nowUs: number): Delivery[] {
    if (nowUs > this.#freeAtUs) {
      this.#freeAtUs = nowUs;
      this.#fraction = 0;
    }
    this.#carriedBytes += bytes.length;
    const deliveries: Delivery[] = [];
    const step = Math.min(this.#options.deliveryBytesMax ?? bytes.length, bytes.length);
    for (let at = 0; at < bytes.length; at += step) {
      const piece = partOf(bytes, at, at + step);
      const atUs = this.#endOf(piece.length) + this.#options.latencyUs;
      const arrived = this.#flip(this.#drop(piece));
      if (arrived.length > 0) deliveries.push({ atUs, bytes: arrived });
    }
    return deliveries;
  }

  /** Lets `count` bytes take their time on the wire and returns the microsecond in which the last has passed. */
  #endOf(count: number): number {
    const { baud } = this.#options;
    if (baud === undefined) return this.#freeAtUs;
    const total = this.#fraction + count * bitTimesPerByte * 1_000_000;
    this.#freeAtUs += Math.floor(total / baud);
    this.#fraction = total % baud;
    return this.#fraction === 0 ? this.#freeAtUs : this.#freeAtUs + 1;
  }

  #drop(piece: Uint8Array): Uint8Array {
    if (this.#bytesToDrop >= piece.length) {
      this.#bytesToDrop -= piece.length;
      return piece;
    }
    const kept: Uint8Array[] = [];
    let at = 0;
    while (this.#bytesToDrop < piece.length - at) {
      kept.push(piece.subarray(at, at + this.#bytesToDrop));
      at += this.#bytesToDrop + 1;
      this.#droppedBytes += 1;
      this.#bytesToDrop = this.#dropGap.next();
    }
    this.#bytesToDrop -= piece.length - at;
    kept.push(piece.subarray(at));
    return Buffer.concat(kept);
  }

  #flip(piece: Uint8Array): Uint8Array {
    const bits = piece.length * 8;
    if (this.#bitsToFlip >= bits) {
      this.#bitsToFlip -= bits;
      return piece;
    }
    const flipped = Buffer.from(piece);
    let bit = 0;
    while (this.#bitsToFlip < bits - bit) {
      bit += this.#bitsToFlip;
      const at = Math.floor(bit / 8);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (bit % 8));
      bit += 1;
      this.#flippedBits += 1;
      this.#bitsToFlip = this.#flipGap.next();
    }
    this.#bitsToFlip -= bits - bit;
    return flipped;
  }
}
