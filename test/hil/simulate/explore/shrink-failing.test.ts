import { expect } from 'chai';
import type { ShrinkProgress } from '../../../../hil/simulate/explore/jobs.js';
import { shrinkFailing } from '../../../../hil/simulate/explore/shrink-failing.js';
import { defaultSettings, planOf, type Subject } from '../../../../hil/simulate/explore/subject.js';
import type { PureSteps } from '../../../../hil/simulate/guard.js';
import type { Plan } from '../../../../hil/simulate/plan.js';
import { runPlan } from '../../../../hil/simulate/run-plan.js';

/** A guard that takes a run for impure when this has happened in it. */
const offendedBy = (what: string): PureSteps => ({
  hold: (run) => {
    const value = run();
    const { coverage } = value as { coverage: ReadonlyMap<string, number> | Readonly<Record<string, number>> };
    const keys = coverage instanceof Map ? [...coverage.keys()] : Object.keys(coverage);
    if (!keys.some((key) => key.startsWith(what))) return { kind: 'pure', value };
    return { kind: 'impure', value, offence: { what, where: '' } };
  },
});

function shrink(subject: Subject, seed: number, what: string) {
  const plan = planOf(subject, seed, defaultSettings);
  const told: ShrinkProgress[] = [];
  const shrunk = shrinkFailing(
    { kind: 'shrink', plan, settings: defaultSettings, file: 'small.json' },
    offendedBy(what),
    (progress) => told.push(progress),
  );
  return { before: plan, told, ...shrunk };
}

function seedThatMeets(what: string): number {
  for (let seed = 1; ; seed += 1) {
    const { coverage } = runPlan(planOf('pair', seed, defaultSettings) as Plan, { crashEvery: 0 });
    if ([...coverage.keys()].some((key) => key.startsWith(what))) return seed;
  }
}

describe('shrinking of plans that fail', () => {
  it('leaves the one fault of a pair that matters, and says how it ran', () => {
    const { plan, runs, violation, settings, told, story } = shrink(
      'pair',
      seedThatMeets('line insertBytes'),
      'line insertBytes',
    );
    expect(plan.faults.map((fault) => 'effect' in fault && fault.effect.kind)).to.deep.equal(['insertBytes']);
    expect(violation).to.include({ check: 'pure', detail: 'reaches for line insertBytes' });
    expect(settings).to.deep.equal(defaultSettings);
    expect(story).to.include('replay: coldframe sim --replay small.json');
    expect(told).to.have.length.within(runs - 2, runs);
  });

  it('leaves what matters of a link', () => {
    const { before, plan, runs, violation, settings, told } = shrink('link', 21, 'applied flip');
    expect(before.faults).to.have.length.greaterThan(20);
    expect(plan.faults).to.have.length.within(1, 4);
    expect(plan.faults.map((fault) => 'effect' in fault && fault.effect.kind)).to.include('flip');
    expect(violation.check).to.equal('pure');
    expect(settings).to.deep.equal(defaultSettings);
    expect(told).to.have.length(runs - 1);
  });

  for (const subject of ['pair', 'link'] as const) {
    it(`does not take a plan of a ${subject} that does not fail`, () => {
      expect(() => shrink(subject, 4, 'moths')).to.throw(RangeError);
    });
  }
});
