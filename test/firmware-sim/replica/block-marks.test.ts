import { expect } from 'chai';
import { BlockMarks } from '../../../firmware-sim/replica/block-marks.js';

describe('marks of blocks', () => {
  it('are found in any run that has one of the blocks, once', () => {
    const marks = new BlockMarks();
    const run = (first: number, count: number, volume = 0) => ({ volume, first, count });
    expect(marks.take(run(0, 100))).to.equal(false);
    marks.add(run(10, 3));
    expect([run(0, 10), run(13, 5), run(10, 3, 1)].map((each) => marks.take(each))).to.deep.equal([
      false,
      false,
      false,
    ]);
    expect([run(12, 5), run(12, 1), run(8, 4), run(8, 4)].map((each) => marks.take(each))).to.deep.equal([
      ...[true, false, true, false],
    ]);
  });
});
