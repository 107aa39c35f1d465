/** A worker of an exploration: the guard is installed once, for all jobs that come. */
import { installGuard } from '../guard.js';
import type { ExploreJob, ExploreResult } from './jobs.js';
import { serveJobs } from './serve-jobs.js';
import { planOf, runSubject } from './subject.js';

const pure = installGuard();

serveJobs<ExploreJob, ExploreResult>(({ subject, seed, settings }) =>
  runSubject(planOf(subject, seed, settings), settings, pure),
);
