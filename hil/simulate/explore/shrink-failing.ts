/** Makes a plan of either subject that fails as small as it can be, held to the same checks and to purity. */
import type { PureSteps } from '../guard.js';
import type { LinkPlan } from '../link/link-plan.js';
import type { Plan } from '../plan.js';
import { shrinkPlan } from '../shrink.js';
import { shrinkList } from '../shrink-list.js';
import { tellStory } from '../story.js';
import type { ShrinkJob, ShrinkProgress, Shrunk } from './jobs.js';
import { heldPair, runSubject, type SubjectViolation } from './subject.js';

/** Throws a RangeError for a plan that does not fail. `report` is called at each run. */
export function shrinkFailing(job: ShrinkJob, pure: PureSteps, report: (progress: ShrinkProgress) => void): Shrunk {
  const { plan, settings } = job;
  return 'subject' in plan
    ? { ...new LinkShrinking(plan, (each) => runSubject(each, settings, pure).violation, report).shrink(), settings }
    : shrinkPair(plan, job, pure, report);
}

function shrinkPair(
  plan: Plan,
  { settings, file }: ShrinkJob,
  pure: PureSteps,
  report: (progress: ShrinkProgress) => void,
): Shrunk {
  let progress: ShrinkProgress = { runs: 0, operations: plan.operations.length, faults: plan.faults.length };
  const shrunk = shrinkPlan(plan, {
    run: (each, how) => {
      progress = { ...progress, runs: progress.runs + 1 };
      report(progress);
      return heldPair(each, how, settings, pure).violation;
    },
    onProgress: (better) => {
      progress = better;
    },
  });
  const story = tellStory(shrunk.plan, file === undefined ? {} : { file });
  // It was made small without a sample of crash images: those it needs, it names. A sample may find more, and earlier.
  const again = heldPair(shrunk.plan, {}, settings, pure).violation;
  const isSame = again?.check === shrunk.violation.check && again.detail === shrunk.violation.detail;
  return { ...shrunk, story, settings: isSame ? settings : { ...settings, crashEvery: 0 } };
}

/** Operations and faults are taken out; what is left stays as it is. */
class LinkShrinking {
  readonly #run: (plan: LinkPlan) => SubjectViolation | undefined;
  readonly #report: (progress: ShrinkProgress) => void;
  #plan: LinkPlan;
  #violation: SubjectViolation;
  #runs = 1;

  constructor(
    plan: LinkPlan,
    run: (plan: LinkPlan) => SubjectViolation | undefined,
    report: (progress: ShrinkProgress) => void,
  ) {
    const violation = run(plan);
    if (violation === undefined) throw new RangeError('this plan does not fail');
    this.#plan = plan;
    this.#violation = violation;
    this.#run = run;
    this.#report = report;
  }

  shrink(): Omit<Shrunk, 'settings'> {
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
