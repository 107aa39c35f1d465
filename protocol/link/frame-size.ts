/**
 * How large a frame's payload should be: near s = sqrt(overhead / per-byte loss), where the overhead of small frames
 * and the loss of large ones together cost least. The loss is estimated from as many losses as there are, up to 32, so
 * that chance hardly moves the size; what chance does not explain, many losses soon or none for long, is taken as
 * another line, of which only the newest is known.
 */
import { frameOverheadBytes, unitBytes } from '../limits.js';

const firstBytes = 256;
/** Frames carried in a row that double the size, as long as none was ever lost. */
const cleanFramesAtStart = 8;
/** The half of a loss that stands for the next one: without it a line that has lost nothing would have no best size. */
const pretendedLosses = 0.5;
/** After so many losses half of what is known is forgotten. */
const lossesMax = 32;
/** So many times the usual distance without a loss is another line: by chance once in 150 losses. */
const cleanDistances = 5;
/** The last so many losses within so many usual distances are another line: by chance once in 600 losses each. */
const bursts = [
  { losses: 2, distances: 0.05 },
  { losses: 4, distances: 0.5 },
] as const;
const burstLossesMax = 4;

export class FrameSize {
  readonly #max: number;
  /** What is known of the line: so many losses in so many bytes. */
  #losses = 0;
  #carriedBytes = 0;
  /** Bytes since the last loss, and before each of the last losses since the one before. */
  #sinceLossBytes = 0;
  #distancesBytes: number[] = [];
  #everLost = false;
  #cleanFrames = 0;

  /** `max`: the largest payload in bytes that both sides take, a multiple of the unit. */
  constructor(max: number) {
    this.#max = max;
    this.#begin(Math.min(firstBytes, max));
  }

  /** The payload that the next frame should have, in bytes: a multiple of the unit. */
  get bytes(): number {
    const best = Math.sqrt(frameOverheadBytes * this.#distanceBytes);
    return Math.min(this.#max, Math.max(unitBytes, Math.round(best / unitBytes) * unitBytes));
  }

  /** A frame with so many bytes of payload arrived. */
  carried(payloadBytes: number): void {
    this.#count(payloadBytes + frameOverheadBytes);
    if (this.#everLost) {
      if (this.#sinceLossBytes > cleanDistances * this.#distanceBytes)
        this.#know(pretendedLosses, this.#sinceLossBytes);
    } else {
      this.#cleanFrames += 1;
      if (this.#cleanFrames === cleanFramesAtStart) this.#begin(this.bytes * 2);
    }
  }

  /** A frame with so many bytes of payload was lost; on average it was spoilt in its middle. */
  lost(payloadBytes: number): void {
    this.#count(payloadBytes / 2);
    // Until now the size was a guess that doubled, of which nothing can be concluded.
    if (!this.#everLost) this.#know(0, this.#sinceLossBytes);
    this.#everLost = true;
    this.#distancesBytes = [...this.#distancesBytes, this.#sinceLossBytes].slice(-burstLossesMax);
    this.#sinceLossBytes = 0;
    this.#losses += 1;
    this.#noticeBurst();
    if (this.#losses > lossesMax) this.#know(this.#losses / 2, this.#carriedBytes / 2);
  }

  /** Nothing was acknowledged for a whole timeout. */
  timedOut(): void {
    this.#everLost = true;
    this.#begin(Math.max(unitBytes, this.bytes / 4));
    this.#sinceLossBytes = 0;
    this.#distancesBytes = [];
  }

  /** From one loss to the next, as far as is known. */
  get #distanceBytes(): number {
    return this.#carriedBytes / (this.#losses + pretendedLosses);
  }

  #count(bytes: number): void {
    this.#carriedBytes += bytes;
    this.#sinceLossBytes += bytes;
  }

  #noticeBurst(): void {
    for (const { losses, distances } of bursts) {
      const last = this.#distancesBytes.slice(-losses);
      const bytes = last.reduce((sum, each) => sum + each, 0);
      if (last.length === losses && bytes < distances * this.#distanceBytes) this.#know(losses, bytes);
    }
  }

  /** Forgets all but this. */
  #know(losses: number, bytes: number): void {
    this.#losses = losses;
    this.#carriedBytes = bytes;
  }

  /** Begins with a size of which nothing is known. */
  #begin(size: number): void {
    this.#know(0, distanceFor(size) * pretendedLosses);
    this.#cleanFrames = 0;
  }
}

/** How far apart losses must be so that `size` is best. */
function distanceFor(size: number): number {
  return (size * size) / frameOverheadBytes;
}
