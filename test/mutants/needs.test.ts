import { expect } from 'chai';
import { expandPlan } from '../../hil/simulate/expand.js';
import { expandLinkPlan } from '../../hil/simulate/link/expand-link.js';
import type { LinkPlan } from '../../hil/simulate/link/link-plan.js';
import type { Crash, Plan } from '../../hil/simulate/plan.js';
import { type Again, classesOf, Needs } from './needs.js';

const linkPlan: LinkPlan = {
  ...expandLinkPlan(1),
  operations: [{ kind: 'restart', atUs: 0, side: 'a', offUs: 1 }],
  faults: [
    { direction: 'there', frame: 1, effect: { kind: 'stall', us: 1 } },
    { direction: 'there', frame: 2, effect: { kind: 'staleOpen', opensAgo: 1 } },
    { direction: 'back', frame: 2, effect: { kind: 'unseal' } },
  ],
};
const plan: Plan = {
  ...expandPlan(1),
  operations: [],
  faults: [
    { kind: 'pause', who: 'main', afterEffects: 1, us: 1 },
    { kind: 'pause', who: 'sub', afterEffects: 1, us: 1 },
  ],
};
const survival = { sectors: 'none', torn: 'no', seed: 0 } as const;
const crash: Crash = { site: 'main', afterEffects: 1, survival, again: { afterCommands: 1, survival } };

describe('what it takes to find a mutant', () => {
  it('is told in classes, each once, with the looks at power cuts', () => {
    expect(classesOf(linkPlan, undefined)).to.deep.equal(['line stall', 'line stale', 'tampering', 'link restart']);
    expect(classesOf(plan, crash)).to.deep.equal(['pause', 'look at a power cut', 'look at a second cut']);
  });

  it('is the check and the classes without which a plan passes', () => {
    const runs: Again[] = [];
    const needs = new Needs((again) => {
      runs.push(again);
      return again.withoutCheck === undefined && again.plan.faults.some((each) => 'us' in each);
    });
    needs.take({ plan, check: 'alive', crash });
    expect(needs.checks).to.deep.equal(['alive']);
    expect(needs.classes).to.deep.equal(['pause']);
    expect(runs.map(({ plan: { faults } }) => faults.length)).to.deep.equal([2, 0, 2, 2]);
    expect(runs.map(({ withoutLooks }) => withoutLooks)).to.deep.equal([undefined, undefined, true, undefined]);
  });

  it('is what all plans need that fail', () => {
    const needs = new Needs(() => false);
    needs.take({ plan: linkPlan, check: 'loss' });
    expect([needs.checks, needs.classes.length]).to.deep.equal([['loss'], 4]);
    needs.take({ plan: { ...linkPlan, operations: [], faults: linkPlan.faults.slice(0, 1) }, check: 'live' });
    expect([needs.checks, needs.classes, needs.failing]).to.deep.equal([[], ['line stall'], 2]);
  });
});
