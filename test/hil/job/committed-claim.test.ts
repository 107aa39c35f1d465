import { expect } from 'chai';
import type { EmulatorBench } from '../../../hil/bench/emulator-bench.js';
import { type Claim, type ClaimOptions, claimLines } from '../../../hil/job/committed-claim.js';
import { failedChecks, runOnEmulator, stepsOf } from './scenario-run.js';

const nobody = () => Promise.reject(new Error('main is not asked'));
const linesOf = (claim: Partial<Claim>, options: Partial<ClaimOptions>) =>
  claimLines(
    { committed: 0, structured: 0, ...claim },
    { known: { committed: 0, structured: 0 }, made: [], askMain: nobody, ...options },
  );
const known = (committed: number, structured = 0) => ({ committed, structured });

describe('what a sub says that it has committed', () => {
  it('is one of the generations that were frozen, and none that is older than one that is known to be committed', async () => {
    const made = [1, 2, 3];
    expect(await linesOf({ committed: 2 }, { made, known: known(2) })).to.deep.equal([]);
    expect(await linesOf({ committed: 3 }, { made, known: known(2) })).to.deep.equal([]);
    expect(await linesOf({ committed: 1 }, { made, known: known(2) })).to.deep.equal([
      'the sub says generation 1; expected: generation 2, or one frozen since, 3',
    ]);
    expect(await linesOf({ committed: 0 }, { made, known: known(3) })).to.deep.equal([
      'the sub says generation 0; expected: generation 3',
    ]);
    expect(await linesOf({ committed: 4711 }, { made })).to.deep.equal([
      'the sub says generation 4711; expected: one of those frozen, 1, 2, 3',
    ]);
  });

  it('is nothing as long as no commit is known of', async () => {
    expect(await linesOf({}, { made: [1] })).to.deep.equal([]);
    expect(await linesOf({}, {})).to.deep.equal([]);
  });

  it('is structured once main has told so', async () => {
    const claimed = { committed: 2, structured: 1 };
    expect(await linesOf(claimed, { made: [1, 2], known: known(2, 1) })).to.deep.equal([]);
    expect(await linesOf(claimed, { made: [1, 2], known: known(2, 2) })).to.deep.equal([
      'the sub says that generation 1 is structured; main has told of generation 2',
    ]);
  });

  it('is of an earlier run only if main knows of it, and nothing of this run is committed', async () => {
    const askMain = async () => ({ frozen: 9, committed: 7 });
    for (const committed of [7, 8]) expect(await linesOf({ committed }, { made: [9], askMain })).to.deep.equal([]);
    expect(await linesOf({ committed: 9 }, { askMain })).to.deep.equal([]);
    for (const committed of [6, 10]) {
      expect(await linesOf({ committed }, { askMain })).to.deep.equal([
        `the sub says generation ${committed}; expected: none, nothing has been frozen; main has frozen generation 9 and knows generation 7 to be committed`,
      ]);
    }
    expect(await linesOf({ committed: 10 }, { made: [9], askMain: nobody })).to.have.length(1);
    expect(await linesOf({ committed: 7 }, { made: [9], known: known(9), askMain: nobody })).to.have.length(1);
  });
});

describe('a step that verifies', () => {
  const twice = [
    'write: {writes: 5}',
    'freeze',
    'wait: structured',
    'write: {writes: 5}',
    'freeze',
    'wait: structured',
  ];
  /** The sub answers each status with something else in it. */
  const telling = (other: Partial<Claim>) => (bench: EmulatorBench) => {
    const { subHost } = bench;
    const status = subHost.status.bind(subHost);
    subHost.status = async () => ({ ...(await status()), ...(other as object) });
  };
  const name = 'the generation that the sub has committed fits what was frozen and committed';
  const wrong: readonly (readonly [string, Partial<Claim>, string])[] = [
    ['never frozen', { committed: 4711 }, 'the sub says generation 4711; expected: generation 2'],
    ['older than the newest', { committed: 1 }, 'the sub says generation 1; expected: generation 2'],
    ['none', { committed: 0 }, 'the sub says generation 0; expected: generation 2'],
    [
      'not structured',
      { structured: 1 },
      'the sub says that generation 1 is structured; main has told of generation 2',
    ],
  ];
  for (const [what, told, details] of wrong) {
    it(`fails when the sub says that what it has committed is ${what}`, async () => {
      const outcome = await runOnEmulator({ scenario: stepsOf(...twice, 'verify'), prepare: telling(told) });
      expect(outcome.exit).to.equal(1);
      expect(failedChecks(outcome).map((check) => [check.name, check.details])).to.deep.equal([[name, details]]);
    });
  }

  it('is flaky when the sub says so only once', async () => {
    let looks = 0;
    const { exit, record } = await runOnEmulator({
      scenario: stepsOf(...twice, 'verify: {tries: 2}'),
      prepare: (bench) => {
        const { subHost } = bench;
        const status = subHost.status.bind(subHost);
        subHost.status = async () => {
          looks += 1;
          return { ...(await status()), ...((looks === 1 ? { committed: 1 } : {}) as object) };
        };
      },
    });
    const flaky = record.checks.filter(({ verdict }) => verdict === 'flaky');
    expect([exit, ...flaky.map((check) => check.name)]).to.deep.equal([0, name]);
  });

  it('asks a sub that has committed nothing whether it gives an image', async () => {
    const before = await runOnEmulator({ scenario: stepsOf('write: {writes: 5}', 'verify') });
    expect(before.exit).to.equal(0);
    expect(before.record.checks[0]?.name).to.equal('the sub gives no image before the first commit');
    const giving = await runOnEmulator({
      scenario: stepsOf('write: {writes: 5}', 'verify'),
      prepare: ({ subHost }) => {
        subHost.digests = async () => [];
      },
    });
    expect(failedChecks(giving).map(({ details }) => details)).to.deep.equal(['answer: digests']);
  });

  it('takes the image that is committed while it looks, not the one before', async () => {
    const { exit, record } = await runOnEmulator({
      scenario: stepsOf('write: {writes: 5}', 'freeze', 'wait: structured', 'write: {writes: 5}', 'freeze', 'verify'),
      prepare: (bench) => {
        const { subHost } = bench;
        const status = subHost.status.bind(subHost);
        let looks = 0;
        subHost.status = async () => {
          const told = await status();
          looks += 1;
          // The answer is on its way for so long that the next generation is committed when it arrives.
          if (looks === 1) await bench.host.wait(2, 'structured');
          return told;
        };
      },
    });
    expect([exit, record.checks.filter(({ verdict }) => verdict !== 'passed')]).to.deep.equal([0, []]);
    expect(record.checks.map((check) => check.name)).to.include('image 2 at the sub is what was frozen');
  });

  it('looks at a sub that has just got its power back once it has read its records', async () => {
    const { exit, record } = await runOnEmulator({
      scenario: stepsOf(...twice, 'powerOff: {role: sub, ms: 10}', 'verify'),
    });
    expect(exit).to.equal(0);
    expect(record.checks.map((check) => check.name)).to.include('image 2 at the sub is what was frozen');
  });
});

describe('a freeze', () => {
  const again = ['write: {writes: 5}', 'freeze', 'wait: structured', 'write: {writes: 5}', 'freeze'];

  it('fails when its generation has a number that was there already', async () => {
    const outcome = await runOnEmulator({
      scenario: stepsOf(...again),
      prepare: ({ host }) => {
        const freeze = host.freeze.bind(host);
        host.freeze = async (token) => ({ ...(await freeze(token)), generation: 1 as never });
      },
    });
    expect(failedChecks(outcome)[0]).to.deep.include({
      name: 'a freeze makes a new generation',
      details: 'it made generation 1; generation 1 was there already',
    });
  });

  it('fails when the sub gives neither the image before nor the new one', async () => {
    const outcome = await runOnEmulator({
      scenario: stepsOf(...again, 'wait: structured'),
      prepare: (bench) => {
        const { subHost } = bench;
        const [status, digests] = [subHost.status.bind(subHost), subHost.digests.bind(subHost)];
        subHost.status = async () => ({ ...(await status()), committed: 7 as never });
        subHost.digests = (volume, range) => digests(volume, { ...range, of: 7 });
      },
    });
    const [check] = failedChecks(outcome);
    expect(check?.name).to.equal('the sub gives image 1 until the next is committed');
    expect(check?.details).to.match(/^wrong-generation: .*; its status says generation 7$/);
  });

  it('holds the sub against the image before a generation that failed', async () => {
    const failing = ['diskError: {area: staging, times: 1000000}', 'freeze', 'wait: failed'];
    const mended = ['diskError: {area: staging, times: 0}', 'pass: 1000', 'resync', 'cut: {steps: [freeze]}'];
    const { exit, record } = await runOnEmulator({
      scenario: stepsOf(
        'write: {writes: 5}',
        'freeze',
        'wait: structured',
        'write: {writes: 5}',
        ...failing,
        ...mended,
      ),
    });
    const name = 'the sub gives image 1 until the next is committed';
    expect([exit, record.checks.filter((check) => check.name === name).length]).to.deep.equal([0, 2]);
  });
});

describe('a takeover', () => {
  it('fails with an image that is older than one that is known to be committed', async () => {
    const outcome = await runOnEmulator({
      scenario: stepsOf(
        ...['write: {writes: 5}', 'freeze', 'wait: structured', 'write: {writes: 5}', 'freeze', 'wait: structured'],
        'takeover: {force: true}',
      ),
      prepare: ({ subHost }) => {
        const takeover = subHost.takeover.bind(subHost);
        subHost.takeover = async (force) => ({ ...(await takeover(force)), generation: 1 as never });
      },
    });
    expect(failedChecks(outcome)[0]).to.deep.include({
      name: 'the sub takes over with the newest image that was committed',
      details: 'it takes over with generation 1; expected: generation 2',
    });
  });
});
