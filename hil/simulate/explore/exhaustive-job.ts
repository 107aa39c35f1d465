/** One piece of the exhaustive exploration as plain JSON, and the run that it cuts. */
import { createHash } from 'node:crypto';
import type { Method } from '../../../protocol/ids.js';
import type { Plan } from '../plan.js';
import {
  type HostProgram,
  hostPrograms,
  operationsOf,
  programVolumeSectors,
  standsForItself,
} from './host-programs.js';

/**
 * `alone`: the site that lost its power comes back without the other. `continued`: everything goes on to the end, with
 * hosts and lines.
 */
export const explorationLevels = ['alone', 'continued'] as const;
export type ExplorationLevel = (typeof explorationLevels)[number];

const methods: readonly Method[] = ['copy', 'differential', 'streaming'];

/** How a program meets the controllers. */
export interface ExplorationSetting {
  readonly name: string;
  /** Before the program all blocks are written and one generation is structured; else everything is zeros. */
  readonly paired: boolean;
  /** From one step to the next: long enough for everything to come to rest, or into the middle of the one before. */
  readonly gapUs: number;
  /** Disk commands take effect when they end; else when they begin. */
  readonly late: boolean;
  /** Bytes of records that make a controller begin a snapshot. */
  readonly journalGrowthBytes: number;
  /** The most bytes of records in one write; as many as come together, unless given. */
  readonly journalBatchBytes?: number;
  /** How long the power stays away, and a line. */
  readonly offUs: number;
}

/** Each record is written alone, and a snapshot in as many parts as it has records. */
const recordByRecord = { journalGrowthBytes: 300, journalBatchBytes: 1, offUs: 1500 };

export const explorationSettings = [
  { name: 'fresh-apart', paired: false, gapUs: 2000, late: false, journalGrowthBytes: 1_000_000, offUs: 1500 },
  { name: 'fresh-close', paired: false, gapUs: 53, late: true, journalGrowthBytes: 1, offUs: 300_000 },
  { name: 'paired-apart', paired: true, gapUs: 2000, late: true, journalGrowthBytes: 1, offUs: 300_000 },
  { name: 'paired-close', paired: true, gapUs: 53, late: false, journalGrowthBytes: 1, offUs: 1500 },
  { ...recordByRecord, name: 'fresh-split', paired: false, gapUs: 53, late: false },
  { ...recordByRecord, name: 'paired-split', paired: true, gapUs: 53, late: true },
] as const satisfies readonly ExplorationSetting[];
export type SettingName = (typeof explorationSettings)[number]['name'];

export interface ExhaustiveJob {
  readonly level: ExplorationLevel;
  readonly setting: SettingName;
  readonly method: Method;
  readonly program: HostProgram;
}

/** Names a job on a command line: `alone/fresh-close/copy/w0.f.u2`. */
export function jobName({ level, setting, method, program }: ExhaustiveJob): string {
  return [level, setting, method, program.join('.') || 'nothing'].join('/');
}

/** The job of this name; undefined when there is none. */
export function jobNamed(name: string): ExhaustiveJob | undefined {
  return exhaustiveJobs().find((job) => jobName(job) === name);
}

/**
 * All jobs: first everything alone, then everything continued. Programs of at most one step come first, then the others
 * in an order that makes the jobs that fit a budget a fair sample of all.
 */
export function exhaustiveJobs(): ExhaustiveJob[] {
  return explorationLevels.flatMap((level) => {
    const drawn = jobsOf(level).map((job) => ({
      job,
      isLong: job.program.length > 1 ? 1 : 0,
      lot: createHash('sha256').update(jobName(job)).digest('hex'),
    }));
    drawn.sort((a, b) => a.isLong - b.isLong || (a.lot < b.lot ? -1 : 1));
    return drawn.map(({ job }) => job);
  });
}

function jobsOf(level: ExplorationLevel): ExhaustiveJob[] {
  return hostPrograms().flatMap((program) =>
    explorationSettings
      .filter(({ paired }) => paired || standsForItself(program))
      .flatMap(({ name: setting }) => methods.map((method): ExhaustiveJob => ({ level, setting, method, program }))),
  );
}

/** The run of a job without any fault, and the times between which it is cut. */
export interface ExploredRun {
  readonly plan: Plan;
  readonly setting: ExplorationSetting;
  /** When the first, and the last, step of the program is taken; 0 for a program without any: it is all about the start. */
  readonly firstStepUs: number;
  readonly lastStepUs: number;
  /** Everything has come to rest: from here on hosts only read. */
  readonly quietUs: number;
}

/** Sessions are open and areas prepared. */
const startedUs = 30_000;
/** The generation before the program is structured, and all that was sent is acknowledged. */
const pairedUs = 80_000;
/** Long past everything that a program sets going, and a power that stays away. */
const restUs = 1_000_000;

export function exploredRun({ setting: name, method, program }: ExhaustiveJob): ExploredRun {
  const setting = explorationSettings.find((each) => each.name === name);
  if (setting === undefined) throw new RangeError(`no setting is called ${name}`);
  const { paired, gapUs, late, journalGrowthBytes, journalBatchBytes }: ExplorationSetting = setting;
  const before = paired ? operationsOf(['w0', 'w1', 'w2', 'f'], { fromUs: startedUs, gapUs: 2000 }) : [];
  const fromUs = paired ? pairedUs : startedUs;
  const steps = operationsOf(program, { fromUs, gapUs });
  const lastStepUs = steps.at(-1)?.atUs ?? 0;
  const quietUs = Math.max(lastStepUs, fromUs) + restUs;
  const reads = [...programVolumeSectors.keys()].flatMap((volume) => [
    { kind: 'read' as const, atUs: quietUs, volume },
    { kind: 'look' as const, atUs: quietUs, volume },
  ]);
  const plan: Plan = {
    version: 1,
    seed: 1,
    configuration: {
      ...{ method, blockBytes: 512, volumeSectors: [...programVolumeSectors], shadowBlocks: 2, stagingBlocks: 4 },
      ...{ sealed: false, journalGrowthBytes, hostStallUs: 500_000, framePayloadMax: 1024 },
      ...(journalBatchBytes === undefined ? {} : { journalBatchBytes }),
      // Times without a common factor, so that events of both sites fall between each other.
      hostLine: { baud: 0, latencyUs: 7 },
      remoteLine: { baud: 0, latencyUs: 13 },
      disks: { accessUs: 19, flushUs: 43, late },
    },
    operations: [...before, ...steps, ...reads],
    faults: [],
  };
  return { plan, setting, firstStepUs: steps[0]?.atUs ?? 0, lastStepUs, quietUs };
}
