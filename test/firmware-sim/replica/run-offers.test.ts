import { expect } from 'chai';
import { RunOffers } from '../../../firmware-sim/replica/run-offers.js';

const runMax = 16;

/** What follows when so many offers are not answered, as words. */
function next(offers: RunOffers, underWay = 0): string {
  const { blocksMax, isOffered } = offers.next(runMax, underWay);
  if (isOffered) return `offer ${blocksMax}`;
  return blocksMax === 0 ? 'wait' : `send ${blocksMax}`;
}

/** Runs that are sent before the next one is offered. */
function sentBefore(offers: RunOffers): number {
  let sent = 0;
  for (; next(offers).startsWith('send'); sent += 1) offers.picked();
  return sent;
}

function missed(misses: number): RunOffers {
  const offers = new RunOffers();
  for (let miss = 0; miss < misses; miss += 1) {
    while (next(offers).startsWith('send')) offers.picked();
    offers.notHeld(1);
  }
  return offers;
}

describe('offers of runs', () => {
  it('are as long as runs may be, and half as long after each that is not held', () => {
    const offers = new RunOffers();
    expect(next(offers)).to.equal('offer 16');
    const lengths = [16, 8, 5, 16].map((count) => {
      offers.notHeld(count);
      return next(offers);
    });
    expect(lengths, 'the last one had been on its way').to.deep.equal(['offer 8', 'offer 4', 'offer 2', 'offer 2']);
  });

  it('are twice as long after one that is held', () => {
    const offers = new RunOffers();
    offers.notHeld(4);
    const lengths = [2, 1, 4, 8, 16].map((count) => {
      offers.held(count);
      return next(offers);
    });
    expect(lengths, 'a short one says nothing about longer ones').to.deep.equal([
      ...['offer 4', 'offer 4', 'offer 8', 'offer 16', 'offer 16'],
    ]);
  });

  it('wait for an answer, twice as many of them for each that was held', () => {
    const offers = new RunOffers();
    expect([next(offers, 0), next(offers, 1)]).to.deep.equal(['offer 16', 'wait']);
    for (const credit of [2, 4, 8, 16, 32, 64, 64]) {
      offers.held(16);
      expect([next(offers, credit - 1), next(offers, credit)], `${credit}`).to.deep.equal(['offer 16', 'wait']);
    }
    offers.notHeld(16);
    expect([next(offers, 0), next(offers, 1)]).to.deep.equal(['offer 8', 'wait']);
  });

  it('become rare where single blocks are not held, until one is', () => {
    expect(Array.from({ length: 11 }, (_, misses) => sentBefore(missed(misses)))).to.deep.equal([
      ...[0, 0, 0, 1, 2, 4, 8, 16, 32, 63, 63],
    ]);
    const offers = missed(9);
    offers.held(1);
    expect([next(offers), next(offers, 2)]).to.deep.equal(['offer 2', 'wait']);
    offers.notHeld(1);
    expect(sentBefore(offers)).to.equal(0);
  });

  it('keep nothing waiting where there is little hope', () => {
    expect([next(missed(2), 1), next(missed(3), 1)]).to.deep.equal(['wait', 'send 16']);
    const offers = missed(3);
    offers.picked();
    expect([next(offers, 0), next(offers, 1)]).to.deep.equal(['offer 1', 'send 16']);
  });
});
