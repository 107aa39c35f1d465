import { expect } from 'chai';
import { hostPrograms, operationsOf, standsForItself } from '../../../../hil/simulate/explore/host-programs.js';

describe('host programs', () => {
  it('are all sequences of up to three of seven steps, shorter ones first', () => {
    const programs = hostPrograms();
    expect(programs).to.have.lengthOf(1 + 7 + 7 ** 2 + 7 ** 3);
    expect(new Set(programs.map((each) => each.join(' '))).size).to.equal(programs.length);
    expect(programs.slice(0, 3).map((each) => each.join(' '))).to.deep.equal(['', 'w0', 'w1']);
    expect(programs.at(-1)?.join(' ')).to.equal('f f f');
  });

  it('stand for themselves unless they touch the second block of a volume without the first', () => {
    expect(standsForItself(['w0', 'f', 'u0'])).to.equal(true);
    expect(standsForItself(['w1', 'f', 'w2'])).to.equal(false);
    expect(standsForItself(['u1', 'w0'])).to.equal(true);
    expect(standsForItself(['w2', 'f'])).to.equal(true);
  });

  it('become operations on two volumes, one after the other', () => {
    expect(operationsOf(['w1', 'f', 'u2'], { fromUs: 100, gapUs: 10 })).to.deep.equal([
      { kind: 'write', atUs: 100, volume: 0, lba: 1, sectors: 1 },
      { kind: 'freeze', atUs: 110 },
      { kind: 'zero', atUs: 120, volume: 1, lba: 0, sectors: 1 },
    ]);
  });
});
