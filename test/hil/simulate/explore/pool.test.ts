import { expect } from 'chai';
import { type Finished, type PoolOptions, runJobs } from '../../../../hil/simulate/explore/pool.js';
import type { BadJob } from './bad-worker.js';

const script = new URL('./bad-worker.js', import.meta.url);
type Options = Partial<PoolOptions<BadJob, number>>;

const jobsOf = (...behaviours: BadJob['behaves'][]): BadJob[] =>
  behaviours.map((behaves, index) => ({ seed: index + 1, behaves }));

async function all(jobs: Iterable<BadJob>, options: Options = {}): Promise<Finished<BadJob, string>[]> {
  const finished: Finished<BadJob, string>[] = [];
  for await (const each of runJobs<BadJob, string, number>(jobs, {
    ...{ script, workers: 2, watchdogMs: 20_000 },
    ...options,
  })) {
    finished.push(each);
  }
  return finished;
}

describe('the pool of workers', () => {
  for (const workers of [1, 2]) {
    it(`gives results in the order of the jobs, with ${workers} at work`, async () => {
      const jobs = jobsOf('slowly', 'well', 'well', 'slowly', 'well');
      const finished = await all(jobs, { workers });
      expect(finished.map(({ job }) => job)).to.deep.equal(jobs);
      expect(finished.map(({ outcome }) => outcome.kind === 'done' && outcome.result)).to.deep.equal([
        ...['late result 1', 'result 2', 'result 3', 'late result 4', 'result 5'],
      ]);
    });
  }

  it('tells of a job that throws, and goes on', async () => {
    const [first, second, third] = await all(jobsOf('well', 'throws', 'well'), { workers: 1 });
    expect([first?.outcome.kind, third?.outcome.kind]).to.deep.equal(['done', 'done']);
    expect(second?.job.seed).to.equal(2);
    expect(second?.outcome).to.have.property('kind', 'died');
    expect(second?.outcome).to.have.property('how').that.includes('seed 2 is too much');
  });

  it('tells of a job that ends its worker, and goes on', async () => {
    const finished = await all(jobsOf('exits', 'well'), { workers: 1 });
    expect(finished[0]?.outcome).to.deep.equal({ kind: 'died', how: 'the worker ended with exit code 7' });
    expect(finished[1]?.outcome.kind).to.equal('done');
  });

  it('gives up a worker that hangs, and goes on', async () => {
    const finished = await all(jobsOf('well', 'hangs', 'well'), { workers: 1, watchdogMs: 2500 });
    expect(finished.map(({ outcome }) => outcome.kind)).to.deep.equal(['done', 'hung', 'done']);
    expect(finished[1]).to.deep.equal({
      job: { seed: 2, behaves: 'hangs' },
      outcome: { kind: 'hung', afterMs: 2500 },
    });
  });

  it('does not take one that hangs after some progress for alive', async () => {
    const [finished] = await all(jobsOf('hangs with progress'), { watchdogMs: 800 });
    expect(finished?.outcome.kind).to.equal('hung');
  });

  it('hands on progress', async () => {
    const told: [number, number][] = [];
    await all(jobsOf('slowly', 'well', 'slowly'), {
      workers: 1,
      onProgress: ({ seed }, progress) => told.push([seed, progress]),
    });
    expect(told).to.deep.equal([1, 3].flatMap((seed) => [1, 2, 3].map((part) => [seed, part])));
  });

  it('takes jobs only as workers come free, and ends when nobody listens any more', async () => {
    let taken = 0;
    let closed = false;
    function* endless(): Generator<BadJob> {
      try {
        for (;;) {
          taken += 1;
          yield { seed: taken, behaves: 'well' };
        }
      } finally {
        closed = true;
      }
    }
    for await (const { job } of runJobs<BadJob, string, number>(endless(), {
      ...{ script, workers: 2, watchdogMs: 20_000 },
    })) {
      expect(taken).to.be.greaterThanOrEqual(job.seed);
      if (job.seed === 5) break;
    }
    expect(closed).to.equal(true);
  });

  it('ends at a signal, with jobs under way', async () => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 300);
    const finished = await all(jobsOf('hangs', 'well'), { signal: abort.signal });
    expect(finished).to.deep.equal([]);
  });

  it('does nothing for no jobs', async () => {
    expect(await all([])).to.deep.equal([]);
  });
});
