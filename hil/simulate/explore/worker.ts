/** A worker of an exploration: the guard is installed once, for all jobs that come. */
import { unreachable } from '../../../protocol/ids.js';
import { installGuard } from '../guard.js';
import { runExhaustiveJob } from './exhaustive.js';
import type { ExploreJob, ExploreProgress, ExploreResult } from './jobs.js';
import { serveJobs } from './serve-jobs.js';
import { shrinkFailing } from './shrink-failing.js';
import { planOf, runSubject } from './subject.js';

const pure = installGuard();

serveJobs<ExploreJob, ExploreResult, ExploreProgress>((job, report) => {
  switch (job.kind) {
    case 'seed':
      return runSubject(planOf(job.subject, job.seed, job.settings), job.settings, pure);
    case 'shrink':
      return shrinkFailing(job, pure, report);
    case 'exhaustive':
      return runExhaustiveJob(job.job, { deadline: job.deadline, onProgress: (done) => report({ done }) });
    default:
      return unreachable(job);
  }
});
