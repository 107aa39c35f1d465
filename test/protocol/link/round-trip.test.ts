import { expect } from 'chai';
import { RoundTrip } from '../../../protocol/link/round-trip.js';

/** One that has measured these, in milliseconds. */
function measured(...milliseconds: readonly number[]): RoundTrip {
  const roundTrip = new RoundTrip();
  for (const each of milliseconds) roundTrip.sample(1000 * each);
  return roundTrip;
}

// Reckoned by hand after RFC 6298: alpha 1/8, beta 1/4, K 4, and 20 ms that an acknowledgement may be held back.
describe('how long to wait for the tail of what was sent', () => {
  it('is half a second before anything was measured', () => {
    expect(measured().timeoutUs).to.equal(500_000);
  });

  it('is the smoothed round trip and four deviations, and the delay of acknowledgements', () => {
    expect(measured(100).timeoutUs).to.equal(100_000 + 4 * 50_000 + 20_000);
    expect(measured(100, 180).timeoutUs).to.equal(110_000 + 4 * 57_500 + 20_000);
    expect(measured(100, 20).timeoutUs).to.equal(90_000 + 4 * 57_500 + 20_000);
    expect(measured(100, 100).timeoutUs).to.equal(100_000 + 4 * 37_500 + 20_000);
  });

  it('grants a deviation of 20 ms on a steady line, and 60 ms in all on a fast one', () => {
    expect(measured(...Array(30).fill(100)).timeoutUs).to.equal(140_000);
    expect(measured(1).timeoutUs).to.equal(60_000);
  });

  it('is a whole number of microseconds', () => {
    const roundTrip = new RoundTrip();
    for (const sampleUs of [100_001, 100_004, 99_998]) roundTrip.sample(sampleUs);
    expect(roundTrip.timeoutUs % 1).to.equal(0);
  });

  it('doubles with each complete silence, up to a second, or twice what it is on a slow line', () => {
    const roundTrip = measured(60);
    const timeoutsUs = Array.from({ length: 5 }, () => {
      roundTrip.silent(true);
      return roundTrip.timeoutUs;
    });
    expect(timeoutsUs).to.deep.equal([400_000, 800_000, 1_000_000, 1_000_000, 1_000_000]);
    const slow = measured(400);
    expect(slow.timeoutUs).to.equal(1_220_000);
    for (let count = 0; count < 2000; count += 1) slow.silent(true);
    expect(slow.timeoutUs).to.equal(2_440_000);
  });

  it('stays when a silence was not complete, and falls back at the first news', () => {
    const roundTrip = measured(60);
    expect(roundTrip.waiting).to.equal(false);
    roundTrip.silent(false);
    expect([roundTrip.waiting, roundTrip.timeoutUs]).to.deep.equal([true, 200_000]);
    roundTrip.silent(true);
    expect(roundTrip.timeoutUs).to.equal(400_000);
    roundTrip.heard();
    expect([roundTrip.waiting, roundTrip.timeoutUs]).to.deep.equal([false, 200_000]);
  });
});
