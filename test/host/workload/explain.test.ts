import { expect } from 'chai';
import { explainBlock } from '../../../host/workload/explain.js';
import { stampBlock } from '../../../host/workload/stamp.js';

const write = { volume: 0, blockBytes: 4096, write: 212, generation: 3, seed: 42 };
const older = { ...write, write: 200, generation: 2 };
const wanted = stampBlock(write, 17);
const zeros = Buffer.alloc(4096);
/** `base` with sectors first … last from `other`. */
function patched(base: Buffer, other: Buffer, first: number, last: number): Buffer {
  const data = Buffer.from(base);
  other.copy(data, first * 512, first * 512, (last + 1) * 512);
  return data;
}
function damaged(): Buffer {
  const data = Buffer.from(wanted);
  data.fill(data[1000] === 0 ? 1 : 0, 1000, 1001);
  data.fill(data[1002] === 0 ? 1 : 0, 1002, 1003);
  return data;
}

describe('explainBlock', () => {
  const known: [string, Buffer, Buffer, string][] = [
    ['the right content', wanted, wanted, 'block 17 of volume 0 holds what belongs there'],
    [
      'content of another block',
      wanted,
      stampBlock(write, 19),
      'block 17 of volume 0 holds write 212 of generation 3 for block 19: misdirected',
    ],
    [
      'content of the same block of another volume',
      wanted,
      stampBlock({ ...write, volume: 2 }, 17),
      'block 17 of volume 0 holds write 212 of generation 3 for block 17 of volume 2: misdirected',
    ],
    ['zeros', wanted, zeros, 'block 17 of volume 0 holds zeros instead of write 212 of generation 3: lost'],
    [
      'an earlier write',
      wanted,
      stampBlock(older, 17),
      'block 17 of volume 0 holds write 200 of generation 2 instead of write 212 of generation 3: older',
    ],
    [
      'a later write',
      stampBlock(older, 17),
      wanted,
      'block 17 of volume 0 holds write 212 of generation 3 instead of write 200 of generation 2: newer',
    ],
    [
      'one sector that is older',
      wanted,
      patched(wanted, stampBlock(older, 17), 3, 3),
      'block 17 of volume 0 is torn: sectors 0 to 2 hold what belongs there; sector 3 holds write 200 of generation 2 ' +
        'instead of write 212 of generation 3: older; sectors 4 to 7 hold what belongs there',
    ],
    [
      'a write where zeros belong',
      zeros,
      wanted,
      'block 17 of volume 0 holds write 212 of generation 3 instead of zeros',
    ],
    [
      'a write of another run',
      wanted,
      stampBlock({ ...write, seed: 7 }, 17),
      'block 17 of volume 0 holds write 212 of generation 3 of another run (seed 7)',
    ],
    [
      'damaged bytes',
      wanted,
      damaged(),
      'block 17 of volume 0 is mixed: sector 0 holds what belongs there; ' +
        'sector 1 holds a damaged stamp: 2 bytes differ, the first at 488; sectors 2 to 7 hold what belongs there',
    ],
    ['foreign data', wanted, Buffer.alloc(4096, 0x55), 'block 17 of volume 0 holds data without a stamp'],
    [
      'a sector in the place of another one',
      wanted,
      Buffer.concat([wanted.subarray(512, 1024), wanted.subarray(512)]),
      'block 17 of volume 0 is mixed: sector 0 holds write 212 of generation 3 for sector 1: misdirected; ' +
        'sectors 1 to 7 hold what belongs there',
    ],
  ];
  for (const [what, data, actual, sentence] of known) {
    it(`recognizes ${what}`, () => {
      expect(explainBlock({ volume: 0, block: 17, data }, actual)).to.equal(sentence);
    });
  }

  it('says what it can when only the place is known', () => {
    const place = { volume: 0, block: 17 };
    expect(explainBlock(place, wanted)).to.equal('block 17 of volume 0 holds write 212 of generation 3');
    expect(explainBlock(place, zeros)).to.equal('block 17 of volume 0 holds zeros');
    expect(explainBlock(place, damaged())).to.contain('sector 1 holds a damaged stamp;');
  });
});
