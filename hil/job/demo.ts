/** The demonstration: each method once, in virtual time, on the same writes. */
import { join } from 'node:path';
import { type Method, methods } from '../../protocol/ids.js';
import { parseBench } from '../bench/bench-file.js';
import { openBench } from '../bench/open-bench.js';
import type { GenerationRecord, RunRecord } from '../report/run-record.js';
import { writeReport } from '../report/write-report.js';
import { runScenario } from './scenario.js';
import { parseScenario } from './scenario-file.js';

/** What the demonstration runs on, and what it does; the text of the command describes these numbers. */
export const demo = {
  volumeBytes: 8 * 2 ** 20,
  blockBytes: 4096,
  baud: 921_600,
  /** Blocks written before the first freeze, between the two, and while the second image is being sent. */
  firstBlocks: 256,
  changedBlocks: 64,
  overwrites: 32,
  seed: 1,
} as const;

export interface DemoRun {
  readonly method: Method;
  readonly record: RunRecord;
  /** Path of report.html. */
  readonly report: string;
}

/** How long host writes waited, in microseconds. */
export interface Waits {
  readonly count: number;
  readonly medianUs: number;
  readonly maxUs: number;
}

/** Runs one method after the other; `folder` takes the reports. */
export async function* runDemo(folder: string): AsyncGenerator<DemoRun> {
  for (const method of methods) {
    const record = await runMethod(method);
    const [report = ''] = await writeReport(join(folder, method), record);
    yield { method, record, report };
  }
}

/** Waits of the host writes that were sent while a generation was on its way. */
export function waitsDuring(record: RunRecord, { frozenAtUs, committedAtUs }: GenerationRecord): Waits {
  const end = committedAtUs ?? record.durationUs;
  const during = record.latencies.filter(({ atUs }) => atUs >= frozenAtUs && atUs < end);
  const sorted = during.map(({ us }) => us).sort((a, b) => a - b);
  return {
    count: sorted.length,
    medianUs: sorted[Math.floor(sorted.length / 2)] ?? 0,
    maxUs: sorted.at(-1) ?? 0,
  };
}

async function runMethod(method: Method): Promise<RunRecord> {
  const { volumeBytes, blockBytes, baud, firstBlocks, changedBlocks, overwrites, seed } = demo;
  const file = parseBench(
    'demo',
    `method: ${method}\nblock: ${blockBytes}\nvolumes: [{size: ${volumeBytes}}]\nlines: {remote: {baud: ${baud}, latency: 1}}`,
  );
  const scenario = parseScenario(
    'demo',
    [
      'steps:',
      `  - write: {writes: ${firstBlocks}, profile: sequential, sizes: blocks}`,
      '  - freeze',
      '  - wait: structured',
      '  - verify',
      `  - write: {writes: ${changedBlocks}, profile: random, sizes: blocks, everyMs: 60}`,
      '  - freeze',
      `  - overwriteInFlight: {writes: ${overwrites}, everyMs: 4}`,
      '  - wait: structured',
      '  - verify',
    ].join('\n'),
  );
  const startedAt = `${new Date().toISOString().slice(0, 19)}Z`;
  const command = 'coldframe demo';
  await using bench = await openBench(file, { seed: String(seed) });
  const about = { runId: `demo-${method}`, title: `demonstration of the ${method} method`, command, seed, startedAt };
  return (await runScenario({ bench, scenario, about })).record;
}
