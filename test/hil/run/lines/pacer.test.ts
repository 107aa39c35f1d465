import { expect } from 'chai';
import { Pacer } from '../../../../hil/run/lines/pacer.js';

// At 1 Mbaud a byte takes 10 µs.
const pacerOf = () => new Pacer({ baud: 1_000_000, aheadUsMax: 20_000 });

describe('the pacer of a line', () => {
  it('has room until more than the limit is ahead', () => {
    const pacer = pacerOf();
    expect(pacer.waitUs(0)).to.equal(0);
    pacer.take(2_000, 0);
    expect(pacer.waitUs(0)).to.equal(0);
    pacer.take(1, 0);
    expect(pacer.waitUs(0)).to.equal(10);
    expect(pacer.waitUs(10)).to.equal(0);
  });

  it('counts the bytes that the line cannot have carried yet', () => {
    const pacer = pacerOf();
    pacer.take(100, 5_000);
    expect(pacer.aheadBytes(5_000)).to.equal(100);
    expect(pacer.aheadBytes(5_500)).to.equal(50);
    expect(pacer.aheadBytes(9_000)).to.equal(0);
  });

  it('does not save up time in which nothing was written', () => {
    const pacer = pacerOf();
    pacer.take(10, 0);
    pacer.take(3_000, 1_000_000);
    expect(pacer.waitUs(1_000_000)).to.equal(10_000);
  });

  it('lets one frame through that is longer than the limit', () => {
    const pacer = pacerOf();
    pacer.take(5_000, 0);
    expect(pacer.waitUs(0)).to.equal(30_000);
  });

  it('starts anew after a loss', () => {
    const pacer = pacerOf();
    pacer.take(100_000, 0);
    pacer.reset();
    expect(pacer.waitUs(1)).to.equal(0);
    expect(pacer.aheadBytes(1)).to.equal(0);
  });
});
