import { expect } from 'chai';
import { failureDetails, refusalDetails } from '../../../hil/job/expected-failure.js';
import { GenerationFailed } from '../../../host/generation-failed.js';
import { generationFailures } from '../../../protocol/generation-failures.js';
import { type RefusalCode, RefusalError, refusals } from '../../../protocol/refusals.js';
import { failedChecks, runOnEmulator, stepsOf } from './scenario-run.js';

const codes = Object.keys(refusals) as RefusalCode[];
const thrownBy = (judge: () => unknown): unknown => {
  try {
    judge();
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('a generation that has to fail', () => {
  it('fails for those reasons alone that the table of refusals has for generations, and for a takeover', () => {
    const ofTable = codes.filter((code) => refusals[code].number >= 80 && refusals[code].number < 112);
    const own = ofTable.filter((code) => refusals[code].exit === 1 && code !== 'records-corrupt');
    expect([...generationFailures]).to.have.members(['taken-over', ...own]);
  });

  it('has failed when its controller says so, with a reason of generations and with the one that is expected', () => {
    expect(failureDetails(undefined, undefined)).to.deep.equal(['it was committed']);
    for (const code of codes.filter((each) => refusals[each].exit <= 2)) {
      const details = failureDetails(new GenerationFailed(code, 3), undefined);
      const isOne = (generationFailures as readonly RefusalCode[]).includes(code);
      expect(details.length, code).to.equal(isOne ? 0 : 1);
    }
    expect(failureDetails(new GenerationFailed('disk-error', 3), 'disk-error')).to.deep.equal([]);
    expect(failureDetails(new GenerationFailed('disk-error', 3), 'shadow-full')).to.deep.equal(['reason: disk-error']);
  });

  it('has no verdict when the question was refused, or nobody has answered it', () => {
    for (const code of codes) {
      const refused = new RefusalError(code, 'refused');
      expect(thrownBy(() => failureDetails(refused, undefined))).to.equal(refused);
    }
    for (const code of codes.filter((each) => refusals[each].exit >= 3)) {
      const told = new GenerationFailed(code, 3);
      expect(thrownBy(() => failureDetails(told, undefined))).to.equal(told);
    }
  });

  it('fails the step when no freeze ever made it', async () => {
    const outcome = await runOnEmulator({
      scenario: stepsOf('write: {writes: 5}', 'wait: {for: failed, generation: 7}'),
    });
    expect(outcome.exit).to.equal(1);
    expect(failedChecks(outcome).map(({ name, details }) => `${name}: ${details}`)).to.deep.equal([
      'step wait: generation-unknown: There never was such a generation. (no freeze made generation 7)',
    ]);
  });

  it('fails the step when it is committed', async () => {
    const outcome = await runOnEmulator({ scenario: stepsOf('write: {writes: 5}', 'freeze', 'wait: failed') });
    expect(failedChecks(outcome).map(({ details }) => details)).to.deep.equal(['it was committed']);
  });

  it('fails the step when the wait for it is refused', async () => {
    const outcome = await runOnEmulator({
      scenario: stepsOf('freeze', 'wait: failed'),
      prepare: ({ host }) => {
        host.wait = () => Promise.reject(new RefusalError('too-many-requests', 'said by main'));
      },
    });
    expect([outcome.exit, failedChecks(outcome)[0]?.name]).to.deep.equal([1, 'step wait']);
    expect(outcome.record.generations[0]?.failedReason).to.equal(undefined);
  });

  it('ends the run without a verdict when main is silent', async () => {
    const steps = stepsOf('write: {writes: 5}', 'freeze', 'powerOff: {role: main}', 'wait: failed');
    const { exit, record } = await runOnEmulator({ scenario: steps });
    expect([exit, record.verdict, record.checks]).to.deep.equal([3, 'unavailable', []]);
    expect(record.reason).to.match(/^wait: line-silent/);
  });

  it('has to fail for the reason that is named', async () => {
    const failing = (reason: string) =>
      stepsOf('write: {writes: 9}', 'diskError: {area: staging, times: 1000000}', 'freeze', `wait: ${reason}`);
    const right = await runOnEmulator({ scenario: failing('{for: failed, reason: disk-error}') });
    expect([right.exit, right.record.checks[0]?.name]).to.deep.equal([0, 'generation 1 fails: disk-error']);
    const wrong = await runOnEmulator({ scenario: failing('{for: failed, reason: staging-full}') });
    expect([wrong.exit, failedChecks(wrong)[0]?.details]).to.deep.equal([1, 'reason: disk-error']);
  });
});

describe('an instruction that has to be refused', () => {
  it('is refused with the code that is named; any other one, and its being carried out, is told', () => {
    expect(refusalDetails(new RefusalError('not-ready', ''), 'not-ready')).to.deep.equal([]);
    expect(refusalDetails(new RefusalError('recovering', ''), 'not-ready')).to.deep.equal(['answer: recovering']);
    expect(refusalDetails(undefined, 'not-ready')).to.deep.equal(['answer: was carried out']);
  });

  it('has no verdict when nobody answers, or another protocol does, unless just that is expected', () => {
    for (const code of codes.filter((each) => refusals[each].exit >= 3)) {
      const error = new RefusalError(code, '');
      expect(thrownBy(() => refusalDetails(error, 'not-ready'))).to.equal(error);
      expect(refusalDetails(error, code)).to.deep.equal([]);
    }
  });

  it('ends the run without a verdict when main is off', async () => {
    const scenario = stepsOf('powerOff: {role: main}', 'expectRefused: {instruction: freeze, code: pair-suspended}');
    const { exit, record } = await runOnEmulator({ scenario });
    expect([exit, record.verdict, record.checks]).to.deep.equal([3, 'unavailable', []]);
    expect(record.reason).to.match(/^expectRefused: line-silent/);
  });
});
