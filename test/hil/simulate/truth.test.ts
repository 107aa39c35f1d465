/** What sectors may hold: which of it a write's end, or another write, rules out. */
import { expect } from 'chai';
import { contentOf, readSector, Truth, type Written } from '../../../hil/simulate/truth.js';

const write = (number: number, from: number, end: number): Written => ({ volume: 0, from, end, number });
const allowed = (truth: Truth, lba: number) => [0, 1, 2, 3].filter((number) => truth.allows(0, lba, number));

describe('the truth about a volume', () => {
  it('is zeros, then what a write has settled, and meanwhile either', () => {
    const truth = new Truth([4]);
    expect(allowed(truth, 1)).to.deep.equal([0]);
    truth.allow(write(1, 1, 3));
    expect([0, 1, 2, 3].map((lba) => allowed(truth, lba))).to.deep.equal([[0], [0, 1], [0, 1], [0]]);
    expect([...truth.open()].map(({ lba }) => lba)).to.deep.equal([1, 2]);
    truth.settle({ volume: 0, from: 1, end: 2 }, 1);
    expect([allowed(truth, 1), allowed(truth, 2)]).to.deep.equal([[1], [0, 1]]);
    expect([truth.describe(0, 1), truth.describe(0, 2)]).to.deep.equal(['write 1', 'zeros or write 1']);
  });

  it('knows two writes of zeros from each other: that one did not happen says nothing of the other', () => {
    const truth = new Truth([1]);
    truth.settle({ volume: 0, from: 0, end: 1 }, 2);
    const [first, second] = [write(0, 0, 1), write(0, 0, 1)];
    truth.allow(first);
    truth.allow(second);
    truth.allow(second);
    const copy = truth.clone();
    truth.forbid(second);
    expect([allowed(truth, 0), truth.describe(0, 0)]).to.deep.equal([[0, 2], 'write 2 or zeros']);
    truth.forbid(first);
    expect([allowed(truth, 0), truth.isOpen({ volume: 0, from: 0, end: 1 })]).to.deep.equal([[2], false]);
    expect(allowed(copy, 0), 'a copy goes its own way').to.deep.equal([0, 2]);
    expect(copy.key).not.to.equal(truth.key);
  });

  it('rules a write out of some of its sectors only', () => {
    const truth = new Truth([3]);
    const wide = write(3, 0, 3);
    truth.allow(wide);
    truth.forbid(wide, { volume: 0, from: 1, end: 2 });
    expect([0, 1, 2].map((lba) => allowed(truth, lba))).to.deep.equal([[0, 3], [0], [0, 3]]);
  });

  it('is anything once nobody knows', () => {
    const truth = new Truth([1]);
    truth.forget();
    expect(allowed(truth, 0)).to.deep.equal([0, 1, 2, 3]);
    expect(truth.clone().isOpen({ volume: 0, from: 0, end: 1 })).to.equal(true);
  });
});

describe('the content of a write', () => {
  it('says in every sector which write it is, and where it was meant to go', () => {
    const bytes = contentOf(7, { volume: 2, lba: 40, sectors: 2 });
    expect([readSector(bytes, 0), readSector(bytes, 512)]).to.deep.equal([
      { number: 7, volume: 2, lba: 40 },
      { number: 7, volume: 2, lba: 41 },
    ]);
    expect(readSector(contentOf(0, { volume: 2, lba: 40, sectors: 1 }), 0)).to.deep.equal({
      number: 0,
      volume: 0,
      lba: 0,
    });
  });

  it('is nobody’s with any byte of it changed', () => {
    for (const number of [0, 7]) {
      for (let at = 0; at < 512; at += 1) {
        const bytes = contentOf(number, { volume: 1, lba: 3, sectors: 1 });
        bytes[at] = (bytes[at] ?? 0) ^ 0x10;
        const found = readSector(bytes, 0);
        expect(found, `byte ${at} of write ${number}`).to.equal(undefined);
      }
    }
  });
});
