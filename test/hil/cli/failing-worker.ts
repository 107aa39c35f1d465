/** A worker in whose world some seeds fail, for tests of `coldframe sim`. */
import type { ExploreJob, ExploreResult, ShrinkProgress } from '../../../hil/simulate/explore/jobs.js';
import { serveJobs } from '../../../hil/simulate/explore/serve-jobs.js';
import type { SubjectResult } from '../../../hil/simulate/explore/subject.js';

const well: SubjectResult = {
  ...{ traceHash: '00', generatorState: '', events: 1000, virtualUs: 500, crashImages: 2, applied: 1 },
  coverage: { 'line flip × main idle × remote there': 1 },
};

serveJobs<ExploreJob, ExploreResult, ShrinkProgress>((job, report) => {
  if (job.kind === 'shrink') {
    if ('subject' in job.plan) throw new RangeError('no pair');
    report({ runs: 1, operations: 0, faults: 0 });
    const violation = { check: 'newest', detail: 'newest: volume 0, block 1: small', atUs: 7 };
    return { plan: { ...job.plan, operations: [], faults: [] }, violation, runs: 12, settings: job.settings };
  }
  if (job.kind !== 'seed') throw new RangeError('no seed');
  switch (job.seed) {
    case 3:
    case 5:
      return { ...well, violation: { check: 'newest', detail: `newest: of seed ${job.seed}`, atUs: 1_500_000 } };
    case 4:
      return process.exit(9);
    default:
      return well;
  }
});
