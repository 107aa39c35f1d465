import { expect } from 'chai';
import { unitsOf, unwrapped, wrapped } from '../../../protocol/link/sequence.js';

describe('sequence numbers', () => {
  it('go over the line modulo 2^16', () => {
    expect([0, 65_535, 65_536, 200_000].map(wrapped)).to.deep.equal([0, 65_535, 0, 3392]);
  });

  it('are taken for the number nearest to where the queue stands', () => {
    expect([unwrapped(5, 0), unwrapped(65_535, 0), unwrapped(32_767, 0), unwrapped(32_768, 0)]).to.deep.equal([
      ...[5, -1, 32_767, -32_768],
    ]);
    expect([unwrapped(1, 65_535), unwrapped(65_535, 65_537), unwrapped(3392, 200_000)]).to.deep.equal([
      ...[65_537, 65_535, 200_000],
    ]);
    expect([unwrapped(0, 200_000), unwrapped(40_000, 200_000)]).to.deep.equal([196_608, 171_072]);
  });

  it('count units of 64 bytes, one for an empty message', () => {
    expect([0, 1, 64, 65, 128, 129].map(unitsOf)).to.deep.equal([1, 1, 1, 2, 2, 3]);
  });
});
