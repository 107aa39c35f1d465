/** What becomes of a plan that failed: it is saved, made small, and saved again. */
import { join } from 'node:path';
import type { Finding } from '../simulate/explore/exploration.js';
import type { ShrinkJob, ShrinkProgress, Shrunk } from '../simulate/explore/jobs.js';
import { planFileText } from '../simulate/explore/plan-file.js';
import { runJobs } from '../simulate/explore/pool.js';
import { type AnyPlan, planOf, type RunSettings } from '../simulate/explore/subject.js';
import { commandWords } from './command-words.js';
import { saveFound } from './sim-files.js';
import { watchdogMs } from './sim-pool.js';
import type { SimProgress } from './sim-progress.js';

export interface KeepOptions {
  readonly settings: RunSettings;
  readonly folder: string;
  readonly isShrunk: boolean;
  readonly script: URL;
  readonly signal: AbortSignal;
  readonly progress: SimProgress;
}

/** A finding as it is told; plain JSON. */
export interface KeptFinding extends Finding {
  /** Where its plan is saved, or why it is not. */
  readonly file?: string;
  readonly unsaved?: string;
  /** The small plan's sizes and how many runs it took; undefined when it was not made small. */
  readonly shrunk?: { readonly operations: number; readonly faults: number; readonly runs: number };
  readonly story?: string;
  /** Lines that repeat it: the saved plan, if there is one, and the seed. */
  readonly repeat: readonly string[];
}

export async function keepFinding(finding: Finding, options: KeepOptions): Promise<KeptFinding> {
  const { subject, seed } = finding;
  const { settings, folder } = options;
  const plan = planOf(subject, seed, settings);
  const file = join(folder, subject === 'pair' ? `plan-${seed}.json` : `plan-${subject}-${seed}.json`);
  const save = (saved: AnyPlan, { check, detail }: Finding['violation'], how: RunSettings) => {
    const found = `seed ${seed}: ${detail.startsWith(`${check}: `) ? '' : `${check}: `}${detail}`;
    return saveFound(file, planFileText({ plan: saved, found, settings: how }));
  };
  const keptAs = (unsaved: string | undefined): KeptFinding => {
    const seedAgain = seedCommand(finding, settings);
    if (unsaved !== undefined) return { ...finding, unsaved, repeat: [seedAgain] };
    return { ...finding, file, repeat: [`coldframe sim --replay ${commandWords([file])}`, seedAgain] };
  };
  const kept = keptAs(save(withCrash(plan, finding.violation), finding.violation, settings));
  const endless = finding.violation.check === 'died' || finding.violation.check === 'hung';
  const small =
    endless || !options.isShrunk ? undefined : await shrunk({ kind: 'shrink', plan, settings, file }, options);
  if (small === undefined) return kept;
  const keptSmall = keptAs(save(small.plan, small.violation, small.settings));
  const { runs, story } = small;
  const sizes = { operations: small.plan.operations.length, faults: small.plan.faults.length, runs };
  return { ...keptSmall, violation: small.violation, shrunk: sizes, ...(story === undefined ? {} : { story }) };
}

/** The plan that looks at the power cut that found it, and at no other. */
function withCrash(plan: AnyPlan, { crash }: Finding['violation']): AnyPlan {
  return crash === undefined || 'subject' in plan ? plan : { ...plan, crash };
}

async function shrunk(job: ShrinkJob, { script, signal, progress }: KeepOptions): Promise<Shrunk | undefined> {
  const jobs = runJobs<ShrinkJob, Shrunk, ShrinkProgress>([job], {
    ...{ script, workers: 1, watchdogMs, signal },
    onProgress: (_, { runs, operations, faults }) =>
      progress.update(1, `makes a plan small: ${runs} runs, ${operations} operations, ${faults} faults left`),
  });
  for await (const { outcome } of jobs) if (outcome.kind === 'done') return outcome.result;
  return undefined;
}

/** The line that runs the seed again. */
function seedCommand({ subject, seed }: Finding, { without, withoutChecks, crashEvery }: RunSettings): string {
  return commandWords([
    ...['coldframe', 'sim', '--subject', subject, '--seed', String(seed), '--seeds', '1'],
    ...without.flatMap((each) => ['--without', each]),
    ...withoutChecks.flatMap((each) => ['--without-check', each]),
    ...(crashEvery === undefined ? [] : ['--crash-every', String(crashEvery)]),
  ]);
}
