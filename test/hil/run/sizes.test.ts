import { expect } from 'chai';
import fc from 'fast-check';
import { formatSize, parseSize } from '../../../hil/run/sizes.js';

describe('sizes', () => {
  for (const [text, bytes] of [
    ['64MiB', 67_108_864],
    ['1TiB', 1_099_511_627_776],
    ['512', 512],
    ['3 KiB', 3072],
    ['2gib', 2_147_483_648],
  ] as const) {
    it(`reads ${text} as ${bytes} bytes`, () => expect(parseSize(text)).to.equal(bytes));
  }

  for (const text of ['', '0', '-1', '1.5GiB', '64MB', '64M', 'MiB', '1e9', '9007199254740993', '8388608TiB']) {
    it(`refuses ${JSON.stringify(text)}`, () => expect(() => parseSize(text)).to.throw('argument-invalid'));
  }

  it('reads what it writes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4096 }),
        fc.constantFrom(1, 1024, 2 ** 20, 2 ** 30, 2 ** 40),
        (count, unit) => {
          expect(parseSize(formatSize(count * unit))).to.equal(count * unit);
        },
      ),
    );
    expect(formatSize(64 * 2 ** 20)).to.equal('64MiB');
    expect(formatSize(1536)).to.equal('1536');
  });
});
