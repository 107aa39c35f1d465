/**
 * Makes a plan that fails as small and as plain as it can be while it still fails in the same way: operations and faults
 * are taken out, numbers become small and round, until nothing more can go.
 *
 * A violation that a look at a power cut found stays one: the shrunk plan names the very look (`crash`), so that it
 * replays alone.
 */

import type { Crash, Plan } from './plan.js';
import { PlanAddresses, withFaultsMoved } from './plan-addresses.js';
import { variantsOf } from './plan-variants.js';
import { type FoundViolation, type PlanRunOptions, runPlan } from './run-plan.js';
import { shrinkList } from './shrink-list.js';
import { simplerConfigurations } from './simpler-configuration.js';
import { simplerFaults, simplerSurvivals } from './simpler-fault.js';
import { closerOperations, simplerOperations } from './simpler-operations.js';
import { plansWithoutVolume, withinVolumes } from './simpler-volumes.js';

export interface ShrinkOptions {
  /** Runs a plan so; `runPlan` unless told otherwise. The first run is of the plan as it is, with what else it needs. */
  readonly run?: (plan: Plan, how: PlanRunOptions) => FoundViolation | undefined;
  /** Runs after which the smallest plan so far is good enough. */
  readonly runsMax?: number;
  /** Whether a violation is the one that is looked for; of the same check, unless told otherwise. */
  readonly isSame?: (found: FoundViolation, wanted: FoundViolation) => boolean;
  readonly onProgress?: (progress: ShrinkProgress) => void;
}

export interface ShrinkProgress {
  readonly runs: number;
  readonly operations: number;
  readonly faults: number;
}

export interface ShrunkPlan {
  readonly plan: Plan;
  /** What the shrunk plan finds. */
  readonly violation: FoundViolation;
  readonly runs: number;
}

const runsDefault = 3000;
const longerTimes = 20;
const stepsLeast = 20_000;
/** Operations and faults up to which it pays to look at other times for each of them. */
const variedMax = 24;

/** Throws a RangeError for a plan that does not fail. */
export function shrinkPlan(plan: Plan, options: ShrinkOptions = {}): ShrunkPlan {
  return new Shrinking(plan, options).shrink();
}

/** The same check, whether it failed in the run itself or in a look at a power cut. */
export function isSameCheck(found: FoundViolation, wanted: FoundViolation): boolean {
  return familyOf(found) === familyOf(wanted);
}

function familyOf({ check }: FoundViolation): string {
  return check.replace(/^crash /, '');
}

/** A plan that fails, and how. */
interface Failing {
  readonly plan: Plan;
  readonly violation: FoundViolation;
  readonly addresses: PlanAddresses;
}

class Shrinking {
  readonly #run: (plan: Plan, how: PlanRunOptions) => FoundViolation | undefined;
  readonly #runsMax: number;
  readonly #isSame: (found: FoundViolation, wanted: FoundViolation) => boolean;
  readonly #onProgress: (progress: ShrinkProgress) => void;
  /** Plans that have been run. */
  readonly #seen = new Set<string>();
  readonly #bounds: Pick<PlanRunOptions, 'stepsMax'>;
  #runs = 0;
  #best: Failing;

  constructor(plan: Plan, options: ShrinkOptions) {
    this.#run = options.run ?? ((each, how) => runPlan(each, how).violation);
    this.#runsMax = options.runsMax ?? runsDefault;
    this.#isSame = options.isSame ?? isSameCheck;
    this.#onProgress = options.onProgress ?? (() => {});
    const addresses = new PlanAddresses();
    this.#runs = 1;
    const violation = this.#run(plan, { witness: addresses });
    if (violation === undefined) throw new RangeError('this plan does not fail');
    this.#best = { plan, violation, addresses };
    // A plan that takes much longer than the first one does not fail as that did.
    const takesLong = violation.check === 'alive' || violation.check === 'bounded';
    this.#bounds = takesLong ? {} : { stepsMax: longerTimes * addresses.steps + stepsLeast };
  }

  shrink(): ShrunkPlan {
    this.#widenCrash();
    this.#dropUnmet();
    do this.#simplify();
    while (this.#dropAtOtherTimes());
    this.#pinCrash();
    const { plan, violation } = this.#best;
    return { plan, violation, runs: this.#runs };
  }

  get #plan(): Plan {
    return this.#best.plan;
  }

  get #spent(): boolean {
    return this.#runs >= this.#runsMax;
  }

  /** Goes on until nothing changes any more. */
  #simplify(): void {
    for (let before = ''; before !== JSON.stringify(this.#plan) && !this.#spent; ) {
      before = JSON.stringify(this.#plan);
      this.#shrinkLists();
      this.#whileSimpler(() => plansWithoutVolume(this.#plan));
      this.#fails(withinVolumes(this.#plan));
      this.#simplifyOperations();
      this.#simplifyConfiguration();
      this.#simplifyFaults();
    }
  }

  /** Runs a candidate, and, where it does not fail, once more with its faults where they were in time. */
  #fails(candidate: Plan): boolean {
    const addresses = this.#try(candidate);
    if (addresses === 'fails') return true;
    if (addresses === 'known') return false;
    return this.#try(withFaultsMoved(candidate, this.#best.addresses, addresses)) === 'fails';
  }

  /** Takes the candidate for the best, if it fails; else tells when its addresses came up. */
  #try(plan: Plan): 'fails' | 'known' | PlanAddresses {
    const key = JSON.stringify(plan);
    if (this.#spent || this.#seen.has(key)) return 'known';
    this.#seen.add(key);
    this.#runs += 1;
    const addresses = new PlanAddresses();
    const violation = this.#run(plan, { crashEvery: 0, witness: addresses, ...this.#bounds });
    if (violation === undefined || !this.#isSame(violation, this.#best.violation)) return addresses;
    this.#best = { plan, violation, addresses };
    this.#onProgress({ runs: this.#runs, operations: plan.operations.length, faults: plan.faults.length });
    return 'fails';
  }

  /**
   * A violation found by a look at a power cut: shrinks with looks of the same kind at every disk command, since commands
   * get other numbers on the way. The plainest kind that still finds it.
   */
  #widenCrash(): void {
    const { crash, check } = this.#best.violation;
    if (crash === undefined) return;
    // What is wrong before the look is likely to be found without it.
    if (!check.startsWith('crash ') && this.#try(this.#plan) === 'fails' && this.#best.violation.crash === undefined)
      return;
    const { site, survival, again, rot } = crash;
    if (this.#try({ ...this.#plan, crash }) !== 'fails') return;
    for (const simpler of [...simplerSurvivals(survival), survival]) {
      if (this.#try({ ...this.#plan, crash: { site, survival: simpler } }) === 'fails') return;
    }
    const more = { ...(again === undefined ? {} : { again }), ...(rot === undefined ? {} : { rot }) };
    this.#try({ ...this.#plan, crash: { site, survival, ...more } });
  }

  /** Names the one look that found it. */
  #pinCrash(): void {
    const { crash } = this.#best.violation;
    if (crash === undefined || this.#plan.crash?.afterEffects !== undefined) return;
    const plan = { ...this.#plan, crash };
    const violation = this.#run(plan, { crashEvery: 0, ...this.#bounds });
    this.#runs += 1;
    if (violation !== undefined) this.#best = { ...this.#best, plan, violation };
  }

  /** Operations after the violation, and faults that met nothing, have done nothing. */
  #dropUnmet(): void {
    const { violation, addresses } = this.#best;
    const operations = this.#plan.operations.filter(({ atUs }) => atUs <= violation.atUs);
    const faults = this.#plan.faults.filter((fault) => addresses.met.has(fault));
    if (this.#try({ ...this.#plan, operations, faults }) === 'fails') return;
    this.#fails({ ...this.#plan, faults });
    this.#fails({ ...this.#plan, operations });
  }

  #shrinkLists(): void {
    shrinkList(this.#plan.faults, (faults) =>
      this.#fails({ ...this.#plan, faults: [...faults] }) ? this.#plan.faults : undefined,
    );
    shrinkList(this.#plan.operations, (operations) =>
      this.#fails({ ...this.#plan, operations: [...operations] }) ? operations : undefined,
    );
  }

  /** Takes out one operation or fault more, where what is left then fails at other times. */
  #dropAtOtherTimes(): boolean {
    const { operations, faults } = this.#plan;
    if (operations.length + faults.length > variedMax) return false;
    return [
      ...operations.map((_, at) => ({ ...this.#plan, operations: operations.filter((_, index) => index !== at) })),
      ...faults.map((_, at) => ({ ...this.#plan, faults: faults.filter((_, index) => index !== at) })),
    ].some((smaller) => variantsOf(smaller).some((variant) => this.#try(variant) === 'fails'));
  }

  #simplifyOperations(): void {
    for (let index = 0; index < this.#plan.operations.length; index += 1) {
      const { operations } = this.#plan;
      const operation = operations[index];
      if (operation === undefined) break;
      const closer = closerOperations(operations, index).map((each) => [...each].sort((a, b) => a.atUs - b.atUs));
      this.#first(closer.map((each) => ({ ...this.#plan, operations: each })));
      this.#whileSimpler(() => {
        const now = this.#plan.operations;
        const each = now[index];
        if (each === undefined) return [];
        return simplerOperations(each).map((simpler) => ({ ...this.#plan, operations: now.with(index, simpler) }));
      });
    }
  }

  #simplifyConfiguration(): void {
    this.#whileSimpler(() =>
      simplerConfigurations(this.#plan.configuration).map((configuration) => ({ ...this.#plan, configuration })),
    );
    if (this.#plan.seed !== 0) this.#fails({ ...this.#plan, seed: 0 });
  }

  #simplifyFaults(): void {
    for (let index = 0; index < this.#plan.faults.length; index += 1) {
      this.#whileSimpler(() => {
        const { faults } = this.#plan;
        const fault = faults[index];
        if (fault === undefined) return [];
        return simplerFaults(fault).map((simpler) => ({ ...this.#plan, faults: faults.with(index, simpler) }));
      });
    }
    const { crash } = this.#plan;
    if (crash !== undefined) this.#first(simplerCrashes(crash).map((each) => ({ ...this.#plan, crash: each })));
  }

  /** Takes the first candidate that fails. */
  #first(candidates: readonly Plan[]): boolean {
    return candidates.some((candidate) => this.#fails(candidate));
  }

  /** Goes on with each candidate that fails, until none of the next ones does. */
  #whileSimpler(candidates: () => readonly Plan[]): void {
    while (this.#first(candidates()));
  }
}

function simplerCrashes({ again, ...crash }: Crash): readonly Crash[] {
  const simpler = simplerSurvivals(crash.survival).map((survival) => ({ ...crash, survival }));
  if (again === undefined) return simpler;
  return [crash, ...[...simpler, crash].map((each) => ({ ...each, again }))];
}
