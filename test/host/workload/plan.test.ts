import { expect } from 'chai';
import fc from 'fast-check';
import { type Operation, planDefaults, profiles, type WorkloadPlan, workload } from '../../../host/workload/plan.js';

const plan: WorkloadPlan = {
  ...planDefaults,
  profile: 'random',
  seed: 42,
  volumes: [2 ** 26],
  blockBytes: 4096,
  operations: 3000,
};
const run = (changes: Partial<WorkloadPlan>): Operation[] => [...workload({ ...plan, ...changes })];
const blockOf = ({ offsetBytes }: Operation): number => Math.floor(offsetBytes / 4096);

describe('workload', () => {
  it('is the same for the same seed and another one for another', () => {
    expect(run({})).to.deep.equal(run({}));
    expect(run({ seed: 43 })).to.not.deep.equal(run({}));
  });

  it('keeps every operation inside its volume, in whole sectors, for any plan', () => {
    const plans = fc.record({
      profile: fc.constantFrom(...profiles),
      seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      volumes: fc.array(
        fc.integer({ min: 1, max: 600 }).map((blocks) => blocks * 4096),
        { minLength: 1, maxLength: 8 },
      ),
      runBlocksMax: fc.integer({ min: 1, max: 256 }),
      partialPercent: fc.integer({ min: 0, max: 100 }),
      unmapPercent: fc.integer({ min: 0, max: 100 }),
    });
    fc.assert(
      fc.property(plans, (changes) => {
        const operations = run({ ...changes, operations: 200 });
        expect(operations.map(({ number }) => number)).to.deep.equal(Array.from({ length: 200 }, (_, i) => i + 1));
        for (const { volume, offsetBytes, lengthBytes } of operations) {
          expect([offsetBytes % 512, lengthBytes % 512, Math.min(0, offsetBytes)]).to.deep.equal([0, 0, 0]);
          expect(lengthBytes).to.be.at.least(512);
          expect(offsetBytes + lengthBytes).to.be.at.most(changes.volumes[volume] ?? 0);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('sequential: each operation of a volume begins where the one before has ended, or at the beginning', () => {
    const next = [0, 0];
    const volumes = [2 ** 22, 2 ** 21];
    for (const { volume, offsetBytes, lengthBytes } of run({ profile: 'sequential', volumes })) {
      expect(offsetBytes).to.equal(next[volume]);
      next[volume] = (offsetBytes + lengthBytes) % (volumes[volume] ?? 1);
    }
  });

  it('random: reaches all parts of the volume about evenly', () => {
    const eighths = new Array<number>(8).fill(0);
    for (const operation of run({})) {
      const eighth = Math.floor(blockOf(operation) / 2048);
      eighths[eighth] = (eighths[eighth] ?? 0) + 1;
    }
    for (const times of eighths) expect(times).to.be.within(300, 450);
  });

  it('hot-spot: a tenth of the blocks that are touched takes more than half of the operations', () => {
    const times = new Map<number, number>();
    for (const operation of run({ profile: 'hot-spot' })) {
      times.set(blockOf(operation), (times.get(blockOf(operation)) ?? 0) + 1);
    }
    const busiest = [...times.values()].sort((a, b) => b - a);
    const hot = busiest.slice(0, Math.ceil(busiest.length / 10)).reduce((sum, count) => sum + count, 0);
    expect(hot).to.be.above(1500);
    const spread = new Set([...times.keys()].map((block) => Math.floor(block / 2048)));
    expect(spread.size).to.equal(8);
  });

  it('overwrite-in-flight: bursts touch the block of the operation before, and only these are sent without waiting', () => {
    const operations = run({ profile: 'overwrite-in-flight' });
    const burst = operations.filter(({ inFlight }) => inFlight);
    expect(burst.length).to.be.within(1800, 2200);
    for (const operation of burst) {
      const before = operations[operation.number - 2];
      expect(before && blockOf(before)).to.equal(blockOf(operation));
    }
    expect(run({ profile: 'hot-spot' }).some(({ inFlight }) => inFlight)).to.equal(false);
  });

  it('touches parts of blocks, and unmaps, as often as told', () => {
    const operations = run({ partialPercent: 30, unmapPercent: 10 });
    expect(operations.filter(({ kind }) => kind === 'unmap').length).to.be.within(240, 360);
    const partial = operations.filter(({ offsetBytes, lengthBytes }) => offsetBytes % 4096 || lengthBytes % 4096);
    expect(partial.length).to.be.within(700, 950);
    expect(run({ partialPercent: 0 }).every(({ lengthBytes }) => lengthBytes % 4096 === 0)).to.equal(true);
  });
});
