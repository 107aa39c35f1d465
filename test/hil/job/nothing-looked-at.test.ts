import { expect } from 'chai';
import { RefusalError } from '../../../protocol/refusals.js';
import { failedChecks, runOnEmulator, stepsOf } from './scenario-run.js';

const frozen = ['write: {writes: 5}', 'freeze', 'wait: structured'];
const namesOf = ({ record }: Awaited<ReturnType<typeof runOnEmulator>>) => record.checks.map(({ name }) => name);

describe('a scenario without a step that verifies', () => {
  it('looks at both sides in the end, whatever has been checked before', async () => {
    for (const before of [[], ['expectRefused: {instruction: resync, code: pair-not-suspended}']]) {
      const outcome = await runOnEmulator({ scenario: stepsOf(...frozen, ...before) });
      expect(outcome.exit).to.equal(0);
      expect(namesOf(outcome)).to.include.members([
        'image 1 at the sub is what was frozen',
        'main gives the newest writes after freeze 1',
      ]);
    }
  });

  it('fails when the sub gives a wrong image then', async () => {
    const outcome = await runOnEmulator({
      scenario: stepsOf(...frozen, 'expectRefused: {instruction: resync, code: pair-not-suspended}'),
      prepare: (bench) =>
        bench.onMark(({ name, role }) => {
          const disk = bench.emulated.subDisks.get('secondary0');
          if (name !== 'structured' || role !== 'sub') return;
          disk?.store.apply({ writes: [{ offset: 0, data: Buffer.alloc(256 * 1024, 0xee) }], punches: [] });
        }),
    });
    expect(outcome.exit).to.equal(1);
    expect(failedChecks(outcome)[0]?.name).to.equal('image 1 at the sub is what was frozen');
  });

  it('does not wait for a side that it leaves without power', async () => {
    const refused = 'expectRefused: {instruction: resync, code: pair-not-suspended}';
    const outcome = await runOnEmulator({ scenario: stepsOf(...frozen, 'powerOff: {role: sub}', refused) });
    expect([outcome.exit, namesOf(outcome)]).to.deep.equal([0, ['resync is refused: pair-not-suspended']]);
  });
});

describe('a check that failed', () => {
  it('is the verdict although the bench is lost afterwards', async () => {
    const wrong = 'expectRefused: {instruction: resync, code: pair-suspended}';
    const outcome = await runOnEmulator({ scenario: stepsOf(...frozen, wrong, 'powerOff: {role: main}', 'freeze') });
    expect([outcome.exit, outcome.record.verdict]).to.deep.equal([1, 'failed']);
    const [first, lost] = failedChecks(outcome);
    expect(first?.name).to.equal('resync is refused: pair-suspended');
    expect(lost?.name).to.equal('step freeze');
    expect(lost?.details).to.match(/^line-silent: /);
  });
});

describe('overwriteInFlight', () => {
  for (const [what, before] of [
    ['nothing has been frozen', ['write: {writes: 5}']],
    ['nothing was written before the freeze', [...frozen, 'freeze']],
  ] as const) {
    it(`is refused as a mistake of the scenario when ${what}`, async () => {
      const error = await runOnEmulator({ scenario: stepsOf(...before, 'overwriteInFlight: {writes: 3}') }).catch(
        (caught: unknown) => caught,
      );
      expect(error).to.be.instanceOf(RefusalError).with.nested.property('refusal.code', 'configuration-invalid');
    });
  }

  it('says so when the generation has been committed before it', async () => {
    const run = (...before: readonly string[]) =>
      runOnEmulator({ scenario: stepsOf(...before, 'overwriteInFlight: {writes: 3}') });
    const [late, right] = [await run(...frozen), await run('write: {writes: 5}', 'cut: {steps: [freeze]}')];
    const textOf = ({ record }: typeof late) => record.events.findLast(({ kind }) => kind === 'write')?.text;
    expect(textOf(late)).to.equal('3 writes to blocks of generation 1, which has been committed');
    expect(textOf(right)).to.equal('3 writes to blocks that are being sent');
  });
});
