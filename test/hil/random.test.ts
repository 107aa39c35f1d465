import { expect } from 'chai';
import fc from 'fast-check';
import { nextOf, Random } from '../../hil/random.js';

describe('the generator of random numbers', () => {
  it('agrees with the C reference, as recorded in the test data of edorfaus/xoshiro-6502', () => {
    const state = Uint32Array.of(0x964d4a0c, 0xd40ab895, 0xad7fdecb, 0x3006f0f0);
    expect([1, 2, 3, 4].map(() => nextOf(state))).to.deep.equal([0xf1391922, 0x6fe53806, 0xa5be2840, 0xf510ee70]);
    expect([...state]).to.deep.equal([0xfc65379c, 0x52006d70, 0x87487639, 0xf1908343]);
  });

  it('agrees with a python3 transcription from the state 1, 2, 3, 4', () => {
    const state = Uint32Array.of(1, 2, 3, 4);
    const expected = [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849];
    expect(expected.map(() => nextOf(state))).to.deep.equal(expected);
  });

  it('takes its state from SHA-256 of the seed (values from python3)', () => {
    const random = new Random('coldframe');
    const expected = [122121438, 3092736078, 851549919, 1383745636, 571718985];
    expect(expected.map(() => random.u32())).to.deep.equal(expected);
    expect(new Random(7).fill(Buffer.alloc(10)).toString('hex')).to.equal('840df22408c2cbce5c90');
  });

  it('forks by name, whatever was drawn before (values from python3)', () => {
    const random = new Random(7);
    random.u32();
    const fork = random.fork('line');
    expect([fork.u32(), fork.u32(), fork.u32()]).to.deep.equal([3295859318, 1430403943, 2198286399]);
    expect(fork.seed).to.equal('7/line');
  });

  it('stays below the limit, up to 2^32', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 2 ** 32 }), (seed, limit) => {
        const value = new Random(seed).below(limit);
        expect(value).to.be.within(0, limit - 1);
      }),
    );
    expect(() => new Random(1).below(0)).to.throw(RangeError);
    expect(() => new Random(1).below(2 ** 32 + 1)).to.throw(RangeError);
  });

  it('favours no part of a range that does not divide 2^32', () => {
    const random = new Random('thirds');
    const limit = 3 * 2 ** 30;
    let low = 0;
    for (let draw = 0; draw < 10_000; draw += 1) if (random.below(limit) < 2 ** 30) low += 1;
    // Without drawing again the lowest third would come up every second time.
    expect(low).to.be.within(3_150, 3_520);
  });

  it('reaches every value of a small range about equally often', () => {
    const random = new Random('dice');
    const counts = new Array<number>(6).fill(0);
    for (let roll = 0; roll < 60_000; roll += 1) {
      const face = random.below(6);
      counts[face] = (counts[face] ?? 0) + 1;
    }
    for (const count of counts) expect(count).to.be.within(9_600, 10_400);
  });
});
