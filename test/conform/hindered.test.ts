import { expect } from 'chai';
import { suiteJunit } from '../../hil/conform/report/junit.js';
import { suitePage } from '../../hil/conform/report/page.js';
import { terminalLines } from '../../hil/conform/report/terminal.js';
import { selected } from '../../hil/conform/selection.js';
import { countsOf, type SuiteRecord, verdictOf } from '../../hil/conform/suite-record.js';
import { type Tampering, WrongDevice } from './tampering.js';
import { conform } from './virtual-models.js';

/** A sub that a run of before has left taken over. */
const takenOver: Tampering = {
  messageOut: (message) => (message.kind === 'status' ? { ...message, pairState: 'SSWS' } : message),
};

async function recordOf(only: string, hasRemote: boolean, tampering: Tampering): Promise<SuiteRecord> {
  const checks = await conform({
    ...{ role: 'sub', hasRemote, requirements: selected(only) },
    wrap: (device) => new WrongDevice(device, 'host', tampering),
  });
  const about = {
    line: 'a',
    remote: undefined,
    isSealed: false,
    isDataLossAllowed: true,
    startedAt: '2026-01-01T00:00',
  };
  return { ...about, role: 'sub', version: '1', command: 'coldframe conform', identity: {}, checks };
}

describe('a run of the suite that the state of the device hinders', () => {
  it('is no success, and says which state', async () => {
    const record = await recordOf('I-3,I-11,R-3,R-6,R-29', true, takenOver);
    expect(countsOf(record)).to.deep.equal({ passed: 1, failed: 0, notRun: 4, hindered: 3 });
    expect(verdictOf(record)).to.equal('hindered');
    const [verdict] = terminalLines(record, { colour: false }).slice(-2);
    expect(verdict)
      .to.match(/^HINDERED {2}1 check passed; 3 not run for the state of the device: the sub has taken over: /)
      .and.to.match(/; 1 not run besides$/);
    expect(suiteJunit(record))
      .to.contain('failures="0" errors="3" skipped="1"')
      .and.to.contain('<error message="the sub');
    expect(suitePage(record)).to.contain('Not all of it could be run').and.not.to.contain('<header class="passed">');
  });

  it('is one where only an option is missing, or another role is meant', async () => {
    const record = await recordOf('I-3,R-3,R-6', false, {});
    expect(countsOf(record)).to.deep.equal({ passed: 1, failed: 0, notRun: 2, hindered: 0 });
    expect(verdictOf(record)).to.equal('passed');
    expect(terminalLines(record, { colour: false }).at(-2)).to.equal('PASSED  1 check passed, 2 not run');
  });
});
