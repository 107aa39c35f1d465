import { expect } from 'chai';
import { nearestWord } from '../../hil/nearest-word.js';

describe('the nearest word', () => {
  const words = ['method', 'kind', 'keyFile', 'keyFiles', 'lines'];

  it('is found behind letters that are swapped, left out, doubled or changed, and whatever the case', () => {
    for (const typed of ['mehtod', 'metod', 'methood', 'mathod', 'METHOD', 'methods']) {
      expect(nearestWord(typed, words), typed).to.equal('method');
    }
  });

  it('is the one with the fewest changes, and the first of equals', () => {
    expect(nearestWord('keyFilesx', words)).to.equal('keyFiles');
    expect(nearestWord('ab', ['aa', 'bb'])).to.equal('aa');
    // Two letters swapped are one change, where two that are wrong are two.
    expect(nearestWord('ilne', ['wine', 'line'])).to.equal('line');
  });

  it('is none for something else altogether', () => {
    for (const typed of ['password', '', 'x', 'volumes']) expect(nearestWord(typed, words), typed).to.equal(undefined);
    expect(nearestWord('x', ['a'])).to.equal(undefined);
  });
});
