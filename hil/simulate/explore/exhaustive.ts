/**
 * Every host program of up to three steps, for every method, cut everywhere (docs/exhaustive.md). A job is one program in
 * one setting at one level; a few thousand of them are all of it. Synchronous: a pool of workers carries them out.
 */

import type { Plan } from '../plan.js';
import { PlanRun } from '../run-plan.js';
import type { CheckName } from '../violation.js';
import { type AloneAddress, type AloneCounts, AloneExplorer } from './alone-explorer.js';
import { type ContinuedCounts, exploreContinued } from './continued-explorer.js';
import { type ExhaustiveJob, type ExploredRun, exploredRun, jobName } from './exhaustive-job.js';

export { type ExhaustiveJob, exhaustiveJobs, jobName, jobNamed } from './exhaustive-job.js';
export { type ExhaustiveReport, reportExhaustive } from './exhaustive-report.js';

export interface ExhaustiveOptions {
  /** Milliseconds since 1970: what is not done by then is left, and counted as such. */
  readonly deadline?: number;
  /** Called now and then with the number of crash images, or runs, so far. */
  readonly onProgress?: (done: number) => void;
}

export interface ExhaustiveFinding {
  readonly check: CheckName;
  readonly detail: string;
  /** The power cut after which a site that came back alone was wrong. */
  readonly alone?: AloneAddress;
  /** Replays alone. A cut during the coming back from a cut has none: its job finds it again. */
  readonly plan?: Plan;
}

interface Outcome {
  readonly name: string;
  readonly job: ExhaustiveJob;
  /** Everything of the job was done before the deadline. */
  readonly complete: boolean;
  readonly elapsedMs: number;
  /** The first few, and how many there were. */
  readonly findings: readonly ExhaustiveFinding[];
  readonly findingsTotal: number;
}

export type ExhaustiveResult =
  | (Outcome & { readonly level: 'alone'; readonly cuts: readonly AloneCounts[] })
  | (Outcome & { readonly level: 'continued'; readonly counts: ContinuedCounts });

/** A cut, and one more while the site comes back. */
const cutsMax = 2;
const findingsKept = 3;
const progressEvery = 50;

export function runExhaustiveJob(job: ExhaustiveJob, options: ExhaustiveOptions = {}): ExhaustiveResult {
  const task = new Task(job, options);
  const explored = exploredRun(job);
  if (job.level === 'alone') {
    const cuts = exploreAlone(explored, task);
    return { level: 'alone', ...task.outcome(), cuts };
  }
  const counts = exploreContinued(explored, {
    name: jobName(job),
    isLate: () => task.isLate(),
    ran: () => task.progress(),
    found: ({ check, detail, plan }) => task.found(() => ({ check, detail, plan })),
  });
  return { level: 'continued', ...task.outcome(), counts };
}

/**
 * Looks at the run after each effect from its last step on: what comes before is the run of a shorter program. One
 * without any steps is looked at from the start.
 */
function exploreAlone({ plan, lastStepUs, quietUs }: ExploredRun, task: Task): readonly AloneCounts[] {
  const look = (atUs: number, device: string) => {
    if (atUs < lastStepUs || atUs >= quietUs || (device !== 'main' && device !== 'sub') || task.isLate()) return;
    explorer.look(device, run.bench.effects[device] + 1);
    task.progress();
  };
  const run = new PlanRun(plan, { crashEvery: 0, witness: { commanded: look, sent: look } });
  const explorer = new AloneExplorer({
    ...{ run, cutsMax },
    found: ({ check, detail, at, survival }) =>
      task.found(() => {
        const { site, afterEffects } = at;
        const there = survival();
        const crash = there === undefined ? undefined : { site, afterEffects, survival: there };
        return { check, detail, alone: at, ...(crash === undefined ? {} : { plan: { ...plan, crash } }) };
      }),
  });
  const { violation } = run.run();
  if (violation !== undefined) task.found(() => ({ check: violation.check, detail: violation.detail, plan }));
  return explorer.counts;
}

/** What jobs of both levels have in common: time, and what was found. */
class Task {
  readonly #job: ExhaustiveJob;
  readonly #options: ExhaustiveOptions;
  readonly #beganMs = Date.now();
  readonly #findings: ExhaustiveFinding[] = [];
  #findingsTotal = 0;
  #wasLate = false;
  #done = 0;

  constructor(job: ExhaustiveJob, options: ExhaustiveOptions) {
    this.#job = job;
    this.#options = options;
  }

  isLate(): boolean {
    this.#wasLate ||= Date.now() > (this.#options.deadline ?? Number.POSITIVE_INFINITY);
    return this.#wasLate;
  }

  progress(): void {
    this.#done += 1;
    if (this.#done % progressEvery === 0) this.#options.onProgress?.(this.#done);
  }

  /** `tell` costs something, and is asked only for what is kept. */
  found(tell: () => ExhaustiveFinding): void {
    this.#findingsTotal += 1;
    if (this.#findings.length < findingsKept) this.#findings.push(tell());
  }

  outcome(): Outcome {
    return {
      ...{ name: jobName(this.#job), job: this.#job, complete: !this.#wasLate },
      ...{ elapsedMs: Date.now() - this.#beganMs, findings: this.#findings, findingsTotal: this.#findingsTotal },
    };
  }
}
