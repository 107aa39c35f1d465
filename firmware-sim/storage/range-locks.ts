/**
 * Who works on which blocks: host reads share a range, host writes and drains have it alone. First come, first
 * served among those that overlap, so that nobody starves. The holder is whatever the caller uses to find its
 * operation again.
 */
import { assert } from '../../protocol/ids.js';

interface Claim<Holder> {
  readonly holder: Holder;
  readonly volume: number;
  readonly first: number;
  readonly end: number;
  readonly shared: boolean;
  granted: boolean;
}

export interface LockRange {
  readonly volume: number;
  readonly first: number;
  readonly count: number;
  readonly shared: boolean;
}

export class RangeLocks<Holder> {
  readonly #claims: Claim<Holder>[] = [];

  /** Who holds a range or waits for one, in the order they came. */
  get claimants(): Holder[] {
    return this.#claims.map(({ holder }) => holder);
  }

  /** Claims a range; true when it is held at once, else `release` will name the holder when its turn comes. */
  claim(holder: Holder, { volume, first, count, shared }: LockRange): boolean {
    const claim = { holder, volume, first, end: first + count, shared, granted: false };
    claim.granted = !this.#claims.some((other) => conflict(other, claim));
    this.#claims.push(claim);
    return claim.granted;
  }

  /** Whether a claim for this range would be held at once. */
  isFree({ volume, first, count, shared }: LockRange): boolean {
    return !this.#claims.some((other) => conflict(other, { volume, first, end: first + count, shared }));
  }

  /** Gives the range back; returns the holders whose turn it now is, in the order they came. */
  release(holder: Holder): Holder[] {
    const index = this.#claims.findIndex((each) => each.holder === holder);
    assert(index >= 0, 'released a range that was not claimed');
    this.#claims.splice(index, 1);
    const next = this.#claims.filter((each, at) => !each.granted && !this.#blocked(each, at));
    for (const each of next) each.granted = true;
    return next.map((each) => each.holder);
  }

  #blocked(claim: Claim<Holder>, index: number): boolean {
    return this.#claims.slice(0, index).some((other) => conflict(other, claim));
  }
}

type Span = Pick<Claim<unknown>, 'volume' | 'first' | 'end' | 'shared'>;

function conflict(a: Span, b: Span): boolean {
  return a.volume === b.volume && a.first < b.end && b.first < a.end && !(a.shared && b.shared);
}
