/** Freezes that a host repeats, though it, or another process of it, has frozen again since. */
import { expect } from 'chai';
import { Freezes, freezesRemembered } from '../../../firmware-sim/main/freezes.js';
import { epoch, generation } from '../../../protocol/ids.js';

const tokenOf = (number: number) => Buffer.alloc(16, number);
const freeze = (number: number, token = number) => ({
  ...{ epoch: epoch(1), generation: generation(number), token: tokenOf(token), included: [number] },
});

describe('freezes that are remembered', () => {
  it('are the newest sixteen, each by its token', () => {
    const freezes = new Freezes();
    for (let number = 1; number <= freezesRemembered + 1; number += 1) freezes.add(freeze(number));
    expect(freezesRemembered).to.equal(16);
    expect(freezes.all.map((each) => each.generation as number)).to.deep.equal(
      Array.from({ length: 16 }, (_, index) => 2 + index),
    );
    expect([1, 2, 17].map((each) => freezes.madeBy(tokenOf(each))?.generation)).to.deep.equal([undefined, 2, 17]);
    expect(freezes.of(generation(9))?.included).to.deep.equal([9]);
    expect(freezes.of(generation(1))).to.equal(undefined);
  });

  it('are none of a token of zeros, which nobody gives to be repeated', () => {
    const freezes = new Freezes();
    freezes.add(freeze(1, 0));
    expect(freezes.madeBy(tokenOf(0))).to.equal(undefined);
    expect(freezes.of(generation(1))?.generation).to.equal(1);
  });

  it('are added once, though a snapshot tells of the newest twice', () => {
    const freezes = new Freezes();
    freezes.add(freeze(4));
    freezes.add({ ...freeze(4), included: [] });
    expect(freezes.all).to.deep.equal([freeze(4)]);
  });

  it('keep what was given, whatever becomes of its memory', () => {
    const freezes = new Freezes();
    const given = freeze(1);
    freezes.add(given);
    given.token.fill(9);
    given.included.push(7);
    expect(freezes.all).to.deep.equal([freeze(1)]);
  });
});
