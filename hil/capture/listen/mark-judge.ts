/**
 * Tells good frames of one direction from damaged ones as somebody who listens to a line can (PROTOCOL.md, "Frames"):
 * by the mark of the link, known from opens, or from what is the same in frames that follow each other.
 */

export type Verdict =
  | 'good'
  /** No frame before it tells what the mark is. */
  | 'unproven'
  /** A good frame of an earlier link. */
  | 'stale'
  | 'bad';

/** Opens of candidates that came to nothing, and links that ended: so many are remembered. */
const rememberedMax = 8;

export class MarkJudge {
  #current: number | undefined;
  /** Marks of links that opens have named and that have sent nothing yet. */
  #announced: number[] = [];
  #earlier: number[] = [];
  /** The mark of the frame before, when it was not good. */
  #before: number | undefined;

  /** An open has named both ids of a link: its frames may come. */
  announce(mark: number): void {
    if (mark === this.#current || this.#announced.includes(mark) || this.#earlier.includes(mark)) return;
    this.#announced = [...this.#announced, mark].slice(-rememberedMax);
  }

  /** Judges a frame that is no open by the mark that it was made with. */
  judge(mark: number): Verdict {
    const before = this.#before;
    this.#before = undefined;
    if (mark === this.#current) return 'good';
    if (this.#earlier.includes(mark)) return 'stale';
    if (this.#announced.includes(mark) || mark === before) {
      this.#begin(mark);
      return 'good';
    }
    this.#before = mark;
    return this.#current === undefined && this.#announced.length === 0 ? 'unproven' : 'bad';
  }

  #begin(mark: number): void {
    if (this.#current !== undefined) this.#earlier = [...this.#earlier, this.#current].slice(-rememberedMax);
    this.#announced = this.#announced.filter((each) => each !== mark);
    this.#current = mark;
  }
}
