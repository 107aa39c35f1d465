/** The volumes at main as a host, and a digest, read them. */
import { expect } from 'chai';
import { MainVolumes } from '../../../firmware-sim/main/main-volumes.js';
import type { Completion } from '../../../protocol/scsi/commands.js';
import { lettersOf, MainLab } from './main-lab.js';

/** Generation 1, `ab.d`, is on its way, block 1 has been written anew, and so have some that it does not hold. */
function volumes(): { readonly lab: MainLab; readonly of: MainVolumes } {
  const lab = new MainLab();
  lab.primary(0, 'ab');
  lab.primary(3, 'd');
  lab.freeze(1);
  lab.deferred(1, 'X');
  return { lab, of: new MainVolumes(lab.core) };
}

describe('the volumes at main', () => {
  it('have the shape of the pair', () => {
    expect(volumes().of.geometry.volumes).to.deep.equal([32 * 512]);
  });

  it('are read as the host wrote them last, for a host and for a digest alike', () => {
    const { lab, of } = volumes();
    const answers: Completion[] = [];
    const range = { volume: 0, lba: 1, sectors: 6 };
    of.read(range, (completion) => answers.push(completion));
    of.readMedium(range, (completion) => answers.push(completion));
    lab.settle();
    const letters = answers.map((each) => (each.status === 'good' ? lettersOf(each.data) : each.status));
    expect(letters).to.deep.equal(['aXX..d', 'aXX..d']);
  });

  it('hold zeros that lie on no medium where zeros are deferred', () => {
    const { lab, of } = volumes();
    lab.deferred(4, '..');
    expect([1, 3, 4, 5, 6].map((block) => of.knownZeros(0, block))).to.deep.equal([0, 0, 1, 1, 0]);
  });

  it('may be other than zero wherever something was written, before the freeze or since', () => {
    const { lab, of } = volumes();
    expect(of.nextOccupied(0, 0, 16, 16)).to.deep.equal({ first: 0, count: 2 });
    lab.changed(0, 2, 1);
    lab.changed(0, 9, 3);
    const { nextOccupied } = of;
    const next = (from: number, countMax = 16, end = 16) => nextOccupied(0, from, countMax, end);
    expect(next(0)).to.deep.equal({ first: 0, count: 2 });
    expect(next(2), 'since').to.deep.equal({ first: 2, count: 1 });
    expect(next(3), 'before').to.deep.equal({ first: 3, count: 1 });
    expect(next(4)).to.deep.equal({ first: 9, count: 3 });
    expect([next(4, 2), next(4, 16, 11)]).to.deep.equal([
      { first: 9, count: 2 },
      { first: 9, count: 2 },
    ]);
    expect([next(12), next(4, 16, 9)]).to.deep.equal([undefined, undefined]);
  });
});
