/** A worker of an exploration: the guard is installed once, for all jobs that come. */
import { unreachable } from '../../../protocol/ids.js';
import { installGuard } from '../guard.js';
import type { ExploreJob, ExploreResult, ShrinkProgress } from './jobs.js';
import { serveJobs } from './serve-jobs.js';
import { shrinkFailing } from './shrink-failing.js';
import { planOf, runSubject } from './subject.js';

const pure = installGuard();

serveJobs<ExploreJob, ExploreResult, ShrinkProgress>((job, report) => {
  switch (job.kind) {
    case 'seed':
      return runSubject(planOf(job.subject, job.seed, job.settings), job.settings, pure);
    case 'shrink':
      return shrinkFailing(job, pure, report);
    default:
      return unreachable(job);
  }
});
