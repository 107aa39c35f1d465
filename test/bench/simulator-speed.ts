/** How much a second of one core simulates: events, scenarios, crash images, and time on a slow line. */
import { expandPlan } from '../../hil/simulate/expand.js';
import { defaultSettings, planOf, runSubject } from '../../hil/simulate/explore/subject.js';
import { withPureSteps } from '../../hil/simulate/guard.js';
import type { Plan } from '../../hil/simulate/plan.js';
import { PlanRun, type PlanRunOptions, runPlan } from '../../hil/simulate/run-plan.js';
import { methods } from '../../protocol/ids.js';
import { busyPlan } from './busy-plan.js';
import { perSecond, processorSeconds } from './processor-time.js';
import type { Row } from './row.js';

/** Processor time of each figure, and of what goes before it until the engine has compiled what is hot. */
const secondsMeasured = 4;
const secondsWarm = 3;
const operationCount = 4000;
const seeds = 40;

export function simulatorSpeed(): Row[] {
  const { events, steps, byMethod, shares } = uncheckedSpeed();
  const faultFree = seedsOf((seed) => expandPlan(seed, { allows: () => false }));
  const faulted = seedsOf((seed) => expandPlan(seed));
  return [
    {
      ...{ name: 'firmware events a second and core, checks off', value: events, unit: '1/s' },
      limit: { at: 'least', value: 500_000 },
      beside: [
        `${byMethod}; frames, ends of disk commands and timers that ${shares} took`,
        `of host writes of one block, one at a time, and a freeze after each 99; nothing takes time`,
        `${steps.toFixed(0)} kernel steps`,
      ].join('; '),
    },
    {
      ...{ name: 'the same with all checks, fault-free plans', value: eventsOf(faultFree), unit: '1/s' },
      beside: `seeds 1 to ${seeds}, one crash image for 8 disk commands`,
    },
    {
      ...{ name: 'the same with all checks, plans with faults', value: eventsOf(faulted), unit: '1/s' },
      beside: `without crash images ${eventsOf(faulted, { crashEvery: 0 }).toFixed(0)}`,
    },
    scenarios('pair'),
    scenarios('link'),
    crashImages(faulted),
  ];
}

/** Each method alone, and all of them one after the other. */
function uncheckedSpeed() {
  const plans = methods.map((method) => busyPlan(method, operationCount));
  const speeds = plans.map((plan) => {
    perSecond(secondsWarm, () => unchecked(plan).events);
    let steps = 0;
    const events = perSecond(secondsMeasured, () => {
      const run = unchecked(plan);
      steps += run.steps;
      return run.events;
    });
    return { events, steps: steps / secondsMeasured };
  });
  const mean = (each: 'events' | 'steps') => speeds.reduce((sum, speed) => sum + speed[each], 0) / speeds.length;
  const byMethod = speeds.map(({ events }, index) => `${methods[index]} ${events.toFixed(0)}`).join(', ');
  return { events: mean('events'), steps: mean('steps'), byMethod, shares: sharesOf(plans) };
}

/** Who takes the events of these plans, and how many of them in percent; a host without a part in it is left out. */
function sharesOf(plans: readonly Plan[]): string {
  const counts = new Map<string, number>();
  const stepped = (_: number, device: string) => counts.set(device, (counts.get(device) ?? 0) + 1);
  let events = 0;
  for (const plan of plans) events += new PlanRun(plan, { unchecked: true, witness: { stepped } }).run().events;
  const shares = [...counts].filter(([, count]) => count > events / 1000);
  return shares.map(([device, count]) => `${device} (${((100 * count) / events).toFixed(0)} %)`).join(', ');
}

function unchecked(plan: Plan): { readonly events: number; readonly steps: number } {
  const run = new PlanRun(plan, { unchecked: true });
  const { violation, events } = run.run();
  if (violation !== undefined) throw new Error(`${violation.check}: ${violation.detail}`);
  return { events, steps: run.bench.kernel.steps };
}

function seedsOf(planOfSeed: (seed: number) => Plan): readonly Plan[] {
  return Array.from({ length: seeds }, (_, index) => planOfSeed(index + 1));
}

/** Events a second over all of these plans, as often as they fit. */
function eventsOf(plans: readonly Plan[], options: PlanRunOptions = {}): number {
  const work = () => plans.reduce((sum, plan) => sum + runPlan(plan, options).events, 0);
  work();
  return perSecond(secondsMeasured, work);
}

/** Whole scenarios as `coldframe sim` runs them, trace and purity included. */
function scenarios(subject: 'pair' | 'link'): Row {
  return withPureSteps((pure) => {
    const work = () => {
      for (let seed = 1; seed <= seeds; seed += 1) {
        runSubject(planOf(subject, seed, defaultSettings), defaultSettings, pure);
      }
      return seeds;
    };
    work();
    const value = perSecond(secondsMeasured, work);
    const name = subject === 'pair' ? 'whole scenarios with faults a second and core' : 'link plans a second and core';
    return { name, value, unit: '1/s', beside: `seeds 1 to ${seeds}, from the seed to the verdict` };
  });
}

/** What looking at a crash image adds to a run, from the disks to the verdict of the oracle. */
function crashImages(plans: readonly Plan[]): Row {
  const seconds = (crashEvery: number) => {
    let images = 0;
    const took = processorSeconds(() => {
      for (const plan of plans) images += runPlan(plan, { crashEvery }).crashImages;
    });
    return { took, images };
  };
  seconds(1);
  const without = seconds(0);
  const each = seconds(1);
  return {
    ...{ name: 'crash images checked a second and core', value: each.images / (each.took - without.took), unit: '1/s' },
    beside: `${each.images} of ${plans.length} plans, one for each disk command`,
  };
}
