import { expect } from 'chai';
import fc from 'fast-check';
import { BlockSet } from '../../../firmware-sim/storage/block-set.js';

/** Runs of blocks near the borders of words and chunks, and far apart. */
const first = fc.oneof(
  fc.nat(140),
  fc.integer({ min: 4080, max: 4110 }),
  fc.integer({ min: 2 ** 40, max: 2 ** 40 + 50 }),
);
const change = fc.record({
  add: fc.boolean(),
  first,
  count: fc.oneof(fc.nat(70), fc.integer({ min: 4000, max: 4200 })),
});
const changes = fc.array(change, { maxLength: 12 });

function bothOf(steps: readonly { readonly add: boolean; readonly first: number; readonly count: number }[]) {
  const set = new BlockSet();
  const plain = new Set<number>();
  for (const { add, first, count } of steps) {
    const before = plain.size;
    for (let block = first; block < first + count; block += 1) {
      if (add) plain.add(block);
      else plain.delete(block);
    }
    const changed = add ? set.add(first, count) : set.delete(first, count);
    expect(changed).to.equal(Math.abs(plain.size - before));
  }
  return { set, plain, sorted: [...plain].sort((a, b) => a - b) };
}

describe('a sparse set of blocks', () => {
  it('holds what a plain set holds, in ascending order', () => {
    fc.assert(
      fc.property(changes, (steps) => {
        const { set, plain, sorted } = bothOf(steps);
        expect(set.size).to.equal(plain.size);
        expect([...set]).to.deep.equal(sorted);
        for (const { first, count } of steps)
          for (const block of [first - 1, first, first + count - 1, first + count])
            if (block >= 0) expect(set.has(block)).to.equal(plain.has(block));
      }),
      { numRuns: 60 },
    );
  });

  it('finds runs, lengths and gaps as a walk through a plain set does', () => {
    fc.assert(
      fc.property(changes, first, fc.integer({ min: 1, max: 100 }), (steps, from, countMax) => {
        const { set, plain, sorted } = bothOf(steps);
        const next = sorted.find((block) => block >= from);
        let length = 0;
        if (next !== undefined) while (length < countMax && plain.has(next + length)) length += 1;
        expect(set.nextRun(from, countMax)).to.deep.equal(
          next === undefined ? undefined : { first: next, count: length },
        );
        if (next !== undefined) {
          expect(set.nextRun(from, countMax, next)).to.equal(undefined);
          const half = Math.ceil(length / 2);
          expect(set.nextRun(from, countMax, next + half)).to.deep.equal({ first: next, count: half });
        }
        let here = 0;
        while (here < countMax && plain.has(from + here)) here += 1;
        expect(set.runLengthAt(from, countMax)).to.equal(here);
        let gap = 0;
        while (gap < countMax && !plain.has(from + gap)) gap += 1;
        expect(set.gapLengthAt(from, countMax)).to.equal(gap);
      }),
      { numRuns: 60 },
    );
  });

  it('has copies that go their own way, and takes in another set', () => {
    fc.assert(
      fc.property(changes, changes, (steps, others) => {
        const { set, sorted } = bothOf(steps);
        const other = bothOf(others);
        const copy = set.clone();
        copy.addAll(other.set);
        expect([...set]).to.deep.equal(sorted);
        const union = new Set([...sorted, ...other.sorted]);
        expect(copy.size).to.equal(union.size);
        expect([...copy]).to.deep.equal([...union].sort((a, b) => a - b));
      }),
      { numRuns: 40 },
    );
  });

  it('cuts a run at the length asked for behind the border of a chunk, too', () => {
    const set = new BlockSet();
    set.add(4080, 100);
    expect(set.runLengthAt(4090, 10)).to.equal(10);
    expect(set.nextRun(4090, 7)).to.deep.equal({ first: 4090, count: 7 });
  });

  it('cuts its runs at the length asked for, and passes a range of a tebibyte without a loop over it', () => {
    const set = new BlockSet();
    set.add(10, 20);
    set.add(2 ** 28, 3);
    expect([...set.runs(8)].map(({ first, count }) => [first, count])).to.deep.equal([
      [10, 8],
      [18, 8],
      [26, 4],
      [2 ** 28, 3],
    ]);
    expect(set.gapLengthAt(30, 2 ** 40)).to.equal(2 ** 28 - 30);
  });
});
