/**
 * Looks for a plan that finds something wrong with the firmware that it was built with: random seeds of the whole bench,
 * every fourth time of the link alone, until a check fails or the budget is spent. Prints one line of JSON.
 *
 * `node dist/test/mutants/hunt.js PLANS-MAX [SHRINK-RUNS-MAX]`: a mutant's copy runs this, `campaign.ts` reads it.
 */
import { expandPlan } from '../../hil/simulate/expand.js';
import { defaultSettings, heldPair } from '../../hil/simulate/explore/subject.js';
import { type PureSteps, withPureSteps } from '../../hil/simulate/guard.js';
import { expandLinkPlan } from '../../hil/simulate/link/expand-link.js';
import type { LinkPlan } from '../../hil/simulate/link/link-plan.js';
import { runLinkPlan } from '../../hil/simulate/link/run-link.js';
import { shrinkLinkPlan } from '../../hil/simulate/link/shrink-link.js';
import type { CheckName } from '../../hil/simulate/oracle.js';
import type { Plan } from '../../hil/simulate/plan.js';
import type { PlanRunOptions } from '../../hil/simulate/run-plan.js';
import { isSameCheck, shrinkPlan } from '../../hil/simulate/shrink.js';

export type Hunted =
  | { readonly kind: 'survived'; readonly plans: number; readonly cpuMs: number }
  | {
      readonly kind: 'killed';
      readonly subject: 'pair' | 'link';
      readonly check: string;
      readonly detail: string;
      readonly seed: number;
      /** Plans that were run until one failed, that one included, and the processor time that this took. */
      readonly plans: number;
      readonly cpuMs: number;
      /** Shrunk. */
      readonly plan: Plan | LinkPlan;
      /** The check that finds it with this plan when the one that found it is switched off; none: nothing else does. */
      readonly otherwise?: string;
    };

/** One in so many plans is about the link alone. */
const linkEvery = 4;

function hunt(plansMax: number, runsMax: number, pure: PureSteps): Hunted {
  const began = process.cpuUsage();
  const cpuMs = () => {
    const { user, system } = process.cpuUsage(began);
    return Math.round((user + system) / 1000);
  };
  for (let plans = 1; plans <= plansMax; plans += 1) {
    const found = plans % linkEvery === 0 ? huntLink(plans) : huntPair(plans, pure);
    if (found === undefined) continue;
    const spent = { seed: plans, plans, cpuMs: cpuMs() };
    if (found.subject === 'link') {
      const { plan, violation } = shrinkLinkPlan(found.plan, firstOf);
      return { kind: 'killed', ...found, ...spent, plan, ...otherwise(firstOf(plan, violation.check)) };
    }
    const { plan, violation } = shrinkPlan(found.plan, { runsMax, run: (each, how) => firstOfPair(each, pure, how) });
    const { check, detail } = violation;
    const isOther = (name: CheckName) => !isSameCheck({ ...violation, check: name }, violation);
    const other = check === 'pure' ? undefined : firstOfPair(plan, pure, { checks: isOther });
    return { kind: 'killed', subject: 'pair', check, detail, ...spent, plan, ...otherwise(other) };
  }
  return { kind: 'survived', plans: plansMax, cpuMs: cpuMs() };
}

function otherwise(violation: { readonly check: string } | undefined): { readonly otherwise?: string } {
  return violation === undefined ? {} : { otherwise: violation.check };
}

/** The first check of the link that fails, but for this one. */
function firstOf(plan: LinkPlan, without?: string) {
  return runLinkPlan(plan).violations.find(({ check }) => check !== without);
}

/** The first check of a pair that fails; steps are held to be pure as well. */
function firstOfPair(plan: Plan, pure: PureSteps, how: PlanRunOptions = {}) {
  return heldPair(plan, how, defaultSettings, pure).violation;
}

function huntPair(seed: number, pure: PureSteps) {
  const plan = expandPlan(seed);
  const violation = firstOfPair(plan, pure);
  return violation === undefined ? undefined : { subject: 'pair' as const, ...violation, plan };
}

function huntLink(seed: number) {
  const plan = expandLinkPlan(seed);
  const violation = runLinkPlan(plan).violations[0];
  if (violation === undefined) return undefined;
  const { check, detail } = violation;
  return { subject: 'link' as const, check, detail, plan };
}

const [plansMax = '400', runsMax = '250'] = process.argv.slice(2);
const hunted = withPureSteps((pure) => hunt(Number(plansMax), Number(runsMax), pure));
process.stdout.write(`${JSON.stringify(hunted)}\n`);
