/** `coldframe sim` without a plan: seeds, on all cores, until there are enough or something is found. */
import { availableParallelism } from 'node:os';
import { counted } from '../report/quantity.js';
import { Exploration, type Finding } from '../simulate/explore/exploration.js';
import type { SeedJob } from '../simulate/explore/jobs.js';
import { runJobs } from '../simulate/explore/pool.js';
import { seedJobs } from '../simulate/explore/seed-jobs.js';
import { type RunSettings, type SubjectResult, subjects } from '../simulate/explore/subject.js';
import type { SimOptions } from './commands/sim.js';
import { onEndSignal } from './interrupts.js';
import { interruptedExit, reportError } from './report-error.js';
import { writeFileInFolder } from './sim-files.js';
import { type KeptFinding, keepFinding } from './sim-finding.js';
import { watchdogMs, workerScript } from './sim-pool.js';
import { ratesText, type SimProgress, startSimProgress } from './sim-progress.js';
import { findingText, summaryText } from './sim-text.js';

/** Neither `--seeds` nor `--for` is given. */
const seedsDefault = 100;

/** Where the work is done and the output goes; tests have their own. */
export interface SwarmPlace {
  readonly script: URL;
  readonly stdout: { write(text: string): unknown };
  readonly progress?: SimProgress;
}

/** Returns the exit code. */
export async function runSwarm(
  options: SimOptions,
  place: SwarmPlace = { script: workerScript, stdout: process.stdout },
): Promise<number> {
  const controller = new AbortController();
  const off = onEndSignal(() => controller.abort());
  const { progress = await startSimProgress(options.json === true) } = place;
  const swarm = new Swarm(options, { ...place, signal: controller.signal, progress });
  try {
    await swarm.run();
  } finally {
    progress.stop();
    off();
  }
  const exit = swarm.found.length > 0 ? 1 : controller.signal.aborted ? interruptedExit : 0;
  try {
    swarm.conclude(exit);
    return exit;
  } catch (error) {
    const lostExit = reportError(error, false);
    return exit === 0 ? lostExit : exit;
  }
}

/** The same, with what ends it. */
export type Surroundings = SwarmPlace & { readonly signal: AbortSignal; readonly progress: SimProgress };

class Swarm {
  readonly found: KeptFinding[] = [];
  readonly #exploration = new Exploration();
  readonly #options: SimOptions;
  readonly #around: Surroundings;
  readonly #settings: RunSettings;
  readonly #jobs: number;
  readonly #startMs = performance.now();
  readonly #shrunkChecks = new Set<string>();

  constructor(options: SimOptions, around: Surroundings) {
    this.#options = options;
    this.#around = around;
    this.#jobs = options.jobs ?? availableParallelism();
    this.#settings = settingsOf(options);
  }

  get #elapsedMs(): number {
    return performance.now() - this.#startMs;
  }

  async run(): Promise<void> {
    const { script, signal, progress } = this.#around;
    progress.say(`seeds from ${this.#options.seed} on, on ${counted(this.#jobs, 'thread')}`);
    const pool = { script, workers: this.#jobs, watchdogMs, signal };
    for await (const finished of runJobs<SeedJob, SubjectResult>(this.#plannedJobs(), pool)) {
      const finding = this.#exploration.add(finished);
      if (finding !== undefined) await this.#keep(finding);
      progress.update(this.#share(), ratesText(this.#exploration, this.#elapsedMs));
      if (finding !== undefined && this.#options.keepGoing !== true) return;
    }
  }

  /** Prints what there is to say in the end, and writes the files that were asked for. */
  conclude(exit: number): void {
    const { json, coverage } = this.#options;
    const exploration = this.#exploration;
    if (json !== true) {
      const end = exit === interruptedExit ? ('interrupted' as const) : ('ended' as const);
      this.#around.stdout.write(`${summaryText(exploration, this.#settings, end).join('\n')}\n`);
      this.#around.progress.say(ratesText(exploration, this.#elapsedMs));
    } else this.#printJson(exit);
    // What was found is told first: this file may be one that cannot be written.
    if (coverage !== undefined) writeFileInFolder(coverage, `${JSON.stringify(exploration.coverage, undefined, 2)}\n`);
  }

  #printJson(exit: number): void {
    const exploration = this.#exploration;
    const { plans, events, virtualUs, crashImages, applied, lastSeed } = exploration;
    const sums = { plans, events, virtualUs, crashImages, applied, lastSeed, elapsedMs: Math.round(this.#elapsedMs) };
    const all = { exit, ...sums, settings: this.#settings, coverage: exploration.coverage, found: this.found };
    this.#around.stdout.write(`${JSON.stringify(all)}\n`);
  }

  #plannedJobs(): Generator<SeedJob, void, void> {
    const { subject, seed: firstSeed, seeds = seedsDefault, for: forMs } = this.#options;
    const range = { subjects: subject === 'all' ? subjects : [subject], firstSeed };
    if (forMs === undefined) return seedJobs({ ...range, seeds }, this.#settings);
    return seedJobs({ ...range, isOver: () => this.#elapsedMs >= forMs }, this.#settings);
  }

  /** How much of the whole is done. */
  #share(): number {
    const { subject, seeds = seedsDefault, for: forMs } = this.#options;
    if (forMs !== undefined) return Math.min(1, this.#elapsedMs / forMs);
    return this.#exploration.planCount / (seeds * (subject === 'all' ? subjects.length : 1));
  }

  /** Of each check the first finding is made small: with `--keep-going` there may be many. */
  async #keep(finding: Finding): Promise<void> {
    const { check } = finding.violation;
    const isFirst = !this.#shrunkChecks.has(check);
    this.#shrunkChecks.add(check);
    const kept = await keepFinding(finding, {
      ...{ settings: this.#settings, folder: this.#options.save, isShrunk: isFirst },
      ...{ script: this.#around.script, signal: this.#around.signal, progress: this.#around.progress },
    });
    this.found.push(kept);
    this.#around.progress.stop();
    if (this.#options.json !== true) this.#around.stdout.write(`${findingText(kept).join('\n')}\n\n`);
  }
}

/** The settings that options give. */
export function settingsOf({ without = [], withoutCheck = [], crashEvery }: Partial<SimOptions>): RunSettings {
  return { without, withoutChecks: withoutCheck, ...(crashEvery === undefined ? {} : { crashEvery }) };
}
