/**
 * How many bytes of blocks may be unanswered: about a second of what the line carries, so that a block that a host
 * waits for does not stand behind a minute of others, and little is sent twice after a lost line.
 */

/** Bytes to begin with, and the least. */
const windowBytesFirst = 256 * 1024;
const windowBytesMin = 128 * 1024;
/** A window answered in less than this may grow, in more than the other it shrinks. */
const growUsMax = 500_000;
const shrinkUsMin = 2_000_000;

export class SendWindow {
  /** What the receiver allows. */
  bytesMax = windowBytesFirst;
  #bytes = windowBytesFirst;
  #answeredBytes = 0;
  #sinceUs = 0;

  get bytes(): number {
    return Math.min(this.#bytes, this.bytesMax);
  }

  /** Sending begins after a pause: what passed before says nothing about the line. */
  begin(nowUs: number): void {
    this.#answeredBytes = 0;
    this.#sinceUs = nowUs;
  }

  /** So many bytes have been answered. */
  answered(bytes: number, nowUs: number): void {
    this.#answeredBytes += bytes;
    if (this.#answeredBytes < this.#bytes) return;
    const tookUs = nowUs - this.#sinceUs;
    if (tookUs < growUsMax) this.#bytes = Math.min(this.#bytes * 2, Math.max(this.bytesMax, windowBytesMin));
    else if (tookUs > shrinkUsMin) this.#bytes = Math.max(windowBytesMin, this.#bytes / 2);
    this.begin(nowUs);
  }
}
