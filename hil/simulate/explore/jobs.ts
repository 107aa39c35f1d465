/** What the workers of an exploration do: plain jobs and results. */
import type { RunSettings, Subject, SubjectResult } from './subject.js';

/** Runs the plan of a seed. */
export interface SeedJob {
  readonly kind: 'seed';
  readonly subject: Subject;
  readonly seed: number;
  readonly settings: RunSettings;
}

export type ExploreJob = SeedJob;
export type ExploreResult = SubjectResult;
