import { expect } from 'chai';
import { AloneExplorer, type AloneFinding } from '../../../../hil/simulate/explore/alone-explorer.js';
import {
  type ExhaustiveJob,
  exhaustiveJobs,
  jobName,
  jobNamed,
  reportExhaustive,
  runExhaustiveJob,
} from '../../../../hil/simulate/explore/exhaustive.js';
import { exploredRun } from '../../../../hil/simulate/explore/exhaustive-job.js';
import { hostPrograms, type ProgramStep } from '../../../../hil/simulate/explore/host-programs.js';
import { PlanRun } from '../../../../hil/simulate/run-plan.js';

const methods = ['copy', 'differential', 'streaming'] as const;

function jobOf(name: string): ExhaustiveJob {
  const job = jobNamed(name);
  if (job === undefined) throw new RangeError(name);
  return job;
}

/** What controllers and hosts do in the run of a job, up to a time. */
function storyOf(job: ExhaustiveJob, untilUs: number): string[] {
  const story: string[] = [];
  const note = (atUs: number, text: string) => {
    if (atUs < untilUs) story.push(`${atUs} ${text}`);
  };
  const run = new PlanRun(exploredRun(job).plan, {
    crashEvery: 0,
    witness: {
      commanded: (atUs, site, disk, command) => note(atUs, `${site} ${disk} ${command.op}`),
      sent: (atUs, device, port, frame) => note(atUs, `${device} ${port} ${Buffer.from(frame).toString('hex')}`),
    },
  });
  run.run();
  return story;
}

const pairedSettings = ['paired-apart', 'paired-close', 'paired-split'] as const;

describe('exhaustive exploration', () => {
  it('has a job for every program that stands for itself, each setting and method, at both levels', () => {
    const jobs = exhaustiveJobs();
    const [fresh, paired] = [284, 400];
    expect(jobs).to.have.lengthOf(2 * 3 * 3 * (fresh + paired));
    expect(new Set(jobs.map(jobName)).size).to.equal(jobs.length);
    const last = jobs.at(-1);
    expect(last === undefined ? undefined : jobNamed(jobName(last))).to.deep.equal(last);
    expect(jobs.findIndex(({ level }) => level === 'continued')).to.equal(jobs.length / 2);
  });

  it('finds nothing wrong in any program of two steps on written volumes, whatever a cut and one more leave of a site', function () {
    this.timeout(120_000);
    const jobs = hostPrograms(2).map(
      (program, index): ExhaustiveJob => ({
        ...{ level: 'alone', setting: pairedSettings[Math.floor(index / 3) % 3] ?? 'paired-apart' },
        ...{ method: methods[index % 3] ?? 'copy', program },
      }),
    );
    const report = reportExhaustive(
      jobs.map((job) => runExhaustiveJob(job)),
      jobs,
    );
    expect(report.rows.at(-1)).to.equal('nothing found');
    expect(report.alone).to.include({ jobs: 57, complete: 57, stepsComplete: 2 });
    for (const { images, imagesPossible, checked, moments } of report.alone.cuts) {
      expect(images).to.equal(imagesPossible);
      expect(moments).to.be.greaterThan(500);
      expect(checked).to.be.greaterThan(500);
    }
  });

  it('finds nothing wrong in a write on fresh volumes that is cut everywhere and goes on to its end', function () {
    this.timeout(120_000);
    const result = runExhaustiveJob(jobOf('continued/fresh-close/streaming/w0'));
    expect(result.findings).to.deep.equal([]);
    expect(result.complete).to.equal(true);
    if (result.level !== 'continued') throw new Error('of another level');
    const { counts } = result;
    expect(counts.powerRunsMade).to.equal(counts.powerRuns).and.to.be.greaterThan(30);
    expect(counts.lineRunsMade)
      .to.equal(2 * counts.frames)
      .and.to.be.greaterThan(10);
    expect(counts.frameRunsMade).to.equal(counts.frameRuns).and.to.be.greaterThan(counts.frames);
    expect(counts.secondRunsMade).to.be.greaterThan(5);
  });

  it('begins a longer program where the shorter one ends: up to its last step both are the same', () => {
    const of = (program: readonly ProgramStep[]): ExhaustiveJob => ({
      ...{ level: 'alone', setting: 'paired-close', method: 'differential', program },
    });
    const { lastStepUs } = exploredRun(of(['w0', 'f', 'w1']));
    const story = storyOf(of(['w0', 'f', 'w1']), lastStepUs);
    expect(story.length).to.be.greaterThan(100);
    expect(storyOf(of(['w0', 'f']), lastStepUs)).to.deep.equal(story);
  });

  it('finds as much in a program of the second block alone as in the same one of the first', () => {
    for (const method of methods) {
      const of = (program: readonly ProgramStep[]) => {
        const result = runExhaustiveJob({ level: 'alone', setting: 'fresh-apart', method, program });
        return result.level === 'alone' ? result.cuts : undefined;
      };
      expect(of(['w1', 'f', 'u1'])).to.deep.equal(of(['w0', 'f', 'u0']));
    }
  });

  it('finds a site that comes back with other data than was acknowledged, and a plan that shows it', () => {
    const { plan, lastStepUs } = exploredRun(jobOf('alone/fresh-apart/differential/w0'));
    const findings: (AloneFinding & { readonly plain: string | undefined })[] = [];
    const forgotten = {
      volume: 0,
      from: 1,
      end: 2,
      number: 9,
      site: 'main',
      tag: 0,
      uncertain: false,
      aborted: false,
      ended: 'no',
    } as const;
    let wasTold = false;
    const run = new PlanRun(plan, {
      // Whoever runs is not held to it: it is the looks at power cuts that have to find it.
      checks: (check) => check.startsWith('crash'),
      crashEvery: 0,
      witness: {
        commanded: (atUs, site) => {
          if (atUs < lastStepUs || site !== 'main') return;
          if (!wasTold) run.oracle.ended({ ...forgotten }, true);
          wasTold = true;
          explorer.look('main', run.bench.effects.main + 1);
        },
      },
    });
    const explorer = new AloneExplorer({
      run,
      cutsMax: 1,
      found: (finding) => findings.push({ ...finding, plain: finding.survival()?.sectors }),
    });
    run.run();
    const [first] = findings;
    expect(first).to.deep.include({ check: 'crash newest' });
    expect(first?.detail).to.contain('volume 0, block 1: sector 1 holds zeros, not write 9');
    expect(first?.plain).to.be.oneOf(['none', 'all', 'some']);
  });

  it('leaves what is not done by its deadline, and says so', () => {
    const jobs = [jobOf('alone/fresh-apart/copy/w0'), jobOf('continued/fresh-apart/copy/w0')];
    const results = jobs.map((job) => runExhaustiveJob(job, { deadline: 0 }));
    expect(results.map(({ complete }) => complete)).to.deep.equal([false, false]);
    const { alone, continued, rows } = reportExhaustive(results, jobs);
    expect(alone).to.include({ jobs: 1, begun: 1, complete: 0, stepsComplete: -1 });
    expect(alone.cuts[0]).to.include({ checked: 0 });
    expect(continued.counts).to.include({ powerRunsMade: 0, lineRunsMade: 0, frameRunsMade: 0 });
    expect(rows.join('\n')).to.match(/0 of 1 \(0 %\) jobs, 1 more begun$/m);
  });
});
