/**
 * When a transfer began and ended, from the frames that the sender puts on the line: from the first fragment of a run of
 * blocks to *complete*, which leaves at once when the last *stored* has arrived. Works on sealed lines too: of all
 * messages of this queue only runs of blocks are long.
 */
import { cobsDecode } from '../../../protocol/frame/cobs.js';
import { encodedFrameBytesMax, sequenceModulus } from '../../../protocol/limits.js';

/** Data of queue 2, and the flags of a message's first and last fragment (PROTOCOL.md, "Frames"). */
const replicationKind = 0x20;
const firstFlag = 0x08;
const lastFlag = 0x04;
/** Other messages than runs of blocks have at most so many units of 64 bytes. */
const shortUnitsMax = 4;

export class TransferSpan {
  readonly #decoded = Buffer.alloc(encodedFrameBytesMax);
  /** Of the message that was begun last: the number of its first fragment, and when that was sent first. */
  #first: { readonly sequence: number; readonly atUs: number } | undefined;
  /** The first number that has not been used yet. */
  #nextSequence: number | undefined;
  #beganAtUs: number | undefined;
  #endedAtUs: number | undefined;

  /** Takes a frame from sender to receiver, with or without its delimiter. */
  take(encoded: Uint8Array, nowUs: number): void {
    if (this.#endedAtUs !== undefined) return;
    const bytes = Buffer.from(encoded.buffer, encoded.byteOffset, encoded.length);
    const frame = bytes.at(-1) === 0 ? bytes.subarray(0, -1) : bytes;
    if (cobsDecode(frame, this.#decoded) < 3) return;
    const kind = this.#decoded.readUInt8(0);
    const sequence = this.#decoded.readUInt16LE(1);
    if ((kind & 0xf0) !== replicationKind || this.#isRepeated(sequence)) return;
    if ((kind & firstFlag) !== 0) this.#first = { sequence, atUs: nowUs };
    if (this.#first === undefined) return;
    const units = (sequence - this.#first.sequence + sequenceModulus) % sequenceModulus;
    if (units >= shortUnitsMax) this.#beganAtUs ??= this.#first.atUs;
    else if ((kind & lastFlag) !== 0 && this.#beganAtUs !== undefined) this.#endedAtUs = this.#first.atUs;
  }

  /** A short message that is repeated while runs of blocks are on their way is not the last one. */
  #isRepeated(sequence: number): boolean {
    const ahead = (sequence - (this.#nextSequence ?? sequence) + sequenceModulus) % sequenceModulus;
    if (ahead >= sequenceModulus / 2) return true;
    this.#nextSequence = (sequence + 1) % sequenceModulus;
    return false;
  }

  /** From the first block to the last *stored*, in seconds. */
  get seconds(): number {
    if (this.#beganAtUs === undefined || this.#endedAtUs === undefined) throw new Error('no whole transfer was seen');
    return (this.#endedAtUs - this.#beganAtUs) / 1e6;
  }
}
