import { expect } from 'chai';
import { expandPlan } from '../../../hil/simulate/expand.js';
import { owedTo } from '../../../hil/simulate/owed.js';
import type { DiskEffect, DiskFaultPlan, Fault, Plan } from '../../../hil/simulate/plan.js';

const error = (sense: 'medium' | 'hardware' | 'aborted' | 'busy' | 'notReady'): DiskEffect => ({
  kind: 'error',
  sense,
});
const at = (nth: number, effect: DiskEffect, disk = 'primary0'): DiskFaultPlan => {
  return { kind: 'disk', site: 'main', disk, operation: 'write', nth, effect };
};

/** What a plan with these faults of main's disks lets pass. */
function excused(faults: readonly DiskFaultPlan[]) {
  const plan: Plan = { ...expandPlan(1), operations: [], faults: [...faults] };
  const { mayBlame, mayHalt, mayLose } = owedTo(plan);
  return { mayBlame, mayLose, main: mayHalt('main'), sub: mayHalt('sub') };
}
const nothing = { mayBlame: false, mayLose: false, main: false, sub: false };
const refused = { mayBlame: true, mayLose: true, main: true, sub: false };

describe('what a plan is owed', () => {
  it('is all when errors pass as soon as a command is given again', () => {
    for (const sense of ['medium', 'hardware', 'aborted', 'busy'] as const) {
      expect(excused([at(1, error(sense)), at(2, error(sense))]), sense).to.deep.equal(nothing);
    }
    expect(excused([at(1, error('medium')), at(2, error('aborted')), at(66, error('hardware'))])).to.deep.equal(
      nothing,
    );
    const elsewhere = at(3, error('medium'), 'shadow0');
    expect(excused([at(1, error('medium')), at(2, error('medium')), elsewhere])).to.deep.equal(nothing);
  });

  it('is less when as many of them may meet one command as it is tried', () => {
    const three = [at(1, error('medium')), at(2, error('aborted')), at(64, error('hardware'))];
    expect(excused(three)).to.deep.equal(refused);
  });

  it('is less when one is for good', () => {
    expect(excused([at(1, error('notReady'))])).to.deep.equal(refused);
    expect(excused([at(1, { kind: 'sticky' })])).to.deep.equal(refused);
  });

  it('is all when a disk is busy or slow', () => {
    const busy = Array.from({ length: 9 }, (_, index) => at(1 + index, error('busy')));
    expect(excused([...busy, at(20, { kind: 'slow', us: 9 })])).to.deep.equal(nothing);
  });

  it('is less when staging may turn out full, and a power cut keeps main from hearing so', () => {
    const survival = { sectors: 'all', torn: 'no', seed: 0 } as const;
    const cut: Fault = { kind: 'power', who: 'sub', afterEffects: 9, offUs: 1, survival };
    const restarting = at(3, { kind: 'slow', us: 1, restarts: 'main' });
    const excusedFor = (stagingBlocks: number, ...faults: readonly Fault[]) => {
      const plan = expandPlan(1);
      const configuration = { ...plan.configuration, blockBytes: 512, volumeSectors: [8], stagingBlocks };
      const { mayLose, mayGiveUpUnheard } = owedTo({ ...plan, configuration, operations: [], faults: [...faults] });
      expect(mayLose, 'only for that').to.equal(false);
      return mayGiveUpUnheard;
    };
    expect([excusedFor(16, cut), excusedFor(15), excusedFor(15, cut), excusedFor(15, restarting)]).to.deep.equal([
      ...[false, false, true, true],
    ]);
  });
});
