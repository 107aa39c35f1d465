/** What a sub tells hosts that wait for generations which never became its image. */
import { expect } from 'chai';
import { generation } from '../../../protocol/ids.js';
import { refusals } from '../../../protocol/refusals.js';
import { paired, type SubDevice } from './sub-device.js';

const failed = refusals['generation-failed'].number;
const waited = (lab: SubDevice) => lab.heard('host', 'waited').map((each) => [each.generation, each.reason]);

describe('a wait at the sub', () => {
  it('ends with a failure when the generation failed while the line was down, and a newer one has been committed', () => {
    const lab = paired();
    lab.begin(2).run(2, 0, 'X');
    lab.wait(2);
    lab.connect('remote', 'main');
    lab.pairing({ state: 'PSUE' });
    lab.pairing({ state: 'PAIR' });
    expect(waited(lab)).to.deep.equal([]);
    lab.image(3, 0, 'Y');
    expect(waited(lab)).to.deep.equal([[2, failed]]);
    lab.wait(3);
    lab.wait(1);
    expect(waited(lab).slice(1)).to.deep.equal([
      [3, 0],
      [1, 0],
    ]);
  });

  it('ends with why it failed as long as the power stays, and with that it failed after a power cut and a snapshot', () => {
    const lab = paired();
    const why = refusals['shadow-full'].number;
    lab.begin(2).run(2, 0, 'X');
    lab.say('remote', { kind: 'abandon', generation: generation(2), code: why, state: 'PSUE' });
    lab.pairing({ state: 'PAIR' });
    lab.image(3, 0, 'Y');
    lab.wait(2);
    expect(waited(lab)).to.deep.equal([[2, why]]);
    for (let power = 0; power < 2; power += 1) {
      lab.restart();
      lab.connect('host', 'host');
      lab.wait(2);
      lab.wait(3);
      expect(waited(lab)).to.deep.equal([
        [2, failed],
        [3, 0],
      ]);
    }
  });
});
