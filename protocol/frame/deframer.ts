/**
 * Cuts a stream of bytes into encoded frames at its delimiters, with bounded memory: a frame longer than any may be is
 * refused once and dropped up to the next delimiter. Real lines use @serialport/parser-delimiter; this one is pure.
 */
import { encodedFrameBytesMax } from '../limits.js';
import type { Refusal } from '../refusals.js';

export type Deframed =
  /** The bytes between two delimiters, not yet decoded and never empty. */
  { readonly kind: 'frame'; readonly encoded: Uint8Array } | { readonly kind: 'refused'; readonly refusal: Refusal };

export class Deframer {
  /** Parts of the frame that has not ended yet: copies, since a line may use its buffer again. */
  #parts: Uint8Array[] = [];
  #partBytes = 0;
  #skipping = false;

  /** Takes the next bytes of the line. The frames may be views of `chunk`. */
  push(chunk: Uint8Array): Deframed[] {
    const found: Deframed[] = [];
    let from = 0;
    for (let at = chunk.indexOf(0); at >= 0; at = chunk.indexOf(0, from)) {
      this.#take(chunk.subarray(from, at), true, found);
      from = at + 1;
    }
    // Stryker disable next-line ConditionalExpression,EqualityOperator: no bytes change nothing
    if (from < chunk.length) this.#take(chunk.subarray(from), false, found);
    return found;
  }

  /** How many bytes are held. */
  get heldBytes(): number {
    return this.#partBytes;
  }

  /** Forgets the frame that has not ended: the line was lost. */
  reset(): void {
    this.#parts = [];
    this.#partBytes = 0;
    this.#skipping = false;
  }

  #take(part: Uint8Array, ended: boolean, found: Deframed[]): void {
    const bytes = this.#partBytes + part.length;
    if (!this.#skipping && bytes > encodedFrameBytesMax) {
      found.push({ kind: 'refused', refusal: { code: 'frame-length', detail: `no delimiter in ${bytes} bytes` } });
      this.reset();
      this.#skipping = true;
    }
    if (ended) {
      if (!this.#skipping && bytes > 0) found.push({ kind: 'frame', encoded: this.#join(part) });
      this.reset();
    } else if (!this.#skipping) {
      this.#parts.push(Uint8Array.from(part));
      this.#partBytes = bytes;
    }
  }

  #join(last: Uint8Array): Uint8Array {
    // Stryker disable next-line ConditionalExpression: a view where a copy has the same bytes
    return this.#parts.length === 0 ? last : Buffer.concat([...this.#parts, last], this.#partBytes + last.length);
  }
}
