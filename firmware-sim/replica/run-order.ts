/**
 * The order of runs on their way into staging: those that wait, for room or for others, as they have arrived, and those that are under
 * way until they are recorded. Of two contents of a block the later one has to stay: who shares a block with one under way waits.
 */
import type { MessageNamed } from '../../protocol/message/messages.js';
import type { ArrivedRun } from './stage-run.js';

/** What came with its content, and what is to be looked for in the image. */
export type WaitingRun = ArrivedRun | MessageNamed<'heldRun'>;

/** Blocks of a volume. */
type Place = Pick<ArrivedRun, 'volume' | 'first' | 'count'>;

export class RunOrder {
  #waiting: WaitingRun[] = [];
  readonly #underWay = new Set<Place>();

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** The one that has waited longest. */
  get next(): WaitingRun | undefined {
    return this.#waiting[0];
  }

  /** Waits behind all that wait. */
  add(run: WaitingRun): void {
    this.#waiting.push(run);
  }

  /** Waits before those of its blocks that wait: they have arrived after it. */
  addBack(run: WaitingRun): void {
    const place = this.#waiting.findIndex((each) => overlaps(each, run));
    this.#waiting.splice(place === -1 ? this.#waiting.length : place, 0, run);
  }

  /** The one that has waited longest waits no more. */
  shift(): void {
    this.#waiting.shift();
  }

  /** Nothing that waits is wanted any more; what is under way comes to its end. */
  forget(): void {
    this.#waiting = [];
  }

  begin(run: Place): void {
    this.#underWay.add(run);
  }

  end(run: Place): void {
    this.#underWay.delete(run);
  }

  /** Whether any of these blocks is in a run that is under way. */
  isBusy(blocks: Place): boolean {
    for (const each of this.#underWay) if (overlaps(each, blocks)) return true;
    return false;
  }

  /** Whether any of these blocks is in a run that is under way, or waits. */
  isAwaited(blocks: Place): boolean {
    return this.isBusy(blocks) || this.#waiting.some((each) => overlaps(each, blocks));
  }
}

const overlaps = (one: Place, other: Place): boolean =>
  one.volume === other.volume && one.first < other.first + other.count && other.first < one.first + one.count;
