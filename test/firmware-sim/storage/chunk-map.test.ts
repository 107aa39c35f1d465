import { expect } from 'chai';
import { ChunkMap } from '../../../firmware-sim/storage/chunk-map.js';

describe('chunks by number', () => {
  it('finds the next chunk, in the order of numbers and not of coming, as chunks come and go', () => {
    const map = new ChunkMap<string>();
    for (const number of [900, 20, 3000, 100]) map.set(number, `chunk ${number}`);
    expect(map.next(0)).to.deep.equal([20, 'chunk 20']);
    expect(map.next(20)).to.deep.equal([20, 'chunk 20']);
    expect(map.next(21)).to.deep.equal([100, 'chunk 100']);
    expect(map.next(101)).to.deep.equal([900, 'chunk 900']);
    expect(map.next(3001)).to.equal(undefined);
    map.set(15, 'late');
    expect(map.next(1)).to.deep.equal([15, 'late']);
    map.delete(100);
    expect(map.next(21)).to.deep.equal([900, 'chunk 900']);
    map.set(900, 'other');
    expect(map.next(21)).to.deep.equal([900, 'other']);
    expect([...map]).to.have.length(4);
  });
});
