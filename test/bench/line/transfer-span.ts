/**
 * When a transfer began and ended, from the frames that the sender puts on the line: from the first fragment of a run of
 * blocks to *complete*, which leaves at once when the last *stored* has arrived.
 */
import { cobsDecode } from '../../../protocol/frame/cobs.js';
import { encodedFrameBytesMax } from '../../../protocol/limits.js';

/** Data of queue 2, and the flags of a message's first and last fragment (PROTOCOL.md, "Frames"). */
const replicationKind = 0x20;
const firstFlag = 0x08;
const lastFlag = 0x04;

export class TransferSpan {
  readonly #decoded = Buffer.alloc(encodedFrameBytesMax);
  #beganAtUs: number | undefined;
  #endedAtUs: number | undefined;

  /** Whether blocks are being sent. */
  get isUnderWay(): boolean {
    return this.#beganAtUs !== undefined && this.#endedAtUs === undefined;
  }

  /** Takes a frame from sender to receiver, with or without its delimiter. Runs of blocks must be longer than a frame. */
  take(encoded: Uint8Array, nowUs: number): void {
    if (this.#endedAtUs !== undefined) return;
    const bytes = Buffer.from(encoded.buffer, encoded.byteOffset, encoded.length);
    const frame = bytes.at(-1) === 0 ? bytes.subarray(0, -1) : bytes;
    if (cobsDecode(frame, this.#decoded) < 0) return;
    const kind = this.#decoded[0] ?? 0;
    if ((kind & 0xf0) !== replicationKind) return;
    const isWhole = (kind & firstFlag) !== 0 && (kind & lastFlag) !== 0;
    if (isWhole && this.#beganAtUs !== undefined) this.#endedAtUs = nowUs;
    else if (!isWhole) this.#beganAtUs ??= nowUs;
  }

  /** From the first block to the last *stored*, in seconds. */
  get seconds(): number {
    if (this.#beganAtUs === undefined || this.#endedAtUs === undefined) throw new Error('no whole transfer was seen');
    return (this.#endedAtUs - this.#beganAtUs) / 1e6;
  }
}
