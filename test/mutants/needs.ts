/**
 * What it takes to find a mutant: the checks and the classes of faults without which no plan of a stretch of seeds fails.
 * Each plan that fails runs again with each of them switched off.
 */
import { faultClassOf } from '../../hil/simulate/coverage.js';
import type { LinkPlan } from '../../hil/simulate/link/link-plan.js';
import { isTampering } from '../../hil/simulate/link/tampering-wire.js';
import type { Crash, Plan } from '../../hil/simulate/plan.js';

/** What a look at a power cut may have besides it. */
export const looks = ['look at a power cut', 'look at a second cut', 'look at a rotten byte'] as const;

/** A plan that fails, by which check, and at which look at a power cut. */
export interface Failing {
  readonly plan: Plan | LinkPlan;
  readonly check: string;
  readonly crash?: Crash | undefined;
}

/** How a plan is to run once more. */
export interface Again {
  readonly plan: Plan | LinkPlan;
  readonly withoutCheck?: string;
  /** No look at any power cut. */
  readonly withoutLooks?: true;
}

export class Needs {
  readonly #fails: (again: Again) => boolean;
  #checks: string[] | undefined;
  #classes: string[] | undefined;
  #failing = 0;

  /** `fails` runs a plan so. */
  constructor(fails: (again: Again) => boolean) {
    this.#fails = fails;
  }

  /** What every plan so far needed. */
  get checks(): readonly string[] {
    return this.#checks ?? [];
  }

  get classes(): readonly string[] {
    return this.#classes ?? [];
  }

  /** Plans that failed. */
  get failing(): number {
    return this.#failing;
  }

  take(failing: Failing): void {
    this.#failing += 1;
    const { plan, check } = failing;
    const checks = this.#checks ?? [check];
    const classes = this.#classes ?? classesOf(plan, failing.crash);
    this.#checks = checks.filter((each) => each === check && !this.#fails({ plan, withoutCheck: check }));
    const inPlan = new Set(classesOf(plan, failing.crash));
    this.#classes = classes.filter((each) => inPlan.has(each) && !this.#fails(withoutClass(failing, each)));
  }
}

/** The classes of what a plan holds, and of the look at a power cut that it fails at; each once. */
export function classesOf(plan: Plan | LinkPlan, crash: Crash | undefined): string[] {
  const found = 'subject' in plan ? linkClassesOf(plan) : plan.faults.map(faultClassOf);
  const [cut, second, rot] = looks;
  const looked = crash === undefined ? [] : [cut];
  const again = crash?.again === undefined ? [] : [second];
  const rotten = crash?.rot === undefined ? [] : [rot];
  return [...new Set([...found, ...looked, ...again, ...rotten])];
}

function linkClassesOf({ operations, faults }: LinkPlan): string[] {
  const restarts = operations.some(({ kind }) => kind === 'restart') ? ['link restart'] : [];
  return [...faults.map(linkClassOf), ...restarts];
}

const linkClassOf = (fault: LinkPlan['faults'][number]) =>
  isTampering(fault) ? 'tampering' : `line ${fault.effect.kind === 'staleOpen' ? 'stale' : fault.effect.kind}`;

function withoutClass({ plan, crash }: Failing, name: string): Again {
  if ('subject' in plan) {
    const operations = plan.operations.filter(({ kind }) => name !== 'link restart' || kind !== 'restart');
    return { plan: { ...plan, operations, faults: plan.faults.filter((each) => linkClassOf(each) !== name) } };
  }
  const [cut, second, rot] = looks;
  if (name === cut) return { plan: withoutCrash(plan), withoutLooks: true };
  if (crash !== undefined && (name === second || name === rot)) {
    const { again, rot: rotten, ...rest } = crash;
    const kept = { ...(again && name !== second ? { again } : {}), ...(rotten && name !== rot ? { rot: rotten } : {}) };
    return { plan: { ...plan, crash: { ...rest, ...kept } } };
  }
  return { plan: { ...plan, faults: plan.faults.filter((each) => faultClassOf(each) !== name) } };
}

function withoutCrash({ crash: _crash, ...plan }: Plan): Plan {
  return plan;
}
