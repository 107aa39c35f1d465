/**
 * How large a frame's payload should be: near s = sqrt(overhead / per-byte loss), where the overhead of small frames
 * and the loss of large ones together cost least. The optimum is flat (twice or half of it costs a quarter more), so
 * the size moves by factors and fast: a line that turns bad must not wait for statistics, nor one that turned good.
 */
import { frameOverheadBytes, unitBytes } from '../limits.js';

/** Frames carried in a row that double the size, as long as none was ever lost. */
const cleanFramesAtStart = 8;
const cleanFramesMin = 16;
const cleanFramesMax = 256;
/** After so many losses the older half of what is known is forgotten. */
const lossesMax = 16;
const firstBytes = 256;

export class FrameSize {
  readonly #max: number;
  /** Per-byte loss is `#losses / #carriedBytes`; at least one loss is always pretended. */
  #losses = 1;
  #carriedBytes: number;
  #everLost = false;
  #cleanFrames = 0;
  /** The last eight frames, a one for each that was lost. */
  #recent = 0;

  /** `max`: the largest payload in bytes that both sides take, a multiple of the unit. */
  constructor(max: number) {
    this.#max = max;
    this.#carriedBytes = bytesFor(Math.min(firstBytes, max));
  }

  /** The payload that the next frame should have, in bytes: a multiple of the unit. */
  get bytes(): number {
    const best = Math.sqrt((frameOverheadBytes * this.#carriedBytes) / this.#losses);
    return Math.min(this.#max, Math.max(unitBytes, Math.round(best / unitBytes) * unitBytes));
  }

  /** A frame with so many bytes of payload arrived. */
  carried(payloadBytes: number): void {
    this.#carriedBytes += payloadBytes + frameOverheadBytes;
    this.#recent = (this.#recent << 1) & 0xff;
    this.#cleanFrames += 1;
    if (this.#cleanFrames >= this.#cleanFramesNeeded()) this.#scale(2);
    this.#settle();
  }

  /** A frame with so many bytes of payload was lost; on average it was spoilt in its middle. */
  lost(payloadBytes: number): void {
    this.#everLost = true;
    this.#cleanFrames = 0;
    this.#losses += 1;
    this.#carriedBytes += payloadBytes / 2;
    this.#recent = ((this.#recent << 1) & 0xff) | 1;
    if (ones(this.#recent) >= 4) this.#scale(1 / 2);
    this.#settle();
  }

  /** Nothing was acknowledged for a whole timeout. */
  timedOut(): void {
    this.#everLost = true;
    this.#scale(1 / 4);
    this.#settle();
  }

  #cleanFramesNeeded(): number {
    if (!this.#everLost) return cleanFramesAtStart;
    return Math.min(cleanFramesMax, Math.max(cleanFramesMin, (2 * this.bytes) / frameOverheadBytes));
  }

  #scale(factor: number): void {
    this.#carriedBytes = bytesFor(Math.max(unitBytes, this.bytes * factor)) * this.#losses;
    this.#cleanFrames = 0;
    this.#recent = 0;
  }

  #settle(): void {
    if (this.#losses > lossesMax) {
      this.#losses /= 2;
      this.#carriedBytes /= 2;
    }
    this.#carriedBytes = Math.min(this.#carriedBytes, bytesFor(this.#max) * this.#losses);
  }
}

/** How many bytes must be carried for each loss so that `size` is best. */
function bytesFor(size: number): number {
  return (size * size) / frameOverheadBytes;
}

function ones(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}
