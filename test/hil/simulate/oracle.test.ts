import { expect } from 'chai';
import { type Progress, Waiters } from '../../../firmware-sim/controller/waiters.js';
import { FreezeTaker } from '../../../firmware-sim/main/freeze-taker.js';
import { MainCore } from '../../../firmware-sim/main/main-core.js';
import { PairSession } from '../../../firmware-sim/main/pair-session.js';
import type { Fault, Operation, Plan, Site } from '../../../hil/simulate/plan.js';
import { runPlan } from '../../../hil/simulate/run-plan.js';
import { generation } from '../../../protocol/ids.js';
import { smallPlan, writeAt } from './small-plan.js';

/** What the oracle says of a plan while a method of the firmware is another. */
function foundWith<Of extends object, Name extends keyof Of>(
  prototype: Of,
  name: Name,
  other: (original: Of[Name]) => Of[Name],
  plan: Plan,
): string | undefined {
  expect(runPlan(plan).violation, 'with the firmware as it is').to.equal(undefined);
  const original = prototype[name];
  prototype[name] = other(original);
  try {
    return runPlan(plan).violation?.detail;
  } finally {
    prototype[name] = original;
  }
}

const restarted = (who: Site, afterEffects: number): Fault => ({
  ...{ kind: 'power', who, afterEffects, offUs: 1000, disksStayOn: true },
  survival: { sectors: 'all', torn: 'no', seed: 0 },
});
/** The sub takes its time to stage the first block. */
const slowDisk: Fault = {
  ...{ kind: 'disk', site: 'sub', disk: 'staging0', operation: 'write', nth: 2 },
  effect: { kind: 'slow', us: 100_000 },
};
const frozen: readonly Operation[] = [writeAt(0, 1), { kind: 'freeze', atUs: 100_000 }];

describe('the oracle', () => {
  it('finds out that a host is told of a commit before it is one', () => {
    const early = (take: Waiters['take']): Waiters['take'] =>
      function (this: Waiters, progress: Progress) {
        return take.call(this, { ...progress, committed: generation(progress.committed + 1) });
      };
    const operations: Operation[] = [...frozen, { kind: 'freeze', atUs: 100_100, follows: true }];
    const found = foundWith(Waiters.prototype, 'take', early, smallPlan(operations, [slowDisk]));
    expect(found).to.equal('answer: generation 1 is told to be committed, and 0 is the newest that is');
  });

  it('finds out that one freeze makes two generations', () => {
    // Its answer is on a slow line while the generation is sent and committed.
    const found = Array.from({ length: 16 }, (_, index) => {
      const plan = smallPlan(frozen, [restarted('main', 20 + index)]);
      const configuration = { ...plan.configuration, hostLine: { baud: 0, latencyUs: 20_000 } };
      return foundWith(FreezeTaker.prototype, 'isRepeated', () => () => false, { ...plan, configuration });
    });
    expect(found).to.include('answer: one freeze has made generation 1 and generation 2');
  });

  it('finds out that a generation fails for a reason that nothing gives', () => {
    const cores: MainCore[] = [];
    const { pump } = MainCore.prototype;
    MainCore.prototype.pump = function (nowUs) {
      cores[0] = this;
      pump.call(this, nowUs);
    };
    const givingUp = (closed: PairSession['closed']): PairSession['closed'] =>
      function (this: PairSession) {
        closed.call(this);
        cores[0]?.failGeneration('staging-full', '');
      };
    try {
      const found = Array.from({ length: 20 }, (_, index) =>
        foundWith(PairSession.prototype, 'closed', givingUp, smallPlan(frozen, [restarted('sub', 20 + index)])),
      );
      expect(found).to.include('failed: generation 1 fails: staging-full');
    } finally {
      MainCore.prototype.pump = pump;
    }
  });
});
