/** The worker's side of the pool: takes jobs one by one and answers with results. */
import { parentPort } from 'node:worker_threads';
import { assert } from '../../../protocol/ids.js';

/** What a worker says. */
export type FromWorker<Result, Progress> =
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'done'; readonly result: Result };

/**
 * Carries out the jobs of the pool that has started this thread. `run` is synchronous; it tells of its progress by
 * `report`, also to show that it is alive. What it throws ends the worker and is told as the end of the job.
 */
export function serveJobs<Job, Result, Progress = never>(
  run: (job: Job, report: (progress: Progress) => void) => Result,
): void {
  const port = parentPort;
  assert(port !== null, 'this is a worker thread');
  const say = (message: FromWorker<Result, Progress>) => port.postMessage(message);
  port.on('message', (job: Job) => {
    say({ kind: 'done', result: run(job, (progress) => say({ kind: 'progress', progress })) });
  });
}
