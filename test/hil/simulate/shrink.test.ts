import { expect } from 'chai';
import { expandPlan } from '../../../hil/simulate/expand.js';
import type { DiskFaultPlan, Fault, Operation, Plan } from '../../../hil/simulate/plan.js';
import { type FoundViolation, type PlanRunOptions, runPlan } from '../../../hil/simulate/run-plan.js';
import { shrinkPlan } from '../../../hil/simulate/shrink.js';
import { smallPlan, writeAt } from './small-plan.js';
import { withoutFlushes } from './unflushed-firmware.js';

const newest: FoundViolation = { check: 'newest', detail: '', atUs: 1000 };

function lostWrite(nth: number): DiskFaultPlan {
  return { kind: 'disk', site: 'main', disk: 'primary0', operation: 'write', nth, effect: { kind: 'lose' } };
}

/** A bench that only writes: fails when the write to sector 5 is lost. */
function runOfWrites({ operations, faults }: Plan, { witness }: PlanRunOptions): FoundViolation | undefined {
  const writes = operations.filter((each) => each.kind === 'write');
  for (const { atUs, sectors } of writes) {
    witness?.commanded?.(atUs, 'main', 'primary0', { op: 'write', lba: 0, data: new Uint8Array(sectors * 512) });
  }
  const isLost = writes.some(({ lba }, index) => {
    const fault = faults.find((each) => each.kind === 'disk' && each.nth === index + 1);
    if (fault !== undefined) witness?.applied?.(0, fault);
    return lba === 5 && fault !== undefined;
  });
  return isLost ? newest : undefined;
}

describe('a plan that fails and is shrunk', () => {
  it('keeps the operation and the fault that it takes, the fault with the number that it has then', () => {
    const operations = Array.from({ length: 20 }, (_, index) => writeAt(1000 * index, index === 15 ? 5 : 6));
    const faults: Fault[] = [3, 16, 18].map(lostWrite);
    const { plan } = shrinkPlan(smallPlan(operations, faults), { run: runOfWrites });
    expect(plan.operations).to.deep.equal([writeAt(0, 5)]);
    expect(plan.faults).to.deep.equal([lostWrite(1)]);
  });

  it('leaves out faults that met nothing with the first run', () => {
    const met = lostWrite(1);
    const unmet = Array.from({ length: 500 }, (_, index) => lostWrite(index + 2));
    const tried: number[] = [];
    shrinkPlan(smallPlan([writeAt(0, 5)], [met, ...unmet]), {
      run: (plan, how) => {
        tried.push(plan.faults.length);
        return runOfWrites(plan, how);
      },
    });
    expect(tried.slice(0, 2)).to.deep.equal([501, 1]);
  });

  it('fails in the same check, in the run itself or in a look at a power cut', () => {
    const checks = ['shown', 'crash newest', 'newest'] as const;
    const run = ({ operations }: Plan): FoundViolation | undefined => {
      const check = checks[operations.length];
      return check === undefined ? newest : { ...newest, check };
    };
    const { plan, violation } = shrinkPlan(smallPlan([writeAt(0, 0), writeAt(0, 1), writeAt(0, 2)]), { run });
    expect(plan.operations).to.have.length(1);
    expect(violation.check).to.equal('crash newest');
  });

  it('runs no plan twice, and stops when its runs are spent', () => {
    const seen = new Set<string>();
    const run = (plan: Plan): FoundViolation | undefined => {
      expect(seen, 'plans that have been run').not.to.include(JSON.stringify(plan));
      seen.add(JSON.stringify(plan));
      return plan.operations.length + plan.faults.length > 3 ? newest : undefined;
    };
    const plan = expandPlan(2);
    expect(shrinkPlan(plan, { run, runsMax: 20 }).runs).to.equal(20);
    seen.clear();
    const { plan: small, runs } = shrinkPlan(plan, { run });
    expect(small.operations.length + small.faults.length).to.equal(4);
    expect(runs).to.equal(seen.size);
  });

  it('tells of its progress', () => {
    const sizes: number[] = [];
    const operations = Array.from({ length: 4 }, (_, index) => writeAt(1000 * index, index + 2));
    shrinkPlan(smallPlan(operations, [lostWrite(4)]), {
      run: runOfWrites,
      onProgress: ({ operations, faults }) => sizes.push(operations + faults),
    });
    expect(sizes.at(-1)).to.equal(2);
  });

  it('is refused when it does not fail', () => {
    expect(() => shrinkPlan(smallPlan([]), { run: () => undefined })).to.throw(RangeError, 'does not fail');
  });

  it('gives up on plans that run much longer than the first one, unless that is what is wrong', () => {
    const boundsOf = (violation: FoundViolation) => {
      const bounds = new Set<number | undefined>();
      shrinkPlan(smallPlan([writeAt(0, 0)]), {
        run: (_, { stepsMax, witness }) => {
          for (let step = 0; step < 10; step += 1) witness?.stepped?.(0, 'main', { kind: 'timer' });
          bounds.add(stepsMax);
          return violation;
        },
        runsMax: 3,
      });
      return [...bounds];
    };
    expect(boundsOf(newest)).to.deep.equal([undefined, 20_200]);
    expect(boundsOf({ ...newest, check: 'alive' })).to.deep.equal([undefined]);
  });
});

describe('a plan that fails on broken firmware', () => {
  // Staging is never flushed: what is acknowledged as stored is lost by a power cut at the sub.
  const operations: Operation[] = [0, 1, 2, 3].map((lba) => writeAt(10_000 * lba, lba));
  const stall: Fault = { kind: 'line', line: 'host', direction: 'there', frame: 9, effect: { kind: 'stall', us: 10 } };
  const failing = smallPlan([...operations, { kind: 'freeze', atUs: 50_000 }], [stall]);

  it('becomes a write and a named power cut, replays alone, and passes on the right firmware', () => {
    const run = (plan: Plan, how: PlanRunOptions) => runPlan(plan, { crashEvery: 1, ...how }).violation;
    const { plan, violation } = withoutFlushes('staging', () => shrinkPlan(failing, { run }));
    expect(violation.check).to.equal('crash shown');
    expect(plan.operations.map(({ kind }) => kind)).to.deep.equal(['write']);
    expect(plan.faults).to.deep.equal([]);
    expect(plan.crash).to.deep.include({ site: 'sub', survival: { sectors: 'none', torn: 'no', seed: 0 } });
    expect(plan.crash?.afterEffects).to.be.a('number');
    const again = withoutFlushes('staging', () => runPlan(plan));
    expect(again.violation).to.deep.equal(violation);
    expect(again.crashImages).to.equal(1);
    expect(runPlan(plan).violation).to.equal(undefined);
  });
});
