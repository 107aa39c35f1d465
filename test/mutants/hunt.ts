/**
 * Looks for a plan that finds something wrong with the firmware that it was built with: random seeds of the whole bench,
 * every fourth time of the link alone, until a check fails or the budget is spent; then goes on, to tell what it takes to find
 * it. Prints one line of JSON.
 *
 * `node dist/test/mutants/hunt.js PLANS-MAX [pair and link | link] [SHRINK-RUNS-MAX] [FURTHER-PLANS-MAX]`: a mutant's copy runs
 * this, `campaign.ts` reads it.
 */
import { expandPlan } from '../../hil/simulate/expand.js';
import { defaultSettings, heldPair } from '../../hil/simulate/explore/subject.js';
import { type PureSteps, withPureSteps } from '../../hil/simulate/guard.js';
import { expandLinkPlan } from '../../hil/simulate/link/expand-link.js';
import type { LinkPlan } from '../../hil/simulate/link/link-plan.js';
import { runLinkPlan } from '../../hil/simulate/link/run-link.js';
import { shrinkLinkPlan } from '../../hil/simulate/link/shrink-link.js';
import type { Plan } from '../../hil/simulate/plan.js';
import type { PlanRunOptions } from '../../hil/simulate/run-plan.js';
import { isSameCheck, shrinkPlan } from '../../hil/simulate/shrink.js';
import type { CheckName } from '../../hil/simulate/violation.js';
import { type Again, Needs } from './needs.js';

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
      /** Not known of what was hunted before this was measured. */
      readonly needs?: Needed;
    };

/** The checks and classes without which none of the plans that failed does, of so many that were run. */
export interface Needed {
  readonly checks: readonly string[];
  readonly classes: readonly string[];
  readonly plans: number;
  readonly failing: number;
}

/** So many plans that fail tell what it takes. */
const failingMax = 20;

interface Budget {
  /** One in so many plans is about the link alone. */
  readonly linkEvery: number;
  readonly plansMax: number;
  readonly runsMax: number;
  readonly furtherMax: number;
}

function hunt({ linkEvery, plansMax, runsMax, furtherMax }: Budget, pure: PureSteps): Hunted {
  const began = process.cpuUsage();
  const cpuMs = () => {
    const { user, system } = process.cpuUsage(began);
    return Math.round((user + system) / 1000);
  };
  for (let plans = 1; plans <= plansMax; plans += 1) {
    const found = plans % linkEvery === 0 ? huntLink(plans) : huntPair(plans, pure);
    if (found === undefined) continue;
    const times = { seed: plans, plans, cpuMs: cpuMs() };
    const spent = { ...times, needs: neededFrom(found, furtherMax, pure) };
    if (found.subject === 'link') {
      const { plan, violation } = shrinkLinkPlan(found.plan, firstOf);
      const { subject, check, detail } = found;
      return { kind: 'killed', subject, check, detail, ...spent, plan, ...otherwise(firstOf(plan, violation.check)) };
    }
    const { plan, violation } = shrinkPlan(found.plan, { runsMax, run: (each, how) => firstOfPair(each, pure, how) });
    const { check, detail } = violation;
    const isOther = (name: CheckName) => !isSameCheck({ ...violation, check: name }, violation);
    const other = check === 'pure' ? undefined : firstOfPair(plan, pure, { checks: isOther });
    return { kind: 'killed', subject: 'pair', check, detail, ...spent, plan, ...otherwise(other) };
  }
  return { kind: 'survived', plans: plansMax, cpuMs: cpuMs() };
}

/**
 * Goes on with the seeds behind it, of the same subject, until enough plans have failed or nothing is left that all of them
 * need.
 */
function neededFrom(found: Found, furtherMax: number, pure: PureSteps): Needed {
  const needs = new Needs((again) => isFailing(again, pure));
  needs.take(found);
  let plans = 1;
  for (; plans <= furtherMax && needs.failing < failingMax; plans += 1) {
    if (needs.checks.length + needs.classes.length === 0) break;
    const seed = found.plan.seed + plans;
    const next = found.subject === 'link' ? huntLink(seed) : huntPair(seed, pure);
    if (next !== undefined) needs.take(next);
  }
  const { checks, classes, failing } = needs;
  return { checks, classes, plans, failing };
}

function isFailing({ plan, withoutCheck, withoutLooks }: Again, pure: PureSteps): boolean {
  if ('subject' in plan) return firstOf(plan, withoutCheck) !== undefined;
  // Without this one a run in circles has no end, and nobody else is asked.
  if (withoutCheck === 'bounded') return false;
  const settings = { ...defaultSettings, withoutChecks: withoutCheck === undefined ? [] : [withoutCheck as CheckName] };
  return heldPair(plan, withoutLooks ? { crashEvery: 0 } : {}, settings, pure).violation !== undefined;
}

function otherwise(violation: { readonly check: string } | undefined): { readonly otherwise?: string } {
  return violation === undefined ? {} : { otherwise: violation.check };
}

/** The first check of the link that fails, but for this one. */
function firstOf(plan: LinkPlan, without?: string) {
  return runLinkPlan(plan, { checks: (check) => check !== without }).violations[0];
}

/** The first check of a pair that fails; steps are held to be pure as well. */
function firstOfPair(plan: Plan, pure: PureSteps, how: PlanRunOptions = {}) {
  return heldPair(plan, how, defaultSettings, pure).violation;
}

type Found = NonNullable<ReturnType<typeof huntPair> | ReturnType<typeof huntLink>>;

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

const [plansMax = '400', subject = 'pair and link', runsMax = '250', furtherMax = '400'] = process.argv.slice(2);
const budget: Budget = {
  linkEvery: subject === 'link' ? 1 : 4,
  plansMax: Number(plansMax),
  runsMax: Number(runsMax),
  furtherMax: Number(furtherMax),
};
const hunted = withPureSteps((pure) => hunt(budget, pure));
process.stdout.write(`${JSON.stringify(hunted)}\n`);
