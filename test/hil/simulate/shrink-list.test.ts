import { expect } from 'chai';
import * as fc from 'fast-check';
import { shrinkList } from '../../../hil/simulate/shrink-list.js';

/** Shrinks 0 … `count` − 1, of which these are needed together. */
function shrunk(count: number, needed: readonly number[], tried: number[][] = []): readonly number[] {
  const list = Array.from({ length: count }, (_, index) => index);
  return shrinkList(list, (candidate) => {
    tried.push([...candidate]);
    return needed.every((each) => candidate.includes(each)) ? candidate : undefined;
  });
}

describe('a list that is shrunk', () => {
  it('keeps what is needed and nothing else, in order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(99), { maxLength: 5 }), (needed) => {
        expect(shrunk(100, needed)).to.deep.equal([...needed].sort((a, b) => a - b));
      }),
    );
  });

  it('is tried empty first', () => {
    const tried: number[][] = [];
    expect(shrunk(1000, [], tried)).to.deep.equal([]);
    expect(tried).to.have.length(1);
  });

  it('takes tens of tries, not thousands, for two of a thousand', () => {
    const tried: number[][] = [];
    shrunk(1000, [17, 801], tried);
    expect(tried.length).to.be.below(80);
  });

  it('loses two that are of no use without each other', () => {
    const list = ['takeover', 'write', 'failback', 'read'];
    const isPaired = (candidate: readonly string[]) =>
      candidate.includes('takeover') === candidate.includes('failback');
    const shortest = shrinkList(list, (each) => (isPaired(each) && each.includes('write') ? each : undefined));
    expect(shortest).to.deep.equal(['write']);
  });

  it('goes on with what an attempt made of a candidate', () => {
    const shortest = shrinkList([1, 2, 3, 4], (candidate) => {
      const sum = candidate.reduce((total, each) => total + each, 0);
      // What is left has to make up for what is gone.
      return candidate.length === 0 ? undefined : candidate.map((each) => each + (10 - sum) / candidate.length);
    });
    expect(shortest).to.deep.equal([10]);
  });

  it('stays as it is when nothing of it can go', () => {
    expect(shrinkList([1, 2, 3], () => undefined)).to.deep.equal([1, 2, 3]);
  });
});
