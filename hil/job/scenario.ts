/** Carries out a scenario on a bench and comes to a verdict. */
import { dirname, resolve } from 'node:path';
import { unreachable } from '../../protocol/ids.js';
import { RefusalError, refusals } from '../../protocol/refusals.js';
import type { Bench, Powered } from '../bench/bench.js';
import type { CheckRecord, EventRecord, RunRecord } from '../report/run-record.js';
import { type JobAbout, JobRecord } from './job-record.js';
import { PairJob } from './pair-job.js';
import type { Scenario, Step } from './scenario-file.js';

export interface ScenarioOptions {
  readonly bench: Bench;
  readonly scenario: Scenario;
  readonly about: JobAbout;
  /** From where paths of images are taken. */
  readonly folder?: string;
  /** A raw image that is the first content of volume 0. */
  readonly image?: string | undefined;
  readonly quiesce?: string | undefined;
  readonly resume?: string | undefined;
  /** Ends the run at the next step, or as soon as what is waited for can be given up. */
  readonly signal?: AbortSignal;
  readonly onStep?: (step: Step) => void;
  readonly onEvent?: (event: EventRecord) => void;
  readonly onCheck?: (check: CheckRecord) => void;
}

export interface ScenarioOutcome {
  readonly record: RunRecord;
  /** 0 passed; 1 failed; 3 and 4 no verdict: bench lost, protocol or key, before any check failed; 130 interrupted. */
  readonly exit: number;
}

const interruptedExit = 130;

/** Runs all steps, or up to the first that fails. Throws only what is a mistake of the program, or of the scenario's files. */
export async function runScenario(options: ScenarioOptions): Promise<ScenarioOutcome> {
  const { bench, about, scenario, signal, quiesce, resume } = options;
  const record = new JobRecord(bench, about);
  if (options.onEvent !== undefined) record.onEvent = options.onEvent;
  if (options.onCheck !== undefined) record.onCheck = options.onCheck;
  const giveUp = () => {
    for (const client of [bench.host, bench.subHost]) client.abort({ code: 'line-lost', detail: 'interrupted' });
  };
  signal?.addEventListener('abort', giveUp, { once: true });
  const runner = new Runner(options, new PairJob({ bench, record, seed: about.seed, quiesce, resume }), record);
  try {
    if (options.image !== undefined) await runner.step({ kind: 'image', file: resolve(options.image), volume: 0 });
    const pairState = await runner.all(scenario.steps);
    if (signal?.aborted === true) return outcome(record, interruptedExit, 'interrupted');
    return outcome(record, hasFailed(record) ? 1 : 0, '', pairState);
  } catch (error) {
    if (!(error instanceof RefusalError)) throw error;
    if (signal?.aborted === true) return outcome(record, interruptedExit, 'interrupted');
    const exit = refusals[error.refusal.code].exit;
    if (exit === 2) throw error;
    const where = runner.underWay === undefined ? '' : `${runner.underWay}: `;
    // What a check has found is a verdict, and stays one when the bench is lost afterwards.
    if (exit !== 1 && !hasFailed(record)) return outcome(record, exit, `${where}${error.message}`);
    record.check(`step ${runner.underWay}`, [error.message], bench.nowUs());
    return outcome(record, 1, '');
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
}

const hasFailed = ({ checks }: JobRecord): boolean => checks.some(({ verdict }) => verdict === 'failed');

function outcome(record: JobRecord, exit: number, reason: string, pairState?: RunRecord['pairState']): ScenarioOutcome {
  const verdict =
    exit === 0 ? 'passed' : exit === 1 ? 'failed' : exit === interruptedExit ? 'interrupted' : 'unavailable';
  const text = verdict === 'interrupted' ? 'The run was interrupted.' : reason;
  return { record: record.finish(verdict, text, pairState), exit };
}

class Runner {
  /** The step that is being carried out. */
  underWay: string | undefined;
  readonly #options: ScenarioOptions;
  readonly #job: PairJob;
  readonly #record: JobRecord;
  #verified = false;

  constructor(options: ScenarioOptions, job: PairJob, record: JobRecord) {
    this.#options = options;
    this.#job = job;
    this.#record = record;
  }

  /** All steps. If none of them verifies, both sides are looked at in the end, but not where one is left without power after other checks. */
  async all(steps: readonly Step[]) {
    await this.#each(steps);
    this.underWay = 'end';
    const canVerify = this.#job.hasPower || this.#record.checks.length === 0;
    if (!this.#verified && canVerify && this.#options.signal?.aborted !== true) await this.#job.verify();
    return this.#job.finish();
  }

  async step(step: Step): Promise<void> {
    const job = this.#job;
    this.underWay = step.kind;
    this.#options.onStep?.(step);
    switch (step.kind) {
      case 'write':
        return job.write(step);
      case 'overwriteInFlight':
        return job.overwriteInFlight(step);
      case 'image':
        return job.image({ ...step, file: resolve(this.#options.folder ?? '.', step.file) });
      case 'freeze':
        return job.freeze();
      case 'wait':
        return job.wait(step);
      case 'verify':
        this.#verified = true;
        return job.verify(step);
      case 'diskError':
        return job.diskError(step);
      case 'pass':
        return this.#pass(step.ms);
      case 'cut':
        return job.cut(async () => {
          await this.#each(step.steps);
          await this.#pass(step.ms);
        });
      case 'powerOff':
        await job.powerOff(rolesOf(step.role));
        if (step.ms === undefined) return;
        await this.#pass(step.ms);
        return job.powerOn(rolesOf(step.role));
      case 'powerOn':
        return job.powerOn(rolesOf(step.role));
      case 'takeover':
        return job.takeover(step);
      case 'failback':
        return job.failback(step);
      case 'suspend':
        return job.suspend();
      case 'resync':
        return job.resync();
      case 'expectRefused':
        return job.expectRefused(step.instruction, step.code);
      case 'repeat':
        for (let times = 0; times < step.times; times += 1) await this.#each(step.steps);
        return;
      default:
        return unreachable(step);
    }
  }

  #pass(ms: number): Promise<void> {
    return this.#options.bench.pass(ms * 1000, this.#options.signal);
  }

  async #each(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if (this.#options.signal?.aborted === true) return;
      await this.step(step);
    }
  }
}

function rolesOf(role: Powered | 'both'): readonly Powered[] {
  return role === 'both' ? ['main', 'sub'] : [role];
}

/** The folder of a scenario file, from where its images are taken. */
export const folderOf = (scenarioPath: string): string => dirname(resolve(scenarioPath));
