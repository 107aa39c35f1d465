/** The jobs of a swarm: each seed with each subject, until there are enough or time is up. */
import type { SeedJob } from './jobs.js';
import type { RunSettings, Subject } from './subject.js';

export interface SeedRange {
  readonly subjects: readonly Subject[];
  readonly firstSeed: number;
  /** How many seeds; without it, until `isOver`. */
  readonly seeds?: number;
  readonly isOver?: () => boolean;
}

export function* seedJobs(range: SeedRange, settings: RunSettings): Generator<SeedJob, void, void> {
  const { subjects, firstSeed, seeds = Number.POSITIVE_INFINITY, isOver = () => false } = range;
  for (let count = 0; count < seeds; count += 1) {
    if (isOver()) return;
    for (const subject of subjects) yield { kind: 'seed', subject, seed: firstSeed + count, settings };
  }
}
