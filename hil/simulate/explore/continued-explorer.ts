/**
 * The run of a job again and again from its start, each time cut in another place, and then on to the end: hosts retry,
 * sessions open again, everything is healed, and the newest data has to be structured at the sub. Some runs are cut once
 * more while they come back.
 */
import { Random } from '../../random.js';
import type { Fault, Plan, Site } from '../plan.js';
import { type FoundViolation, PlanRun } from '../run-plan.js';
import { type CutCounts, type CutPoint, CutPoints } from './cut-points.js';
import type { ExploredRun } from './exhaustive-job.js';
import { plainSurvivals, survivals } from './survivals.js';

/** One in so many power cuts is followed by a second one. */
const secondEvery = 8;

export interface ContinuedFinding extends FoundViolation {
  /** Replays alone. */
  readonly plan: Plan;
}

export interface ContinuedCounts extends CutCounts {
  /** Runs that are to be made, by what cuts them, and those made. */
  powerRuns: number;
  powerRunsMade: number;
  lineRuns: number;
  lineRunsMade: number;
  /** Frames cut off with the power of their sender, at every byte that makes a difference. */
  frameRuns: number;
  frameRunsMade: number;
  /** Second cuts: effects of the runs after their cut, for those that were looked at, and runs made. */
  secondCuts: number;
  secondRunsMade: number;
}

export interface ContinuedOptions {
  readonly name: string;
  readonly isLate: () => boolean;
  readonly found: (finding: ContinuedFinding) => void;
  readonly ran: () => void;
}

/** Returns what was done; `found` has heard of what was wrong. */
export function exploreContinued(explored: ExploredRun, options: ContinuedOptions): ContinuedCounts {
  const cutPoints = new CutPoints(explored);
  const { plan } = explored;
  const uncut = new PlanRun(plan, { crashEvery: 0, witness: cutPoints }).run().violation;
  if (uncut !== undefined) options.found({ ...uncut, plan });
  const points = cutPoints.points.sort((a, b) => a.rank - b.rank);
  const of = (kind: CutPoint['kind']) => points.filter((each) => each.kind === kind).length;
  const counts: ContinuedCounts = {
    ...cutPoints.counts,
    ...{ powerRuns: of('power'), lineRuns: of('line'), frameRuns: of('frame and power') },
    ...{ powerRunsMade: 0, lineRunsMade: 0, frameRunsMade: 0, secondCuts: 0, secondRunsMade: 0 },
  };
  const random = new Random(`second cuts of ${options.name}`);
  for (const [index, point] of points.entries()) {
    if (options.isLate()) break;
    const after = runCut(explored, point.faults, options);
    countRun(counts, point.kind);
    if (point.kind === 'power' && index % secondEvery === 0)
      cutAgain(explored, point, after, { random, counts, options });
  }
  return counts;
}

function countRun(counts: ContinuedCounts, kind: CutPoint['kind']): void {
  if (kind === 'power') counts.powerRunsMade += 1;
  else if (kind === 'line') counts.lineRunsMade += 1;
  else counts.frameRunsMade += 1;
}

/** Runs the plan with these faults; returns how many effects of each site there were until everything was at rest. */
function runCut(
  { plan: uncut, quietUs }: ExploredRun,
  faults: readonly Fault[],
  { found, ran }: ContinuedOptions,
): Record<Site, number> {
  const plan = { ...uncut, faults: [...faults] };
  const effects: Record<Site, number> = { main: 0, sub: 0 };
  const count = (atUs: number, device: string) => {
    if (atUs < quietUs && (device === 'main' || device === 'sub')) effects[device] += 1;
  };
  const witness = { commanded: count, sent: count };
  const { violation } = new PlanRun(plan, { crashEvery: 0, witness }).run();
  if (violation !== undefined) found({ ...violation, plan });
  ran();
  return effects;
}

/** Once more at an effect that comes after the cut, drawn from all of them. */
function cutAgain(
  explored: ExploredRun,
  { faults, effects: before }: CutPoint,
  effects: Readonly<Record<Site, number>>,
  { random, counts, options }: { readonly random: Random; counts: ContinuedCounts; readonly options: ContinuedOptions },
): void {
  const main = Math.max(0, effects.main - before.main);
  const sub = Math.max(0, effects.sub - before.sub);
  // Main, both, or the sub.
  const possible = 2 * main + sub;
  if (possible === 0) return;
  counts.secondCuts += possible;
  counts.secondRunsMade += 1;
  const drawn = random.below(possible);
  const who = drawn < main ? 'main' : drawn < 2 * main ? 'both' : 'sub';
  const afterEffects = who === 'sub' ? before.sub + 1 + drawn - 2 * main : before.main + 1 + (drawn % main);
  const survival = survivals[random.below(plainSurvivals)] ?? { sectors: 'none', torn: 'no', seed: 0 };
  const again: Fault = { kind: 'power', who, afterEffects, offUs: explored.setting.offUs, survival };
  runCut(explored, [...faults, again], options);
}
