/** Checks that measure times: what is late once is measured again, and that is told in every report. */
import { expect } from 'chai';
import { checked, type Requirement } from '../../hil/conform/check.js';
import { Finding } from '../../hil/conform/finding.js';
import { suiteJunit } from '../../hil/conform/report/junit.js';
import { suitePage } from '../../hil/conform/report/page.js';
import { terminalLines } from '../../hil/conform/report/terminal.js';
import type { CheckRecord, SuiteRecord } from '../../hil/conform/suite-record.js';
import { conform } from './virtual-models.js';

/** A check that finds 340 ms, 341 ms, … so many times; and how often it was made. */
function late(times: number, isTimed: boolean): { readonly requirement: Requirement; tries: number } {
  const made = { tries: 0 };
  const requirement = checked('L-12', 'Something is in time.', {
    remedy: 'Look at the timer.',
    isTimed,
    run: async () => {
      made.tries += 1;
      if (made.tries <= times) throw new Finding('100 ms', `${339 + made.tries} ms`);
    },
  });
  return Object.assign(made, { requirement });
}

async function outcomeOf(check: ReturnType<typeof late>): Promise<CheckRecord['outcome'] | undefined> {
  const [record] = await conform({ role: 'disk', requirements: [check.requirement] });
  return record?.outcome;
}

function recordWith(outcome: CheckRecord['outcome']): SuiteRecord {
  return {
    ...{
      role: 'disk',
      line: 'pty',
      remote: undefined,
      isSealed: false,
      isDataLossAllowed: false,
      startedAt: '2024-05-01T10:00:00Z',
    },
    ...{ version: '1', command: 'coldframe conform', identity: {} },
    checks: [{ number: 'L-12', says: 'Something is in time.', clause: undefined, outcome, seconds: 1 }],
  };
}

describe('a conformance check that measures times', () => {
  it('passes where a later try does, and keeps what came before', async () => {
    expect(await outcomeOf(late(0, true))).to.deep.equal({ kind: 'passed' });
    expect(await outcomeOf(late(2, true))).to.deep.equal({ kind: 'passed', before: ['340 ms', '341 ms'] });
  });

  it('fails where five tries do', async () => {
    const check = late(5, true);
    expect(await outcomeOf(check)).to.include({ kind: 'failed', came: '344 ms' });
    expect(check.tries).to.equal(5);
  });

  it('is the only kind that is made again', async () => {
    const check = late(1, false);
    expect(await outcomeOf(check)).to.include({ kind: 'failed', came: '340 ms' });
    expect(check.tries).to.equal(1);
  });

  it('shows its tries in every report', () => {
    const record = recordWith({ kind: 'passed', before: ['340 ms', '<341 ms'] });
    const told = 'passed at try 3; before: 340 ms; ';
    expect(terminalLines(record, { colour: false })).to.include(`        ${told}<341 ms`);
    expect(suiteJunit(record)).to.include(`<system-out>${told}&#60;341 ms</system-out>`);
    expect(suitePage(record)).to.include(`<small>${told}&#60;341 ms</small>`);
    const plain = recordWith({ kind: 'passed' });
    for (const text of [terminalLines(plain, { colour: false }).join(), suiteJunit(plain), suitePage(plain)])
      expect(text).not.to.include('at try');
  });
});
