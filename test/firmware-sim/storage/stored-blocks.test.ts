import { expect } from 'chai';
import fc from 'fast-check';
import { StoredBlocks, type StoredRun, zeroSlot } from '../../../firmware-sim/storage/stored-blocks.js';

const step = fc.record({
  set: fc.boolean(),
  first: fc.oneof(fc.nat(140), fc.integer({ min: 2 ** 33, max: 2 ** 33 + 80 })),
  count: fc.integer({ min: 1, max: 80 }),
  slot: fc.oneof(fc.nat(100), fc.constant(zeroSlot)),
});

const digestOf = (seed: number, index: number) => Buffer.alloc(16, `${seed}/${index} `);

function digestsOf(seed: number, count: number): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, index) => digestOf(seed, index)));
}

interface Place {
  readonly slot: number;
  readonly digest: string;
}

function bothOf(steps: readonly { set: boolean; first: number; count: number; slot: number }[]) {
  const map = new StoredBlocks();
  const plain = new Map<number, Place>();
  for (const [seed, { set, first, count, slot }] of steps.entries()) {
    if (set) map.set(first, count, slot, digestsOf(seed, count));
    else map.delete(first, count);
    for (let index = 0; index < count; index += 1) {
      const place = { slot: slot === zeroSlot ? zeroSlot : slot + index, digest: digestOf(seed, index).toString() };
      if (set) plain.set(first + index, place);
      else plain.delete(first + index);
    }
  }
  return { map, plain };
}

function contentsOf(
  map: Pick<StoredBlocks, 'runs'> | { runs(): Iterable<StoredRun> },
  countMax?: number,
): [number, Place][] {
  return [...map.runs(countMax)].flatMap(({ first, count, slot, digests }) =>
    Array.from({ length: count }, (_, index): [number, Place] => {
      const digest = Buffer.from(digests.subarray(index * 16, (index + 1) * 16)).toString();
      return [first + index, { slot: slot === zeroSlot ? zeroSlot : slot + index, digest }];
    }),
  );
}

describe('a map of stored blocks', () => {
  it('gives block, slot and digest back as a plain map does, in runs of contiguous slots', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 10 }), fc.integer({ min: 1, max: 64 }), (steps, countMax) => {
        const { map, plain } = bothOf(steps);
        const sorted = [...plain].sort(([a], [b]) => a - b);
        expect(map.size).to.equal(plain.size);
        expect(contentsOf(map)).to.deep.equal(sorted);
        expect(contentsOf(map, countMax)).to.deep.equal(sorted);
        for (const [block, { slot, digest }] of sorted) {
          expect(map.slotOf(block)).to.equal(slot);
          expect(Buffer.from(map.digestOf(block) ?? []).toString()).to.equal(digest);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('finds the next run from any block on', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), fc.nat(200), (steps, from) => {
        const { map, plain } = bothOf(steps);
        const next = [...plain.keys()].filter((block) => block >= from).sort((a, b) => a - b)[0];
        const run = map.nextRun(from, 1);
        expect(run?.first).to.equal(next);
        if (next !== undefined) expect(run?.slot).to.equal(plain.get(next)?.slot);
      }),
      { numRuns: 60 },
    );
  });

  it('has no slot and no digest for a block that is not in it', () => {
    const { map } = bothOf([{ set: true, first: 60, count: 2, slot: 5 }]);
    for (const block of [0, 59, 62, 2 ** 33]) {
      expect([map.has(block), map.slotOf(block), map.digestOf(block)]).to.deep.equal([false, undefined, undefined]);
    }
  });

  it('makes its runs as long as slots are contiguous, or all of them zeros, within 64 blocks', () => {
    const { map } = bothOf([
      { set: true, first: 2, count: 5, slot: 10 },
      { set: true, first: 7, count: 2, slot: 16 },
      { set: true, first: 9, count: 4, slot: zeroSlot },
      { set: true, first: 60, count: 8, slot: 30 },
    ]);
    const runsOf = (countMax?: number) => [...map.runs(countMax)].map(({ first, count, slot }) => [first, count, slot]);
    expect(runsOf()).to.deep.equal([
      [2, 5, 10],
      [7, 2, 16],
      [9, 4, zeroSlot],
      [60, 4, 30],
      [64, 4, 34],
    ]);
    expect(runsOf(3).slice(0, 3)).to.deep.equal([
      [2, 3, 10],
      [5, 2, 13],
      [7, 2, 16],
    ]);
    expect(map.nextRun(4, 2)).to.deep.include({ first: 4, count: 2, slot: 12 });
  });

  it('gives what a range holds, cut at its ends', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), fc.nat(150), fc.nat(100), (steps, first, count) => {
        const { map, plain } = bothOf(steps);
        const within = [...plain].filter(([block]) => block >= first && block < first + count);
        const runs = [...map.runsWithin(first, count)];
        expect(contentsOf({ runs: () => runs })).to.deep.equal(within.sort(([a], [b]) => a - b));
        for (const { count: length, digests } of runs) expect(digests).to.have.length(length * 16);
      }),
      { numRuns: 60 },
    );
    const { map } = bothOf([{ set: true, first: 20, count: 20, slot: 5 }]);
    const runs = [
      ...map.runsWithin(10, 15),
      ...map.runsWithin(30, 2),
      ...map.runsWithin(40, 9),
      ...map.runsWithin(10, 10),
    ];
    expect(runs.map(({ first, count, slot }) => [first, count, slot])).to.deep.equal([
      [20, 5, 5],
      [30, 2, 15],
    ]);
  });

  it('has copies that go their own way', () => {
    const { map } = bothOf([{ set: true, first: 60, count: 10, slot: 5 }]);
    const copy = map.clone();
    copy.set(60, 1, 5, digestOf(9, 9));
    expect(Buffer.from(map.digestOf(60) ?? [])).to.deep.equal(digestOf(0, 0));
    copy.delete(62, 3);
    copy.set(1, 1, 9, digestOf(1, 1));
    expect([map.size, copy.size]).to.deep.equal([10, 8]);
    expect([map.has(63), copy.has(63), map.has(1)]).to.deep.equal([true, false, false]);
  });
});
