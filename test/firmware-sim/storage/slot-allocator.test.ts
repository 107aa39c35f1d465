import { expect } from 'chai';
import fc from 'fast-check';
import { SlotAllocator } from '../../../firmware-sim/storage/slot-allocator.js';

describe('the allocator of slots', () => {
  it('hands out free slots only, all of them before it says that none is left', () => {
    const step = fc.record({ take: fc.integer({ min: 1, max: 20 }), release: fc.boolean() });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 70 }), fc.array(step, { maxLength: 60 }), (total, steps) => {
        const allocator = new SlotAllocator(total);
        const used = new Set<number>();
        const held: { first: number; count: number }[] = [];
        for (const { take, release } of steps) {
          const given = release ? held.shift() : undefined;
          if (given !== undefined) {
            allocator.release(given.first, given.count);
            for (let slot = given.first; slot < given.first + given.count; slot += 1) used.delete(slot);
          }
          const run = allocator.take(take);
          if (run === undefined) expect(used.size).to.equal(total);
          else {
            expect(run.count).to.be.within(1, take);
            for (let slot = run.first; slot < run.first + run.count; slot += 1) {
              expect(slot).to.be.within(0, total - 1);
              expect(used.has(slot), `slot ${slot} was free`).to.equal(false);
              used.add(slot);
            }
            held.push(run);
          }
          expect(allocator.free).to.equal(total - used.size);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('goes round, so that a slot just given back is not the next to be written', () => {
    const allocator = new SlotAllocator(8);
    const first = allocator.take(2);
    allocator.release(0, 2);
    expect(first).to.deep.equal({ first: 0, count: 2 });
    expect(allocator.take(2)).to.deep.equal({ first: 2, count: 2 });
  });

  it('passes over what is in use where it stands, and begins again at the front when there is none behind', () => {
    const allocator = new SlotAllocator(8);
    allocator.occupy(2, 2);
    expect(allocator.take(2)).to.deep.equal({ first: 0, count: 2 });
    expect(allocator.take(2)).to.deep.equal({ first: 4, count: 2 });
    allocator.occupy(6, 2);
    allocator.release(1, 1);
    expect(allocator.take(5)).to.deep.equal({ first: 1, count: 1 });
  });

  it('says which slots are there and not in use', () => {
    const allocator = new SlotAllocator(8);
    allocator.occupy(2, 2);
    const free = [
      [0, 2],
      [4, 4],
      [7, 1],
      [5, 0],
    ] as const;
    const taken = [
      [0, 3],
      [2, 1],
      [3, 2],
      [4, 5],
      [8, 1],
    ] as const;
    for (const [first, count] of free) expect(allocator.isFree(first, count), `${first}+${count}`).to.equal(true);
    for (const [first, count] of taken) expect(allocator.isFree(first, count), `${first}+${count}`).to.equal(false);
  });

  it('stops when maps refer to a slot twice, or a free one is given back', () => {
    const allocator = new SlotAllocator(8);
    allocator.occupy(2, 3);
    expect(() => allocator.occupy(4, 1)).to.throw('referred to twice');
    expect(() => allocator.release(0, 1)).to.throw('not all in use');
  });
});
