import { expect } from 'chai';
import { PlanAddresses, withFaultsMoved } from '../../../hil/simulate/plan-addresses.js';
import { smallPlan } from './small-plan.js';

/** A run in which main wrote to its primary area at these times. */
function runWithWrites(timesUs: readonly number[]): PlanAddresses {
  const addresses = new PlanAddresses();
  for (const atUs of timesUs) {
    addresses.commanded(atUs, 'main', 'primary0', { op: 'write', lba: 0, data: new Uint8Array(512) });
  }
  return addresses;
}

const stream = 'main primary0 write';

describe('addresses of a plan', () => {
  it('move to the number that came up at the same time in another run', () => {
    const before = runWithWrites([100, 200, 300, 400]);
    const after = runWithWrites([200, 400]);
    expect([2, 4].map((number) => before.moved(stream, number, after))).to.deep.equal([1, 2]);
  });

  it('move to the nearest time where that one is gone', () => {
    const before = runWithWrites([100, 200, 290]);
    const after = runWithWrites([90, 300]);
    expect([1, 2, 3].map((number) => before.moved(stream, number, after))).to.deep.equal([1, 2, 2]);
  });

  it('keep their place among those of one time', () => {
    const before = runWithWrites([100, 200, 200, 200]);
    const after = runWithWrites([200, 200]);
    expect([2, 3, 4].map((number) => before.moved(stream, number, after))).to.deep.equal([1, 2, 2]);
  });

  it('go to the last number when the other run ended before', () => {
    expect(runWithWrites([100, 900]).moved(stream, 2, runWithWrites([100, 200, 300]))).to.equal(3);
  });

  it('stay where they never came up', () => {
    expect(runWithWrites([100]).moved(stream, 7, runWithWrites([50, 100]))).to.equal(7);
    expect(runWithWrites([100]).moved(stream, 1, runWithWrites([]))).to.equal(1);
  });

  it('are counted apart by line and direction, disk and operation, and all together as effects of a site', () => {
    const [before, after] = [new PlanAddresses(), new PlanAddresses()];
    before.commanded(5, 'sub', 'meta', { op: 'read', lba: 0, sectors: 1 });
    for (const run of [before, after]) {
      run.sent(10, 'main', 'remote');
      run.sent(20, 'sub', 'remote');
      run.commanded(30, 'sub', 'staging0', { op: 'write', lba: 0, data: new Uint8Array(512) });
    }
    const survival = { sectors: 'none', torn: 'no', seed: 0 } as const;
    const plan = {
      ...smallPlan(
        [],
        [
          { kind: 'line', line: 'remote', direction: 'back', frame: 1, effect: { kind: 'dropFrame' } },
          { kind: 'disk', site: 'sub', disk: 'staging0', operation: 'write', nth: 1, effect: { kind: 'lose' } },
          { kind: 'power', who: 'sub', afterEffects: 3, offUs: 1, survival },
          { kind: 'pause', who: 'main', afterEffects: 1, us: 1 },
        ],
      ),
      crash: { site: 'sub' as const, afterEffects: 2, survival },
    };
    const moved = withFaultsMoved(plan, before, after);
    expect(moved).to.deep.equal({
      ...plan,
      faults: plan.faults.map((each) => (each.kind === 'power' ? { ...each, afterEffects: 2 } : each)),
      crash: { ...plan.crash, afterEffects: 1 },
    });
  });
});
