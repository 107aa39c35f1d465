import { expect } from 'chai';
import { bytesText, countText, durationText, percentText, quantile } from '../../../hil/report/quantity.js';

describe('numbers for people', () => {
  it('bytes in binary units with three digits', () => {
    const texts = [0, 512, 1023, 1024, 1536, 2 ** 26, 2 ** 40, 1.5 * 2 ** 41].map(bytesText);
    expect(texts).to.deep.equal(['0 bytes', '512 bytes', '1023 bytes', '1 KiB', '1.5 KiB', '64 MiB', '1 TiB', '3 TiB']);
  });

  it('times in the unit that suits them', () => {
    const texts = [0, 12, 999, 1500, 3_210_000, 59_900_000, 120_000_000, 245_000_000].map(durationText);
    const long = [3_599e6, 3_600e6, 12_345e6, 86_400e6, 2_592_000e6, 180_000e6].map(durationText);
    expect(long).to.deep.equal(['59 min 59 s', '1 h', '3 h 25 min', '1 d', '30 d', '2 d 2 h']);
    expect(texts).to.deep.equal(['0 µs', '12 µs', '999 µs', '1.5 ms', '3.21 s', '59.9 s', '2 min', '4 min 5 s']);
  });

  it('counts in groups of three', () => {
    expect([7, 1000, 1234567].map(countText)).to.deep.equal(['7', '1\u202f000', '1\u202f234\u202f567']);
  });

  it('shares that are never 0 % or 100 % unless they are', () => {
    const texts = [0, 1e-9, 0.00021, 0.0756, 0.5, 0.99999, 1].map((share) => percentText(share, 1));
    expect(texts).to.deep.equal(['0 %', '< 0.001 %', '0.021 %', '7.56 %', '50 %', '99.9 %', '100 %']);
    expect(percentText(0, 0)).to.equal('0 %');
  });

  it('quantiles of ascending values', () => {
    expect([0, 0.5, 0.99, 1].map((share) => quantile([1, 2, 3, 4], share))).to.deep.equal([1, 3, 4, 4]);
  });
});
