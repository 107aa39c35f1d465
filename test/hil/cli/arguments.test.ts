import { expect } from 'chai';
import {
  areaSize,
  blockSize,
  gather,
  numberWithin,
  oneOf,
  sectorMultiple,
  wholeNumber,
} from '../../../hil/cli/arguments.js';
import { RefusalError } from '../../../protocol/refusals.js';

function refusalOf(read: () => unknown): string {
  try {
    return `no refusal, but ${read()}`;
  } catch (error) {
    if (error instanceof RefusalError) return error.refusal.code;
    throw error;
  }
}

describe('arguments', () => {
  const cases: readonly (readonly [
    string,
    (text: string) => unknown,
    readonly [string, unknown][],
    readonly string[],
  ])[] = [
    [
      'an offset',
      sectorMultiple,
      [
        ['0', 0],
        ['512', 512],
        ['1MiB', 1048576],
      ],
      ['513', '-512', '', '1kB', '1e3'],
    ],
    ['the size of an area', areaSize, [['64MiB', 67108864]], ['0', '1000', 'x']],
    [
      'a block size',
      blockSize,
      [
        ['512', 512],
        ['4096', 4096],
        ['64KiB', 65536],
      ],
      ['256', '4095', '6KiB', '128KiB'],
    ],
    [
      'a whole number',
      wholeNumber(1),
      [
        ['1', 1],
        ['42', 42],
      ],
      ['0', '-1', '1.5', '', ' ', '1e2', '99999999999999999'],
    ],
    [
      'a rate',
      numberWithin(0, 1),
      [
        ['0', 0],
        ['1e-6', 1e-6],
        ['1', 1],
      ],
      ['1.1', '-0.1', '', 'NaN', 'half'],
    ],
    ['one of some words', oneOf(['copy', 'streaming']), [['copy', 'copy']], ['Copy', '']],
  ];
  for (const [what, read, good, bad] of cases) {
    for (const [text, value] of good) {
      it(`takes ${JSON.stringify(text)} as ${what}`, () => expect(read(text)).to.equal(value));
    }
    for (const text of bad) {
      it(`refuses ${JSON.stringify(text)} as ${what}`, () =>
        expect(refusalOf(() => read(text))).to.equal('argument-invalid'));
    }
  }

  it('gathers an option that is given several times, in order', () => {
    const read = gather(Number);
    expect(read('3', read('2', read('1')))).to.deep.equal([1, 2, 3]);
  });
});
