import { expect } from 'chai';
import { expandPlan } from '../../../hil/simulate/expand.js';
import { type Configuration, type Plan, planSchema } from '../../../hil/simulate/plan.js';
import { PlanRun } from '../../../hil/simulate/run-plan.js';
import { simplerConfigurations } from '../../../hil/simulate/simpler-configuration.js';
import { tellStory } from '../../../hil/simulate/story.js';
import { smallPlan } from './small-plan.js';

/** Eight sectors written, and frozen. */
function planWith(windows?: Configuration['windows']): Plan {
  const plan = smallPlan([
    { kind: 'write', atUs: 0, volume: 0, lba: 0, sectors: 8 },
    { kind: 'freeze', atUs: 100_000 },
  ]);
  return windows === undefined ? plan : { ...plan, configuration: { ...plan.configuration, windows } };
}

/** Bytes from main to sub, when nothing was found wrong. */
function carriedBy(plan: Plan): number {
  const run = new PlanRun(plan);
  expect(run.run().violation).to.equal(undefined);
  return run.bench.lines.remote.counts()[0].carriedBytes;
}

describe('plans with compression', () => {
  it('send less where both controllers have a window, and the same where one has none', () => {
    const plain = carriedBy(planWith());
    expect(carriedBy(planWith({ main: 9, sub: 15 }))).to.be.below(plain - 2000);
    expect(carriedBy(planWith({ main: 15, sub: 0 }))).to.equal(plain);
    expect(carriedBy(planWith({ main: 0, sub: 15 }))).to.equal(plain);
  });

  it('say so in their story', () => {
    expect(tellStory(planWith({ main: 0, sub: 12 }))).to.include('windows of main none, of the sub 2^12');
    expect(tellStory(planWith())).not.to.include('windows');
  });

  it('are shrunk to plans without, first of all', () => {
    const { configuration } = planWith({ main: 15, sub: 12 });
    expect(simplerConfigurations(configuration)[0]).to.deep.equal(planWith().configuration);
  });

  it('have windows that zlib has, or none', () => {
    expect(planSchema.safeParse(planWith({ main: 0, sub: 9 })).success).to.equal(true);
    for (const main of [8, 16]) expect(planSchema.safeParse(planWith({ main, sub: 0 })).success).to.equal(false);
  });

  it('are some of what seeds expand to', () => {
    const all = Array.from({ length: 300 }, (_, seed) => expandPlan(seed).configuration.windows);
    const both = all.filter((windows) => windows !== undefined && windows.main > 0 && windows.sub > 0);
    expect(all.filter((windows) => windows !== undefined).length).to.be.within(30, 75);
    expect(both.length).to.be.greaterThan(15);
  });
});
