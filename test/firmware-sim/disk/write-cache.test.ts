import { expect } from 'chai';
import { MemoryStore } from '../../../firmware-sim/disk/memory-store.js';
import type { Store } from '../../../firmware-sim/disk/store.js';
import { WriteCache } from '../../../firmware-sim/disk/write-cache.js';

/** Sectors full of a letter each; a dot stands for zeros. */
function sectors(letters: string): Buffer {
  return Buffer.concat(Array.from(letters, (letter) => Buffer.alloc(512, letter === '.' ? 0 : letter)));
}

function letters(bytes: Uint8Array): string {
  const firsts = Array.from({ length: bytes.length / 512 }, (_, sector) => bytes[sector * 512] ?? 0);
  return firsts.map((byte) => (byte === 0 ? '.' : String.fromCharCode(byte))).join('');
}

/** A store with pages of eight sectors, of which the second holds these letters and is handed out as it is. */
function pageOf(text: string) {
  const store = new MemoryStore({ pageBytes: 4096 });
  const page = sectors(text);
  store.apply({ writes: [{ offset: 4096, data: page }], punches: [] });
  return { store, page, cache: new WriteCache(store) };
}

const wholeCache = [{ lba: 0, sectors: 1000 }];

describe('what a cache over a store reads', () => {
  it('is the store’s own bytes where nothing lies over them', () => {
    const { page, cache } = pageOf('abcdefgh');
    expect(cache.read(8, 8)).to.equal(page);
    const part = cache.read(10, 3);
    expect([letters(part), part.buffer === page.buffer]).to.deep.equal(['cde', true]);
    expect(letters(cache.read(6, 4))).to.equal('..ab');
  });

  it('is the newest where something lies over it, in either layer', () => {
    const { cache, page } = pageOf('abcdefgh');
    cache.write({ first: 9, sectors: 2, data: sectors('XY') });
    expect(letters(cache.read(8, 4))).to.equal('aXYd');
    expect(cache.beginStep(wholeCache)?.writes).to.have.length(1);
    expect(letters(cache.read(8, 4)), 'on its way to the store').to.equal('aXYd');
    cache.write({ first: 10, sectors: 1, data: undefined });
    expect(letters(cache.read(8, 4)), 'written over it').to.equal('aX.d');
    expect(letters(page), 'the store’s bytes').to.equal('abcdefgh');
  });

  it('asks nothing of the store that lies in the cache as a whole', () => {
    const store: Store = {
      read: () => {
        throw new Error('the store was read');
      },
      allocated: () => [],
    };
    const cache = new WriteCache(store);
    cache.write({ first: 4, sectors: 2, data: sectors('ab') });
    cache.write({ first: 6, sectors: 2, data: sectors('cd') });
    expect(letters(cache.read(5, 3))).to.equal('bcd');
    expect(() => cache.read(5, 4)).to.throw('the store was read');
  });

  it('is copied from a store that cannot hand its bytes out', () => {
    const cache = new WriteCache({ read: (_offset, into) => into.fill('r'), allocated: () => [] });
    expect(letters(cache.read(0, 2))).to.equal('rr');
  });
});

describe('a durable step of a cache', () => {
  it('is one at a time', () => {
    const cache = new WriteCache(new MemoryStore());
    cache.write({ first: 0, sectors: 1, data: sectors('a') });
    cache.beginStep(wholeCache);
    expect(() => cache.beginStep(wholeCache)).to.throw('one durable step at a time');
    cache.endStep();
    expect(cache.beginStep(wholeCache)).to.equal(undefined);
  });

  it('writes data and punches holes, each in its place', () => {
    const cache = new WriteCache(new MemoryStore());
    const data = sectors('ab');
    cache.write({ first: 3, sectors: 2, data });
    cache.write({ first: 7, sectors: 4, data: undefined });
    expect(cache.beginStep(wholeCache)).to.deep.equal({
      writes: [{ offset: 3 * 512, data }],
      punches: [{ offset: 7 * 512, length: 4 * 512 }],
    });
  });
});

describe('what a cache tells of mapped and deallocated sectors', () => {
  it('joins neighbours of one status, wherever they lie', () => {
    const { cache } = pageOf('abcdefgh');
    cache.write({ first: 4, sectors: 4, data: sectors('wxyz') });
    cache.write({ first: 16, sectors: 2, data: sectors('uv') });
    cache.write({ first: 20, sectors: 5, data: undefined });
    expect(cache.provisioning({ lba: 0, sectors: 40 }, 10)).to.deep.equal([
      { lba: 0, sectors: 4, status: 'deallocated' },
      { lba: 4, sectors: 14, status: 'mapped' },
      { lba: 18, sectors: 22, status: 'deallocated' },
    ]);
  });

  it('tells no more runs than it may, and of no sector past the range', () => {
    const { cache } = pageOf('abcdefgh');
    expect(cache.provisioning({ lba: 0, sectors: 40 }, 2)).to.deep.equal([
      { lba: 0, sectors: 8, status: 'deallocated' },
      { lba: 8, sectors: 8, status: 'mapped' },
    ]);
    expect(cache.provisioning({ lba: 10, sectors: 2 }, 9)).to.deep.equal([{ lba: 10, sectors: 2, status: 'mapped' }]);
  });
});
