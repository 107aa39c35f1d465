/** What an exploration has come to so far: sums over its plans, and what was found. */
import type { SeedJob } from './jobs.js';
import type { Finished } from './pool.js';
import type { Subject, SubjectResult, SubjectViolation } from './subject.js';

/** A plan that failed, or that took its worker with it. */
export interface Finding {
  readonly subject: Subject;
  readonly seed: number;
  /** `died` and `hung` are no checks of the oracle: the run came to no end. */
  readonly violation: SubjectViolation;
}

export class Exploration {
  readonly findings: Finding[] = [];
  /** Counts by key, for each subject. */
  readonly coverage: Record<Subject, Record<string, number>> = { pair: {}, link: {} };
  readonly plans: Record<Subject, number> = { pair: 0, link: 0 };
  events = 0;
  virtualUs = 0;
  crashImages = 0;
  applied = 0;
  /** The last seed of which all plans have been run; undefined before the first. */
  lastSeed: number | undefined;

  get planCount(): number {
    return this.plans.pair + this.plans.link;
  }

  /** Takes the next plan in; returns what it found. */
  add({ job, outcome }: Finished<SeedJob, SubjectResult>): Finding | undefined {
    const { subject, seed } = job;
    this.plans[subject] += 1;
    this.lastSeed = seed;
    if (outcome.kind === 'done') this.#sum(subject, outcome.result);
    const violation = violationOf(outcome);
    if (violation === undefined) return undefined;
    const finding = { subject, seed, violation };
    this.findings.push(finding);
    return finding;
  }

  #sum(subject: Subject, result: SubjectResult): void {
    this.events += result.events;
    this.virtualUs += result.virtualUs;
    this.crashImages += result.crashImages;
    this.applied += result.applied;
    const sums = this.coverage[subject];
    for (const [key, count] of Object.entries(result.coverage)) sums[key] = (sums[key] ?? 0) + count;
  }
}

function violationOf(outcome: Finished<SeedJob, SubjectResult>['outcome']): SubjectViolation | undefined {
  switch (outcome.kind) {
    case 'done':
      return outcome.result.violation;
    case 'died':
      return { check: 'died', detail: outcome.how, atUs: 0 };
    case 'hung':
      return { check: 'hung', detail: `the plan came to no end within ${outcome.afterMs / 1000} s`, atUs: 0 };
  }
}
