/** What hosts ask and change nothing by: each answer is held against the truth, and each check can fail. */
import { expect } from 'chai';
import type { Operation } from '../../../hil/simulate/plan.js';
import { PlanRun, runPlan } from '../../../hil/simulate/run-plan.js';
import type { CheckName } from '../../../hil/simulate/violation.js';
import { smallPlan, writeAt } from './small-plan.js';

const freezeAt = (atUs: number): Operation => ({ kind: 'freeze', atUs });
const takeover: Operation = { kind: 'takeover', atUs: 300_000, force: true };
const digestsOf = (site: 'main' | 'sub', atUs: number): Operation => ({
  ...{ kind: 'digests', atUs, site, volume: 0, partBlocks: 3 },
});
const look = (atUs: number): Operation => ({ kind: 'look', atUs, volume: 0 });

/** What this check finds, alone, where the truth of sector 3 becomes another at this time. */
function found(check: CheckName, operations: readonly Operation[], { atUs, of }: { atUs: number; of: 'main' | 'sub' }) {
  const run = new PlanRun(smallPlan([writeAt(0, 3), freezeAt(100_000), ...operations]), {
    checks: (each) => each === check,
    witness: {
      stepped: (nowUs) => {
        const truth = of === 'main' ? run.oracle.mainTruth : run.oracle.shownTruth;
        if (nowUs >= atUs) truth?.settle({ volume: 0, from: 3, end: 4 }, 99);
      },
    },
  });
  return run.run().violation?.detail;
}

describe('what hosts ask', () => {
  it('is answered rightly by both sides, before and after a takeover', () => {
    const asked = (atUs: number) => [
      ...[digestsOf('main', atUs), digestsOf('sub', atUs), look(atUs), { kind: 'read' as const, atUs, volume: 0 }],
      { kind: 'verify' as const, atUs, volume: 0, lba: 1, sectors: 5 },
      ...(['main', 'sub'] as const).map((site) => ({
        kind: 'wait' as const,
        atUs,
        site,
        target: 'structured' as const,
      })),
    ];
    const operations = [writeAt(0, 3), freezeAt(100_000), ...asked(200_000), takeover, writeAt(350_000, 4)];
    const { violation } = runPlan(smallPlan([...operations, ...asked(400_000)]));
    expect(violation).to.equal(undefined);
  });

  it('is found out where digests are of something else', () => {
    const told = (site: string) => `answer: ${site} tells digests of volume 0 that are of something else`;
    const [main, sub] = [digestsOf('main', 200_000), digestsOf('sub', 200_000)];
    expect(found('answer', [main], { atUs: 100_000, of: 'main' })).to.equal(told('main'));
    expect(found('answer', [sub], { atUs: 100_000, of: 'sub' })).to.equal(told('sub'));
    expect(found('answer', [main], { atUs: 100_000, of: 'sub' })).to.equal(undefined);
  });

  it('is found out where a sub that has taken over gives something else', () => {
    expect(found('read', [takeover, look(400_000)], { atUs: 300_000, of: 'sub' })).to.equal(
      'read: sub, volume 0, sector 3 holds write 1, not write 99',
    );
  });
});
