/** Makes a plan of the link that fails smaller: operations and faults are taken out; what is left stays as it is. */
import { shrinkList } from '../shrink-list.js';
import type { LinkPlan } from './link-plan.js';

export interface ShrunkLinkPlan<Found> {
  readonly plan: LinkPlan;
  readonly violation: Found;
  readonly runs: number;
}

interface LinkShrinkProgress {
  readonly runs: number;
  readonly operations: number;
  readonly faults: number;
}

/** Throws a RangeError for a plan that does not fail. `run` says how a plan fails; `report` is called at each run. */
export function shrinkLinkPlan<Found extends { readonly check: string }>(
  plan: LinkPlan,
  run: (plan: LinkPlan) => Found | undefined,
  report: (progress: LinkShrinkProgress) => void = () => {},
): ShrunkLinkPlan<Found> {
  return new LinkShrinking(plan, run, report).shrink();
}

class LinkShrinking<Found extends { readonly check: string }> {
  readonly #run: (plan: LinkPlan) => Found | undefined;
  readonly #report: (progress: LinkShrinkProgress) => void;
  #plan: LinkPlan;
  #violation: Found;
  #runs = 1;

  constructor(
    plan: LinkPlan,
    run: (plan: LinkPlan) => Found | undefined,
    report: (progress: LinkShrinkProgress) => void,
  ) {
    const violation = run(plan);
    if (violation === undefined) throw new RangeError('this plan does not fail');
    this.#plan = plan;
    this.#violation = violation;
    this.#run = run;
    this.#report = report;
  }

  shrink(): ShrunkLinkPlan<Found> {
    for (let before = -1; before !== this.#size; ) {
      before = this.#size;
      shrinkList(this.#plan.faults, (faults) => (this.#fails({ faults: [...faults] }) ? faults : undefined));
      shrinkList(this.#plan.operations, (operations) =>
        this.#fails({ operations: [...operations] }) ? operations : undefined,
      );
    }
    return { plan: this.#plan, violation: this.#violation, runs: this.#runs };
  }

  get #size(): number {
    return this.#plan.faults.length + this.#plan.operations.length;
  }

  #fails(change: Partial<LinkPlan>): boolean {
    const plan = { ...this.#plan, ...change };
    this.#runs += 1;
    this.#report({
      runs: this.#runs,
      operations: this.#plan.operations.length,
      faults: this.#plan.faults.length,
    });
    const violation = this.#run(plan);
    if (violation?.check !== this.#violation.check) return false;
    this.#plan = plan;
    this.#violation = violation;
    return true;
  }
}
