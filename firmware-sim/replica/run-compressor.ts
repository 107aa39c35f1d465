/**
 * Which runs are sent compressed: those that it makes smaller by a sixteenth at least. Where runs do not shrink, fewer and
 * fewer of them are tried: after the nth in a row that did not, the next 2^(n−1) are sent as they are, at most 15, so that
 * no more than a sixteenth of the work is lost on data that does not shrink. The first one that shrinks ends that.
 */
import { Deflater } from '../../protocol/compression/deflater.js';

/** What has to be saved, as a part of the run. */
const savingPart = 16;
/** The most runs that are not tried after one that did not shrink. */
const skippedMax = 15;

export class RunCompressor {
  /** Made for the first run that is tried, and for another window. */
  #deflater: Deflater | undefined;
  /** Runs in a row that did not shrink, and how many are not tried because of them. */
  #misses = 0;
  #skips = 0;

  /** A zlib stream of `data` with a window of at most 2^windowBits bytes, or undefined to send it as it is. */
  compress(data: Uint8Array, windowBits: number): Uint8Array | undefined {
    if (windowBits === 0) return undefined;
    if (this.#skips > 0) {
      this.#skips -= 1;
      return undefined;
    }
    const compressed = this.#deflaterFor(windowBits).deflate(data, data.length - Math.ceil(data.length / savingPart));
    this.#misses = compressed === undefined ? this.#misses + 1 : 0;
    this.#skips = this.#misses === 0 ? 0 : Math.min(2 ** (this.#misses - 1), skippedMax);
    return compressed;
  }

  #deflaterFor(windowBits: number): Deflater {
    if (this.#deflater?.windowBits !== windowBits) this.#deflater = new Deflater(windowBits);
    return this.#deflater;
  }
}
