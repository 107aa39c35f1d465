import { createHash } from 'node:crypto';
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
const pages = fc.constantFrom({}, { pageBytes: 4096 });
const stepOf = ({ offset, length, fill }: { offset: number; length: number; fill: number }) =>
  fill === 0 ? punch(offset, length) : write(offset, Buffer.alloc(length, fill));

describe('the durable store in memory', () => {
  it('is a plain array, and a clone stays as it was whatever happens to the other', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 12 }),
        fc.array(step, { maxLength: 12 }),
        pages,
        (before, after, options) => {
          const [store, array] = [new MemoryStore(options), Buffer.alloc(sizeBytes)];
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
        },
      ),
      { numRuns: 100 },
    );
  });

  it('has the fingerprint of its contents, through clones and whatever was asked before', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(step, fc.boolean()), { maxLength: 12 }), pages, (steps, options) => {
        let store = new MemoryStore(options);
        const seen = new Map<string, string>();
        for (const [each, clones] of steps) {
          const original = store;
          const before = original.fingerprint();
          if (clones) store = store.clone();
          store.apply(stepOf(each));
          if (clones) expect(original.fingerprint()).to.equal(before);
          const bytes = contents(store);
          const fresh = new MemoryStore(options);
          fresh.apply(write(0, bytes));
          expect(store.fingerprint()).to.equal(fresh.fingerprint());
          const digest = createHash('sha256').update(bytes).digest('hex');
          expect(seen.get(store.fingerprint()) ?? digest).to.equal(digest);
          seen.set(store.fingerprint(), digest);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('tells the same contents in other places apart', () => {
    const places = [0, 1, 2, 3].map((page) => {
      const store = new MemoryStore();
      store.apply(write(page * 65536, Buffer.alloc(65536, 1)));
      store.apply(write((7 - page) * 65536, Buffer.alloc(65536, 2)));
      return store.fingerprint();
    });
    expect(new Set(places).size).to.equal(4);
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

  it('stays as it was when the clone changes first', () => {
    const store = new MemoryStore();
    store.apply(write(0, Buffer.alloc(100, 1)));
    const clone = store.clone();
    clone.apply(write(65536, Buffer.alloc(65536, 2)));
    clone.apply(write(0, Buffer.alloc(100, 3)));
    expect([store.allocatedBytes, contents(store)[0], contents(store)[65536]]).to.deep.equal([65536, 1, 0]);
    expect([contents(clone)[0], contents(clone)[65536]]).to.deep.equal([3, 2]);
  });

  it('reads from anywhere as from a plain array', () => {
    const store = new MemoryStore({ pageBytes: 4096 });
    const array = Buffer.alloc(8 * 4096);
    for (const page of [1, 2, 5]) {
      const data = Buffer.from(Array.from({ length: 4096 }, (_, at) => (at + page) % 251));
      data.copy(array, page * 4096);
      store.apply(write(page * 4096, data));
    }
    for (const [offset, length] of [
      [4096, 8192],
      [5000, 100],
      [5000, 9000],
      [3000, 20_000],
      [0, 512],
      [13_000, 512],
      [21_000, 11_768],
      [20_480, 4096],
    ] as const) {
      const into = Buffer.alloc(length, 0xaa);
      store.read(offset, into);
      expect(into.equals(array.subarray(offset, offset + length)), `${offset}+${length}`).to.equal(true);
    }
  });

  it('has a fingerprint of 16 digits, also when it is empty', () => {
    expect(new MemoryStore().fingerprint()).to.equal('0'.repeat(16));
  });

  it('keeps what lies beside a hole in a page', () => {
    const store = new MemoryStore();
    store.apply(write(0, Buffer.alloc(1000, 1)));
    store.apply(punch(100, 65536 - 200));
    expect(contents(store).subarray(0, 101)).to.deep.equal(Buffer.concat([Buffer.alloc(100, 1), Buffer.alloc(1)]));
    expect(store.allocatedBytes).to.equal(65536);
  });

  it('hands out a page that it was given as a whole, and parts of it, as they are', () => {
    const store = new MemoryStore();
    const page = Buffer.from(Array.from({ length: 65536 }, (_, at) => at % 251));
    store.apply(write(2 * 65536, page));
    expect(store.view(2 * 65536, 65536)).to.equal(page);
    const part = store.view(2 * 65536 + 1000, 64536);
    expect(part).to.deep.equal(page.subarray(1000));
    expect(part?.buffer).to.equal(page.buffer);
  });

  it('hands out nothing that may change, lies in two pages, or is not there', () => {
    const store = new MemoryStore();
    store.apply(write(0, Buffer.alloc(65536, 1)));
    store.apply(write(65536, Buffer.alloc(65536, 2)));
    store.apply(write(2 * 65536, Buffer.alloc(512, 3)));
    expect(store.view(65536 - 512, 1024), 'in two pages').to.equal(undefined);
    expect(store.view(2 * 65536, 512), 'of a page that is written in place').to.equal(undefined);
    expect(store.view(3 * 65536, 512), 'of no page').to.equal(undefined);
    store.apply(write(0, Buffer.alloc(512, 4)));
    expect(store.view(0, 512), 'of a page written in place since').to.equal(undefined);
  });
});
