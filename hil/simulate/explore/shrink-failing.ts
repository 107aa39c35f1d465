/** Makes a plan of either subject that fails as small as it can be, held to the same checks and to purity. */
import type { PureSteps } from '../guard.js';
import { shrinkLinkPlan } from '../link/shrink-link.js';
import type { Plan } from '../plan.js';
import { shrinkPlan } from '../shrink.js';
import { tellStory } from '../story.js';
import type { ShrinkJob, ShrinkProgress, Shrunk } from './jobs.js';
import { heldPair, runSubject } from './subject.js';

/** Throws a RangeError for a plan that does not fail. `report` is called at each run. */
export function shrinkFailing(job: ShrinkJob, pure: PureSteps, report: (progress: ShrinkProgress) => void): Shrunk {
  const { plan, settings } = job;
  return 'subject' in plan
    ? { ...shrinkLinkPlan(plan, (each) => runSubject(each, settings, pure).violation, report), settings }
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
