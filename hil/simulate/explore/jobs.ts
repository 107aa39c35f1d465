/** What the workers of an exploration do: plain jobs, progress and results. */
import type { ExhaustiveJob, ExhaustiveResult } from './exhaustive.js';
import type { AnyPlan, RunSettings, Subject, SubjectResult, SubjectViolation } from './subject.js';

/** Runs the plan of a seed. */
export interface SeedJob {
  readonly kind: 'seed';
  readonly subject: Subject;
  readonly seed: number;
  readonly settings: RunSettings;
}

/** Makes a plan that fails small. */
export interface ShrinkJob {
  readonly kind: 'shrink';
  readonly plan: AnyPlan;
  readonly settings: RunSettings;
  /** Where the plan will lie, for the story. */
  readonly file?: string;
}

/** Explores a piece of what can be explored to the end. */
export interface PieceJob {
  readonly kind: 'exhaustive';
  readonly job: ExhaustiveJob;
  /** Milliseconds since 1970: what is not done by then is left. */
  readonly deadline: number;
}

/** Crash images, or runs, so far. */
export interface PieceProgress {
  readonly done: number;
}

export interface ShrinkProgress {
  readonly runs: number;
  readonly operations: number;
  readonly faults: number;
}

/** A small plan and what it finds, run with `settings`. */
export interface Shrunk {
  readonly plan: AnyPlan;
  readonly violation: SubjectViolation;
  readonly runs: number;
  readonly settings: RunSettings;
  /** What happens in it, for people; there is none of a link. */
  readonly story?: string;
}

export type ExploreJob = SeedJob | ShrinkJob | PieceJob;
export type ExploreResult = SubjectResult | Shrunk | ExhaustiveResult;
export type ExploreProgress = ShrinkProgress | PieceProgress;
