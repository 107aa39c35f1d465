/** A fixed set of seeds, each run twice, in whatever worker comes free. `coldframe sim` runs others, and shows what fails. */
import { expect } from 'chai';
import type { SeedJob } from '../../../hil/simulate/explore/jobs.js';
import { runJobs } from '../../../hil/simulate/explore/pool.js';
import { defaultSettings, type Subject, type SubjectResult } from '../../../hil/simulate/explore/subject.js';

const script = new URL('../../../hil/simulate/explore/worker.js', import.meta.url);
const seedCounts: Readonly<Record<Subject, number>> = { pair: 60, link: 20 };

/** The results of seeds 1, 2, 3, …, each twice. */
async function runTwice(subject: Subject): Promise<[number, SubjectResult, SubjectResult][]> {
  const jobs = Array.from({ length: 2 * seedCounts[subject] }, (_, index): SeedJob => {
    return { kind: 'seed', subject, seed: 1 + Math.floor(index / 2), settings: defaultSettings };
  });
  const results: SubjectResult[] = [];
  const options = { script, workers: 2, watchdogMs: 60_000 };
  for await (const { job, outcome } of runJobs<SeedJob, SubjectResult>(jobs, options)) {
    if (outcome.kind !== 'done') throw new Error(`${repeat(subject, job.seed)}: ${JSON.stringify(outcome)}`);
    results.push(outcome.result);
  }
  return Array.from({ length: seedCounts[subject] }, (_, index) => {
    const [first, second] = results.slice(2 * index);
    if (first === undefined || second === undefined) throw new Error('a result is missing');
    return [1 + index, first, second];
  });
}

const repeat = (subject: Subject, seed: number) => `coldframe sim --subject ${subject} --seed ${seed} --seeds 1`;

describe('the swarm', () => {
  for (const subject of ['pair', 'link'] as const) {
    it(`finds nothing wrong with ${subject} plans of ${seedCounts[subject]} seeds, each the same when it runs again`, async () => {
      const runs = await runTwice(subject);
      const found = runs.flatMap(([seed, { violation }]) =>
        violation === undefined ? [] : [`${repeat(subject, seed)}: ${violation.check}: ${violation.detail}`],
      );
      expect(found).to.deep.equal([]);
      for (const [seed, first, second] of runs) expect(second, repeat(subject, seed)).to.deep.equal(first);
      expect(new Set(runs.map(([, { traceHash }]) => traceHash)).size).to.equal(runs.length);
      const applied = runs.reduce((sum, [, result]) => sum + result.applied, 0);
      expect(applied).to.be.greaterThan(10 * runs.length);
    });
  }
});
