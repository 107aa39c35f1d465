import { expect } from 'chai';
import fc from 'fast-check';
import { type LockRange, RangeLocks } from '../../../firmware-sim/storage/range-locks.js';

const claim = fc.record({
  volume: fc.nat(1),
  first: fc.nat(12),
  count: fc.integer({ min: 1, max: 6 }),
  shared: fc.boolean(),
});

const conflict = (a: LockRange, b: LockRange) =>
  a.volume === b.volume && a.first < b.first + b.count && b.first < a.first + a.count && !(a.shared && b.shared);

describe('locks of block ranges', () => {
  it('are never held by two that exclude each other, and all get their turn as soon as none before them is in the way', () => {
    fc.assert(
      fc.property(fc.array(claim, { maxLength: 24 }), fc.infiniteStream(fc.nat(100)), (claims, choices) => {
        const locks = new RangeLocks<number>();
        const held = new Set<number>();
        const waiting = new Set<number>();
        const range = (holder: number): LockRange => {
          const found = claims[holder];
          if (found === undefined) throw new Error(`no claim ${holder}`);
          return found;
        };
        /** Whether it excludes none that holds, or came before and waits. */
        const itsTurn = (holder: number) =>
          ![...held, ...waiting].some((other) => other < holder && conflict(range(holder), range(other)));
        const grant = (holder: number) => {
          for (const other of held) expect(conflict(range(holder), range(other))).to.equal(false);
          waiting.delete(holder);
          held.add(holder);
        };
        const release = () => {
          const all = [...held];
          const holder = all[(choices.next().value ?? 0) % all.length];
          if (holder === undefined) return;
          held.delete(holder);
          const next = [...waiting].filter(itsTurn);
          expect(locks.release(holder)).to.deep.equal(next);
          for (const each of next) grant(each);
        };
        for (const [holder, each] of claims.entries()) {
          const free = locks.isFree(each);
          waiting.add(holder);
          expect(free).to.equal(itsTurn(holder));
          const granted = locks.claim(holder, each);
          expect(granted).to.equal(free);
          if (granted) grant(holder);
          if ((choices.next().value ?? 0) % 3 === 0) release();
        }
        while (held.size > 0) release();
        expect(waiting.size, 'claims that never got their turn').to.equal(0);
      }),
      { numRuns: 150 },
    );
  });

  it('stop when somebody gives back what he does not have', () => {
    expect(() => new RangeLocks<string>().release('nobody')).to.throw('not claimed');
  });
});
