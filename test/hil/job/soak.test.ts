import { expect } from 'chai';
import type { Bench } from '../../../hil/bench/bench.js';
import type { RunChoices, RunResult, RunWatcher } from '../../../hil/job/run.js';
import type { Scenario } from '../../../hil/job/scenario-file.js';
import { Soak, type SoakEvent, type SoakOptions } from '../../../hil/job/soak.js';
import type { CheckRecord, RunRecord } from '../../../hil/report/run-record.js';
import { type RefusalCode, RefusalError } from '../../../protocol/refusals.js';
import { sampleRecord } from '../report/sample-record.js';

type Round = 'passed' | 'failed' | 'flaky' | 'lost' | 'broken' | RefusalCode;

/** Rounds that end as they are told to, each after a minute; the last goes on for ever. */
function soakOf(rounds: readonly Round[], options: Partial<SoakOptions> = {}, kind: Bench['kind'] = 'processes') {
  const controller = new AbortController();
  const seen: RunChoices[] = [];
  const pauses: number[] = [];
  let nowMs = 0;
  const waiting = new Map<() => void, number>();
  const world = {
    nowMs: () => nowMs,
    after: (ms: number, done: () => void) => {
      waiting.set(done, nowMs + ms);
      return () => void waiting.delete(done);
    },
    pause: async (ms: number) => void pauses.push(ms),
    carryOut: async (choices: RunChoices, { onBench }: RunWatcher): Promise<RunResult> => {
      const how = rounds[Math.min(seen.length, rounds.length - 1)] ?? 'passed';
      seen.push(choices);
      onBench?.({ kind } as Bench, {} as Scenario);
      nowMs += 60_000;
      for (const [done, atMs] of waiting) if (atMs < nowMs) done();
      return resultOf(how, choices.out ?? '');
    },
  };
  const soak = new Soak(
    {
      ...{ scenarios: ['default', 'noisy-line'], seed: 7, forMs: 600_000, everyMs: 300_000, out: 'kept' },
      ...{ signal: controller.signal, commandOf: ({ scenario, seed }) => `run ${scenario} ${seed}` },
      ...options,
    },
    world,
  );
  return { soak, seen, pauses, controller };
}

function resultOf(how: Round, out: string): RunResult {
  const base: RunRecord = { ...sampleRecord(), bench: 'processes' };
  const check: CheckRecord = { name: 'c', verdict: 'passed', seconds: 1, details: '' };
  switch (how) {
    case 'passed':
      return { exit: 0, out, record: { ...base, checks: [check] } };
    case 'flaky':
      return { exit: 0, out, record: { ...base, checks: [{ ...check, verdict: 'flaky', tries: 2 }] } };
    case 'failed':
      return { exit: 1, out, record: { ...base, checks: [{ ...check, verdict: 'failed' }] } };
    case 'lost':
      return { exit: 3, out, record: { ...base, verdict: 'unavailable', reason: 'wait: the line is silent' } };
    case 'broken':
      return { exit: 4, out, record: { ...base, verdict: 'unavailable', reason: 'wait: message-value' } };
    default:
      throw new RefusalError(how, 'told to');
  }
}

async function events(soak: Soak): Promise<SoakEvent[]> {
  const all: SoakEvent[] = [];
  for await (const event of soak.run()) all.push(event);
  return all;
}

describe('a soak', () => {
  it('repeats scenarios with seeds of its own until the time is over, and tells now and then', async () => {
    const { soak, seen } = soakOf(['passed']);
    const told = await events(soak);
    expect(seen.length).to.equal(10);
    expect(new Set(seen.map(({ seed }) => seed)).size).to.equal(10);
    expect([...new Set(seen.map(({ scenario }) => scenario))].sort()).to.deep.equal(['default', 'noisy-line']);
    expect(seen.every(({ evidence, clear }) => evidence === 'failed' && clear === true)).to.equal(true);
    expect(told.map((event) => (event.kind === 'told' ? event.counts.rounds : event.kind))).to.deep.equal([5, 10]);
    expect(soak.counts).to.deep.equal({ rounds: 10, passed: 10, flaky: 0, failed: 0, lost: 0, elapsedMs: 600_000 });
  });

  it('says when the time is over in the middle of a round, which is the last one, where time is real', async () => {
    const over: number[] = [];
    const options = { forMs: 150_000, onTimeOver: ({ number }: { number: number }) => void over.push(number) };
    const { soak } = soakOf(['passed'], options);
    await events(soak);
    expect([over, soak.counts.rounds]).to.deep.equal([[3], 3]);
    const even = soakOf(['passed'], { ...options, forMs: 120_000 });
    await events(even.soak);
    await events(soakOf(['passed'], options, 'emulator').soak);
    expect(over).to.deep.equal([3]);
  });

  it('is the same for the same seed, and another for another', async () => {
    const seeds = [7, 7, 8].map((seed) => soakOf(['passed'], { seed }));
    for (const { soak } of seeds) await events(soak);
    const [first, second, other] = seeds.map(({ seen }) => seen.map(({ seed, scenario }) => [seed, scenario]));
    expect(second).to.deep.equal(first);
    expect(other).not.to.deep.equal(first);
  });

  it('keeps what failed in a folder of its own, with the line that repeats it, and goes on', async () => {
    const { soak, seen } = soakOf(['passed', 'failed', 'flaky', 'passed']);
    const [failed] = await events(soak);
    expect(failed?.kind === 'failed' && [failed.round.number, failed.result.out]).to.deep.equal([2, 'kept/round-2']);
    expect(seen[1]?.command).to.equal(`run ${seen[1]?.scenario} ${seen[1]?.seed}`);
    expect(soak.counts).to.deep.equal({ rounds: 10, passed: 9, flaky: 1, failed: 1, lost: 0, elapsedMs: 600_000 });
  });

  it('waits for a bench that is lost, twice as long each time, and not at all once it has come back', async () => {
    const { soak, pauses } = soakOf(['lost', 'line-unavailable', 'lost', 'passed', 'lost', 'passed']);
    const told = await events(soak);
    expect(pauses).to.deep.equal([1000, 2000, 4000, 1000]);
    expect(told[0]).to.deep.include({ kind: 'lost', why: 'wait: the line is silent', pauseMs: 1000 });
    expect([soak.counts.lost, soak.counts.failed]).to.deep.equal([4, 0]);
    const away = soakOf(['line-unavailable'], { forMs: 3_600_000 });
    await events(away.soak);
    expect([Math.max(...away.pauses), away.soak.counts.rounds]).to.deep.equal([60_000, 0]);
  });

  it('counts a round in which the protocol was broken as failed, not as a bench that was lost', async () => {
    const { soak, pauses } = soakOf(['passed', 'broken', 'passed']);
    const [failed] = await events(soak);
    expect(failed?.kind === 'failed' && failed.result.record.reason).to.equal('wait: message-value');
    expect([soak.counts.failed, soak.counts.lost, pauses]).to.deep.equal([1, 0, []]);
  });

  it('leaves out what the bench has no means for, and ends when nothing is left', async () => {
    const { soak, seen } = soakOf(['capability-missing', 'passed']);
    const [left] = await events(soak);
    expect(left?.kind).to.equal('leftOut');
    const others = new Set(seen.slice(1).map(({ scenario }) => scenario));
    expect([others.size, others.has(seen[0]?.scenario ?? '')]).to.deep.equal([1, false]);
    const caught = await events(soakOf(['capability-missing']).soak).catch((error: unknown) => error);
    expect(caught).to.be.instanceOf(RefusalError);
  });

  it('gives each scenario those numbers that it takes', async () => {
    const { soak, seen } = soakOf(['passed'], { scenarios: ['default', 'disaster'], writes: 5, freezes: 2 });
    await events(soak);
    for (const { scenario, writes, freezes } of seen) {
      expect([writes, freezes]).to.deep.equal(scenario === 'default' ? [5, 2] : [5, undefined]);
    }
    expect(new Set(seen.map(({ scenario }) => scenario)).size).to.equal(2);
  });

  it('ends at what no other round can mend', async () => {
    for (const code of ['configuration-invalid', 'wrong-key'] as const) {
      const caught = await events(soakOf(['passed', code]).soak).catch((error: unknown) => error);
      expect(caught instanceof RefusalError && caught.refusal.code).to.equal(code);
    }
  });

  it('ends when it is told to', async () => {
    const { soak, controller, seen } = soakOf(['passed'], { everyMs: 60_000 });
    for await (const event of soak.run()) if (event.kind === 'told' && event.counts.rounds === 3) controller.abort();
    expect(seen.length).to.equal(3);
  });
});
