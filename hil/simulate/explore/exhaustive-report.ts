/** What an exhaustive exploration has covered, of what there is, and what it found: for people and as JSON. */
import type { AloneCounts } from './alone-explorer.js';
import type { ContinuedCounts } from './continued-explorer.js';
import type { ExhaustiveFinding, ExhaustiveResult } from './exhaustive.js';
import { type ExhaustiveJob, type ExplorationLevel, exhaustiveJobs } from './exhaustive-job.js';

/** Jobs of a level: all there are, those begun, and those done to the end. */
export interface LevelJobs {
  readonly jobs: number;
  readonly begun: number;
  readonly complete: number;
  /** The longest host programs all of which are complete, in steps; -1 for none. */
  readonly stepsComplete: number;
  /** Time of all workers together. */
  readonly seconds: number;
}

export interface ExhaustiveReport {
  /** Lines of text. */
  readonly rows: readonly string[];
  readonly alone: LevelJobs & { readonly cuts: readonly AloneCounts[]; readonly imagesPerSecond: number };
  readonly continued: LevelJobs & { readonly counts: ContinuedCounts; readonly runsPerSecond: number };
  readonly findings: readonly (ExhaustiveFinding & { readonly job: string })[];
  readonly findingsTotal: number;
}

/** Shares are of the jobs given; all that there are, unless told otherwise. */
export function reportExhaustive(
  results: readonly ExhaustiveResult[],
  jobs: readonly ExhaustiveJob[] = exhaustiveJobs(),
): ExhaustiveReport {
  const aloneResults = results.filter((each) => each.level === 'alone');
  const continuedResults = results.filter((each) => each.level === 'continued');
  const cuts = [0, 1].map((cut) =>
    sumOf(
      aloneResults.map((each) => each.cuts[cut] ?? noCuts),
      noCuts,
    ),
  );
  const counts = sumOf(
    continuedResults.map((each) => each.counts),
    noCounts,
  );
  const aloneJobs = levelJobs('alone', aloneResults, jobs);
  const continuedJobs = levelJobs('continued', continuedResults, jobs);
  const checked = cuts.reduce((sum, each) => sum + each.checked, 0);
  const alone = { ...aloneJobs, cuts, imagesPerSecond: perSecond(checked, aloneJobs) };
  const continued = { ...continuedJobs, counts, runsPerSecond: perSecond(runsOf(counts), continuedJobs) };
  const findings = results.flatMap(({ name: job, findings: found }) => found.map((each) => ({ job, ...each })));
  const findingsTotal = results.reduce((sum, each) => sum + each.findingsTotal, 0);
  const rows = [...aloneRows(alone), ...continuedRows(continued), ...findingRows(findings, findingsTotal)];
  return { rows, alone, continued, findings, findingsTotal };
}

const noCuts: AloneCounts = {
  ...{ moments: 0, momentsRepeated: 0, imagesPossible: 0, images: 0, imagesRepeated: 0, checked: 0 },
};

const noCounts: ContinuedCounts = {
  ...{ effects: 0, frames: 0, bytes: 0, powerCuts: 0, powerCutsRepeated: 0, images: 0, imagesTaken: 0 },
  ...{ powerRuns: 0, powerRunsMade: 0, lineRuns: 0, lineRunsMade: 0, frameRuns: 0, frameRunsMade: 0 },
  ...{ secondCuts: 0, secondRunsMade: 0 },
};

function sumOf<Counts extends Readonly<Record<keyof Counts, number>>>(all: readonly Counts[], none: Counts): Counts {
  const sum: Record<string, number> = { ...none };
  for (const counts of all) {
    for (const [name, count] of Object.entries<number>(counts)) sum[name] = (sum[name] ?? 0) + count;
  }
  return sum as Counts;
}

function levelJobs(
  level: ExplorationLevel,
  results: readonly ExhaustiveResult[],
  jobs: readonly ExhaustiveJob[],
): LevelJobs {
  const ofLevel = jobs.filter((each) => each.level === level);
  const complete = results.filter((each) => each.complete);
  const steps = (all: readonly ExhaustiveJob[], count: number) => all.filter(({ program }) => program.length === count);
  let stepsComplete = -1;
  const done = complete.map(({ job }) => job);
  while (steps(ofLevel, stepsComplete + 1).length > 0) {
    if (steps(done, stepsComplete + 1).length < steps(ofLevel, stepsComplete + 1).length) break;
    stepsComplete += 1;
  }
  const seconds = results.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0) / 1000;
  return { jobs: ofLevel.length, begun: results.length, complete: complete.length, stepsComplete, seconds };
}

function runsOf({ powerRunsMade, lineRunsMade, frameRunsMade, secondRunsMade }: ContinuedCounts): number {
  return powerRunsMade + lineRunsMade + frameRunsMade + secondRunsMade;
}

function perSecond(count: number, { seconds }: LevelJobs): number {
  return seconds === 0 ? 0 : Math.round(count / seconds);
}

function aloneRows({ cuts, imagesPerSecond, ...jobs }: ExhaustiveReport['alone']): string[] {
  if (jobs.jobs === 0) return [];
  const rows = [`a site that comes back alone: ${jobsText(jobs)}`];
  if (jobs.begun === 0) return rows;
  for (const [index, cut] of cuts.entries()) {
    const after = index === 0 ? 'after every effect' : 'and again after every disk command of its coming back';
    rows.push(
      `  ${index === 0 ? 'power cuts' : 'second cuts'}: ${cut.moments} ${after}, ${cut.momentsRepeated} of them as before;`,
      `    images: ${of(cut.images, cut.imagesPossible)}, ${cut.imagesRepeated} seen before, ${cut.checked} checked`,
    );
  }
  return [...rows, `  ${imagesPerSecond} images a second and worker`];
}

function continuedRows({ counts, runsPerSecond, ...jobs }: ExhaustiveReport['continued']): string[] {
  if (jobs.jobs === 0) return [];
  const begin = `a run that goes on to its end: ${jobsText(jobs)}`;
  if (jobs.begun === 0) return [begin];
  const { powerCuts, powerCutsRepeated, powerRuns, powerRunsMade, images, imagesTaken } = counts;
  const { effects, frames, bytes, lineRuns, lineRunsMade, frameRuns, frameRunsMade } = counts;
  return [
    begin,
    `  in those begun: ${effects} effects, ${frames} frames of ${bytes} bytes`,
    `  power cuts of main, sub and both: ${powerCuts}, ${powerCutsRepeated} of them as before; runs: ${of(powerRunsMade, powerRuns)}`,
    `    survivors of a site: ${of(imagesTaken, images)} images`,
    `  lines lost within and behind every frame: runs: ${of(lineRunsMade, lineRuns)}`,
    `  power lost within every frame, one run for all bytes that end alike: ${of(frameRunsMade, frameRuns)}`,
    `  second cuts: runs: ${of(counts.secondRunsMade, counts.secondCuts)} after the cuts that were chosen for one`,
    `  ${runsPerSecond} runs a second and worker`,
  ];
}

function jobsText({ jobs, begun, complete, stepsComplete }: LevelJobs): string {
  const steps = stepsComplete < 0 ? '' : `; programs of up to ${stepsComplete} steps complete`;
  return `${of(complete, jobs)} jobs, ${begun - complete} more begun${steps}`;
}

function of(part: number, whole: number): string {
  const percent = whole === 0 ? 100 : Math.floor((part * 1000) / whole) / 10;
  return `${part} of ${whole} (${percent} %)`;
}

function findingRows(findings: ExhaustiveReport['findings'], total: number): string[] {
  if (total === 0) return ['nothing found'];
  return [`found: ${total}`, ...findings.map(({ job, detail, alone }) => `  ${job}: ${detail}${whereOf(alone)}`)];
}

function whereOf(alone: ExhaustiveFinding['alone']): string {
  if (alone === undefined) return '';
  const { site, afterEffects, sectors, again = [] } = alone;
  const then = again.map((cut) => `, again after ${cut.afterCommands} commands (${cut.sectors})`);
  return ` [${site} after effect ${afterEffects} (${sectors})${then.join('')}]`;
}
