/** `coldframe sim --exhaustive`: small programs of a host, cut everywhere, on all cores, as far as the budget goes. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { RefusalError } from '../../protocol/refusals.js';
import { counted, durationText } from '../report/quantity.js';
import {
  type ExhaustiveFinding,
  type ExhaustiveJob,
  type ExhaustiveResult,
  exhaustiveJobs,
  jobName,
  jobNamed,
  reportExhaustive,
} from '../simulate/explore/exhaustive.js';
import type { PieceJob, PieceProgress } from '../simulate/explore/jobs.js';
import { planFileText } from '../simulate/explore/plan-file.js';
import { type Finished, runJobs } from '../simulate/explore/pool.js';
import { defaultSettings } from '../simulate/explore/subject.js';
import { commandWords } from './command-words.js';
import type { SimOptions } from './commands/sim.js';
import { onEndSignal } from './interrupts.js';
import { interruptedExit } from './report-error.js';
import { saveFound } from './sim-files.js';
import { watchdogMs, workerScript } from './sim-pool.js';
import { startSimProgress } from './sim-progress.js';
import type { Surroundings, SwarmPlace } from './sim-swarm.js';

const budgetMsDefault = 600_000;

/** Returns the exit code. */
export async function exploreAll(
  options: SimOptions,
  place: SwarmPlace = { script: workerScript, stdout: process.stdout },
): Promise<number> {
  const jobs = jobsOf(options);
  const controller = new AbortController();
  const off = onEndSignal(() => controller.abort());
  const { progress = await startSimProgress(options.json === true) } = place;
  const exploring = new Exploring(options, jobs, { ...place, signal: controller.signal, progress });
  try {
    await exploring.run();
  } finally {
    progress.stop();
    off();
  }
  const exit = exploring.found.length > 0 ? 1 : controller.signal.aborted ? interruptedExit : 0;
  exploring.conclude(exit);
  return exit;
}

function jobsOf({ only }: SimOptions): readonly ExhaustiveJob[] {
  if (only === undefined) return exhaustiveJobs();
  const job = jobNamed(only);
  if (job !== undefined) return [job];
  const [first] = exhaustiveJobs();
  const example = first === undefined ? '' : `; one is ${jobName(first)}`;
  throw new RefusalError('argument-invalid', `--only: ${only} names no job${example}`);
}

/** A finding as it is told; plain JSON. */
interface KeptPiece {
  readonly job: string;
  readonly check: string;
  readonly detail: string;
  /** The plan that replays it alone, if there is one. */
  readonly file?: string;
  /** Why that plan is not saved. */
  readonly unsaved?: string;
  readonly repeat: string;
}

class Exploring {
  readonly found: KeptPiece[] = [];
  readonly #results: ExhaustiveResult[] = [];
  readonly #options: SimOptions;
  readonly #jobs: readonly ExhaustiveJob[];
  readonly #around: Surroundings;
  readonly #budgetMs: number;
  readonly #startMs = performance.now();
  #done = 0;

  constructor(options: SimOptions, jobs: readonly ExhaustiveJob[], around: Surroundings) {
    this.#options = options;
    this.#jobs = jobs;
    this.#around = around;
    this.#budgetMs = options.budget ?? budgetMsDefault;
  }

  async run(): Promise<void> {
    const { script, signal, progress } = this.#around;
    const workers = this.#options.jobs ?? availableParallelism();
    const budget = durationText(this.#budgetMs * 1000);
    progress.say(`${counted(this.#jobs.length, 'job')} in at most ${budget}, on ${counted(workers, 'thread')}`);
    const pool = { script, workers, watchdogMs, signal, onProgress: () => this.#show() };
    for await (const each of runJobs<PieceJob, ExhaustiveResult, PieceProgress>(this.#pieces(), pool)) {
      this.#done += 1;
      this.#take(each);
      this.#show();
      if (this.found.length > 0 && this.#options.keepGoing !== true) return;
    }
  }

  /** Prints the report: what there is, what of it was covered, and what was found. */
  conclude(exit: number): void {
    const report = reportExhaustive(this.#results, this.#jobs);
    const { stdout } = this.#around;
    if (this.#options.json === true) {
      const { rows: _rows, ...rest } = report;
      stdout.write(`${JSON.stringify({ exit, ...rest, found: this.found })}\n`);
      return;
    }
    const begin = exit === interruptedExit ? ['interrupted'] : [];
    stdout.write(`${[...begin, ...report.rows].join('\n')}\n`);
  }

  *#pieces(): Generator<PieceJob, void, void> {
    const deadline = Date.now() + this.#budgetMs;
    for (const job of this.#jobs) {
      if (Date.now() >= deadline) return;
      yield { kind: 'exhaustive', job, deadline };
    }
  }

  #take({ job: { job }, outcome }: Finished<PieceJob, ExhaustiveResult>): void {
    const name = jobName(job);
    if (outcome.kind === 'done') {
      this.#results.push(outcome.result);
      for (const finding of outcome.result.findings) this.#keep(name, finding);
      return;
    }
    const detail = outcome.kind === 'died' ? outcome.how : `no sign of life for ${outcome.afterMs / 1000} s`;
    this.#tell({ job: name, check: outcome.kind, detail, repeat: repeatOf(name) });
  }

  #keep(job: string, { check, detail, plan }: ExhaustiveFinding): void {
    if (plan === undefined) {
      this.#tell({ job, check, detail, repeat: repeatOf(job) });
      return;
    }
    const file = join(this.#options.save, `exhaustive-${this.found.length + 1}.json`);
    const unsaved = saveFound(
      file,
      planFileText({ plan, found: `${job}: ${check}: ${detail}`, settings: { ...defaultSettings, crashEvery: 0 } }),
    );
    if (unsaved !== undefined) this.#tell({ job, check, detail, unsaved, repeat: repeatOf(job) });
    else this.#tell({ job, check, detail, file, repeat: `coldframe sim --replay ${commandWords([file])} --story` });
  }

  #tell(kept: KeptPiece): void {
    this.found.push(kept);
    this.#around.progress.stop();
    if (this.#options.json === true) return;
    const { job, check, detail, unsaved, repeat } = kept;
    const plan = unsaved === undefined ? '' : `  plan: not saved, ${unsaved}\n`;
    this.#around.stdout.write(`VIOLATION  ${check}, ${job}\n  ${detail}\n${plan}repeat: ${repeat}\n\n`);
  }

  #show(): void {
    const share = Math.max(this.#done / this.#jobs.length, (performance.now() - this.#startMs) / this.#budgetMs);
    this.#around.progress.update(Math.min(1, share), `${this.#done} of ${counted(this.#jobs.length, 'job')}`);
  }
}

const repeatOf = (job: string) => commandWords(['coldframe', 'sim', '--exhaustive', '--only', job]);
