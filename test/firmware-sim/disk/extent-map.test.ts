import { expect } from 'chai';
import { clip, type Extent, ExtentMap } from '../../../firmware-sim/disk/extent-map.js';

/** Sectors full of a letter each. */
function extent(first: number, letters: string): Extent {
  const data = Buffer.concat(Array.from(letters, (letter) => Buffer.alloc(512, letter)));
  return { first, sectors: letters.length, data };
}
const zeros = (first: number, sectors: number): Extent => ({ first, sectors, data: undefined });

/** Extents as words: where they begin, and their letters; dots stand for zeros. */
function words(extents: readonly Extent[]): string[] {
  return extents.map(({ first, sectors, data }) => {
    if (data === undefined) return `${first} ${'.'.repeat(sectors)}`;
    const letters = Array.from({ length: data.length / 512 }, (_, sector) =>
      String.fromCharCode(data[sector * 512] ?? 0),
    );
    return `${first} ${letters.join('')}`;
  });
}

function mapOf(...extents: readonly Extent[]): ExtentMap {
  const map = new ExtentMap();
  for (const each of extents) map.set(each);
  return map;
}

describe('a map of extents', () => {
  it('lets a later write replace what it covers, and leaves the rest on either side', () => {
    const map = mapOf(extent(10, 'abcdef'), extent(20, 'ghi'), extent(12, 'XY'));
    expect([words(map.extents), map.dataBytes]).to.deep.equal([['10 ab', '12 XY', '14 ef', '20 ghi'], 9 * 512]);
    map.set(extent(15, 'PQRSTU'));
    expect([words(map.extents), map.dataBytes]).to.deep.equal([
      ['10 ab', '12 XY', '14 e', '15 PQRSTU', '21 hi'],
      13 * 512,
    ]);
    map.set(zeros(11, 5));
    expect([words(map.extents), map.dataBytes]).to.deep.equal([['10 a', '11 .....', '16 QRSTU', '21 hi'], 8 * 512]);
  });

  it('counts no data off that lies behind what is replaced', () => {
    const map = mapOf(extent(10, 'ab'), extent(14, 'cdefgh'), extent(20, 'ij'), extent(10, 'XY'));
    expect([words(map.extents), map.dataBytes]).to.deep.equal([['10 XY', '14 cdefgh', '20 ij'], 10 * 512]);
    map.set(zeros(12, 2));
    expect([words(map.extents), map.dataBytes]).to.deep.equal([['10 XY', '12 ..', '14 cdefgh', '20 ij'], 10 * 512]);
  });

  it('holds no extent without a sector', () => {
    const map = mapOf(extent(10, 'ab'), extent(11, ''), extent(30, ''));
    expect(words(map.extents)).to.deep.equal(['10 ab']);
  });

  it('takes a range out, and gives it clipped and in order', () => {
    const map = mapOf(extent(10, 'abcd'), zeros(14, 3), extent(20, 'efg'));
    expect(words(map.extract(12, 9))).to.deep.equal(['12 cd', '14 ...', '20 e']);
    expect([words(map.extents), map.dataBytes]).to.deep.equal([['10 ab', '21 fg'], 4 * 512]);
    expect(words(map.extract(12, 9))).to.deep.equal([]);
    expect(words(map.extents)).to.deep.equal(['10 ab', '21 fg']);
  });

  it('gives what is within a range, clipped, and nothing that only touches it', () => {
    const map = mapOf(extent(10, 'abcd'), extent(14, 'ef'), zeros(20, 4));
    expect(words(map.within(11, 3))).to.deep.equal(['11 bcd']);
    expect(words(map.within(13, 9))).to.deep.equal(['13 d', '14 ef', '20 ..']);
    expect([words(map.within(16, 4)), words(map.within(24, 10)), words(map.within(0, 10))]).to.deep.equal([[], [], []]);
  });

  it('finds the extent that holds a sector, or the next', () => {
    const map = mapOf(extent(10, 'ab'), extent(14, 'cd'));
    expect([0, 11, 12, 15].map((sector) => map.at(sector)?.first)).to.deep.equal([10, 10, 14, 14]);
    expect(map.at(16)).to.equal(undefined);
  });
});

describe('a clipped extent', () => {
  it('is the extent itself where nothing is cut off', () => {
    const whole = extent(10, 'abc');
    expect(clip(whole, 0, 20)).to.equal(whole);
    expect(clip(whole, 10, 13)).to.equal(whole);
  });

  it('is a view of its data, cut at either end', () => {
    const whole = extent(10, 'abcdef');
    expect(words([clip(whole, 12, 14), clip(whole, 0, 11), clip(whole, 15, 99)])).to.deep.equal([
      '12 cd',
      '10 a',
      '15 f',
    ]);
    expect(clip(whole, 12, 14).data?.buffer).to.equal(whole.data?.buffer);
    expect(clip(zeros(10, 6), 12, 14)).to.deep.equal(zeros(12, 2));
  });
});
