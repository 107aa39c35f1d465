import { expect } from 'chai';
import { expandPlan } from '../../../hil/simulate/expand.js';
import { type Plan, planSchema } from '../../../hil/simulate/plan.js';
import { variantsOf } from '../../../hil/simulate/plan-variants.js';
import { runPlan } from '../../../hil/simulate/run-plan.js';
import { simplerConfigurations } from '../../../hil/simulate/simpler-configuration.js';
import { simplerFaults } from '../../../hil/simulate/simpler-fault.js';
import { closerOperations, simplerOperations } from '../../../hil/simulate/simpler-operations.js';
import { plansWithoutVolume, withinVolumes } from '../../../hil/simulate/simpler-volumes.js';
import { smallPlan, writeAt } from './small-plan.js';

const seeds = Array.from({ length: 10 }, (_, index) => index + 1);
const plans = seeds.map((seed) => expandPlan(seed));

const lostWrite = {
  kind: 'disk',
  site: 'main',
  disk: 'primary0',
  operation: 'write',
  effect: { kind: 'lose' },
} as const;

function expectPlan(plan: unknown): void {
  const { error } = planSchema.safeParse(plan);
  expect(error, JSON.stringify(plan)).to.equal(undefined);
}

/** The steps on from a value, always the first of the simpler ones; fails when they go in circles. */
function stepsFrom<T>(value: T, simpler: (value: T) => readonly T[]): number {
  const seen = new Set<string>();
  let [next] = simpler(value);
  for (; next !== undefined; [next] = simpler(next)) {
    expect(seen, 'steps on the way').not.to.include(JSON.stringify(next));
    seen.add(JSON.stringify(next));
  }
  return seen.size;
}

describe('simpler plans', () => {
  it('are plans', () => {
    for (const plan of plans) {
      const { configuration, operations, faults } = plan;
      for (const each of simplerConfigurations(configuration)) expectPlan({ ...plan, configuration: each, faults: [] });
      const simpler = operations.flatMap((each) => [...simplerOperations(each)]);
      expectPlan({ ...plan, operations: simpler, faults: faults.flatMap((each) => [...simplerFaults(each)]) });
      for (const index of operations.keys()) {
        for (const each of closerOperations(operations, index)) expectPlan({ ...plan, operations: each, faults: [] });
      }
      for (const each of [withinVolumes(plan), ...plansWithoutVolume(plan)]) expectPlan(each);
    }
  });

  it('are plans where nothing can be smaller', () => {
    const plan = smallPlan([writeAt(0, 0)], [{ ...lostWrite, nth: 1 }]);
    const configuration = { ...plan.configuration, volumeSectors: [1] };
    for (const each of simplerConfigurations(configuration)) expectPlan({ ...plan, configuration: each });
    for (const each of variantsOf(plan)) expectPlan(each);
  });

  it('end: nothing simpler leads back to what it came from', () => {
    for (const { operations, faults } of plans) {
      for (const each of faults) stepsFrom(each, simplerFaults);
      for (const each of operations) stepsFrom(each, simplerOperations);
    }
  });

  it('keep the method', () => {
    for (const { configuration } of plans) {
      for (const { method } of simplerConfigurations(configuration)) expect(method).to.equal(configuration.method);
    }
  });

  it('run as before when they are only written within their volumes', () => {
    for (const plan of plans.filter(({ operations }) => operations.length < 20).slice(0, 3)) {
      const [before, after] = [plan, withinVolumes(plan)].map((each) => runPlan(each, { trace: true, crashEvery: 0 }));
      expect(after?.traceHash).to.equal(before?.traceHash);
    }
  });

  it('have their faults on the disks of the volumes that stay', () => {
    const plan: Plan = {
      ...expandPlan(1),
      configuration: { ...expandPlan(1).configuration, volumeSectors: [1, 2, 3] },
      operations: [0, 1, 2].map((volume) => ({ kind: 'read', atUs: 0, volume })),
      faults: [0, 1, 2].map((volume) => ({ ...lostWrite, disk: `primary${volume}`, nth: 1 })),
    };
    const without = plansWithoutVolume(plan)[1];
    expect(without?.configuration.volumeSectors).to.deep.equal([1, 3]);
    expect(without?.operations.map((each) => 'volume' in each && each.volume)).to.deep.equal([0, 1]);
    expect(without?.faults.map((each) => each.kind === 'disk' && each.disk)).to.deep.equal(['primary0', 'primary1']);
  });

  it('vary by faults a little earlier and by times, never by more of anything', () => {
    const { operations, faults, ...rest } = expandPlan(2);
    const countOf = (operationsMax: number, faultsMax: number) => {
      const plan = { ...rest, operations: operations.slice(0, operationsMax), faults: faults.slice(0, faultsMax) };
      const variants = variantsOf(plan);
      for (const each of variants) {
        expectPlan(each);
        expect([each.operations.length, each.faults.length]).to.deep.equal([operationsMax, faultsMax]);
      }
      return variants.length;
    };
    expect([countOf(0, 1), countOf(0, 2), countOf(0, 3), countOf(0, 4)]).to.deep.equal([8, 24, 26, 0]);
    expect([countOf(9, 0), countOf(10, 0), countOf(9, 1)]).to.deep.equal([45, 0, 53]);
  });
});
