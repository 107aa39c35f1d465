/** A worker whose jobs say how it behaves, for tests of the pool. */
import { serveJobs } from '../../../../hil/simulate/explore/serve-jobs.js';

export interface BadJob {
  readonly seed: number;
  readonly behaves: 'well' | 'slowly' | 'throws' | 'exits' | 'hangs' | 'hangs with progress';
}

const slowMs = 150;

serveJobs<BadJob, string, number>(({ seed, behaves }, report) => {
  switch (behaves) {
    case 'well':
      return `result ${seed}`;
    case 'slowly':
      for (let part = 1; part <= 3; part += 1) {
        sleep(slowMs / 3);
        report(part);
      }
      return `late result ${seed}`;
    case 'throws':
      throw new RangeError(`seed ${seed} is too much`);
    case 'exits':
      process.exit(7);
      break;
    case 'hangs with progress':
      report(1);
      break;
    case 'hangs':
      break;
  }
  for (;;);
});

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
