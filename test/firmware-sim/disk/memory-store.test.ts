import { expect } from 'chai';
import fc from 'fast-check';
import { MemoryStore } from '../../../firmware-sim/disk/memory-store.js';
import type { DurableStep } from '../../../firmware-sim/disk/store.js';

const sizeBytes = 5 * 65536;
const write = (offset: number, data: Uint8Array): DurableStep => ({ writes: [{ offset, data }], punches: [] });
const punch = (offset: number, length: number): DurableStep => ({ writes: [], punches: [{ offset, length }] });

function contents(store: MemoryStore): Buffer {
  const into = Buffer.alloc(sizeBytes, 0xaa);
  store.read(0, into);
  return into;
}

const step = fc.oneof(
  fc
    .tuple(fc.nat(sizeBytes - 1), fc.integer({ min: 1, max: 140_000 }), fc.integer({ min: 1, max: 255 }))
    .map(([offset, length, fill]) => ({ offset, length: Math.min(length, sizeBytes - offset), fill })),
  fc
    .tuple(fc.nat(4), fc.integer({ min: 1, max: 255 }))
    .map(([page, fill]) => ({ offset: page * 65536, length: 65536, fill })),
  fc
    .tuple(fc.nat(sizeBytes - 1), fc.integer({ min: 1, max: sizeBytes }))
    .map(([offset, length]) => ({ offset, length: Math.min(length, sizeBytes - offset), fill: 0 })),
);
const stepOf = ({ offset, length, fill }: { offset: number; length: number; fill: number }) =>
  fill === 0 ? punch(offset, length) : write(offset, Buffer.alloc(length, fill));

describe('the durable store in memory', () => {
  it('is a plain array, and a clone stays as it was whatever happens to the other', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), fc.array(step, { maxLength: 12 }), (before, after) => {
        const [store, array] = [new MemoryStore(), Buffer.alloc(sizeBytes)];
        const run = (each: { offset: number; length: number; fill: number }, on: MemoryStore) => {
          on.apply(stepOf(each));
          array.fill(each.fill, each.offset, each.offset + each.length);
        };
        for (const each of before) run(each, store);
        const atClone = Buffer.from(array);
        const clone = store.clone();
        for (const each of after) run(each, store);
        expect(contents(store).equals(array)).to.equal(true);
        expect(contents(clone).equals(atClone)).to.equal(true);
        array.set(atClone);
        for (const each of after) run(each, clone);
        expect(contents(clone).equals(array)).to.equal(true);
        expect(contents(store).equals(array)).to.equal(true);
      }),
      { numRuns: 100 },
    );
  });

  it('costs what is written, at the end of a terabyte too, and gives it back when it is punched', () => {
    const store = new MemoryStore();
    const offset = 2 ** 40 - 512;
    store.apply(write(offset, Buffer.alloc(512, 1)));
    store.apply(write(0, Buffer.alloc(512, 1)));
    expect(store.allocatedBytes).to.equal(2 * 65536);
    expect(store.allocated(0, 2 ** 40, 10)).to.deep.equal([
      { offset: 0, length: 65536 },
      { offset: 2 ** 40 - 65536, length: 65536 },
    ]);
    expect(store.allocated(512, 1024, 10)).to.deep.equal([{ offset: 512, length: 1024 }]);
    expect(store.allocated(0, 2 ** 40, 1)).to.have.length(1);
    store.apply(punch(0, 2 ** 40));
    expect(store.allocatedBytes).to.equal(0);
    expect(store.allocated(0, 2 ** 40, 10)).to.deep.equal([]);
  });

  it('joins neighbouring pages to one run', () => {
    const store = new MemoryStore();
    store.apply(write(3 * 65536, Buffer.alloc(65536, 1)));
    store.apply(write(2 * 65536 + 5, Buffer.alloc(5, 1)));
    expect(store.allocated(0, 2 ** 40, 10)).to.deep.equal([{ offset: 2 * 65536, length: 2 * 65536 }]);
    expect(store.allocated(0, 3 * 65536 + 7, 10)).to.deep.equal([{ offset: 2 * 65536, length: 65536 + 7 }]);
  });

  it('never changes bytes that were handed to it', () => {
    const store = new MemoryStore();
    const data = Buffer.alloc(65536, 1);
    store.apply(write(0, data));
    store.apply(write(10, Buffer.alloc(10, 2)));
    store.apply(punch(100, 10));
    expect(data.equals(Buffer.alloc(65536, 1))).to.equal(true);
  });
});
