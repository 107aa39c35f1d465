import { expect } from 'chai';
import { Random } from '../../../host/workload/random.js';

describe('Random', () => {
  // From python3: sfc32 after PractRand's sfc.h, state (stream, seed low, seed high, 1), 12 rounds of warm-up.
  const vectors: [number, number, string][] = [
    [0, 0, '514676c3 08a809df 30349d2b fb52c520 38802be1 948279e6'],
    [42, 0, '4b5d663b 7414a19b e99de5c3 4a934eb2 271fe4cf 1c80a59d'],
    [42, 7, '20d718b1 7fd8b48f cfaa23a7 251bf7f8 73610e3c f7b812af'],
    [2 ** 53 - 1, 0xffff_ffff, '5a075dad cdbdb22b 10b556b6 fab99663 b071d5cb a2cb6356'],
  ];
  for (const [seed, stream, expected] of vectors) {
    it(`gives the numbers of sfc32 for seed ${seed}, stream ${stream}`, () => {
      const random = new Random(seed, stream);
      const numbers = Array.from({ length: 6 }, () => random.next().toString(16).padStart(8, '0'));
      expect(numbers.join(' ')).to.equal(expected);
    });
  }

  it('stays below its limit and reaches every value', () => {
    const random = new Random(1);
    const seen = new Set(Array.from({ length: 500 }, () => random.between(3, 9)));
    expect([...seen].sort()).to.deep.equal([3, 4, 5, 6, 7, 8, 9]);
  });

  it('gives large numbers their low bits too', () => {
    const random = new Random(1);
    const odd = Array.from({ length: 400 }, () => random.below(2 ** 53) % 2).filter((bit) => bit === 1).length;
    expect(odd).to.be.within(150, 250);
  });

  it('ranks: each power of two of ranks about as often as the next, none outside', () => {
    const random = new Random(9);
    const ranks = Array.from({ length: 8000 }, () => random.rank(255));
    const between = (from: number, to: number): number => ranks.filter((rank) => rank >= from && rank <= to).length;
    for (let octave = 0; octave < 8; octave += 1) {
      expect(between(2 ** octave - 1, 2 ** (octave + 1) - 2), `octave ${octave}`).to.be.within(850, 1150);
    }
    expect(Math.max(...ranks)).to.be.below(255);
    expect(Math.max(...Array.from({ length: 500 }, () => random.rank(5)))).to.equal(4);
  });
});
