/**
 * What a run comes to, in words and figures: the same on the page, on the terminal and for machines.
 */
import { bytesText, counted, quantile } from './quantity.js';
import type { RunRecord } from './run-record.js';

export interface Summary {
  /** The verdict as one word. */
  readonly word: string;
  /** Why, in a sentence. */
  readonly reason: string;
  /** What was run, in a sentence. */
  readonly about: string;
  readonly bytesOnLine: number;
  readonly volumeBytes: number;
  readonly writes: number;
  /** Of host writes, in microseconds; absent when there were none. */
  readonly latencyUs?: { readonly median: number; readonly p99: number; readonly max: number };
}

const words: Readonly<Record<RunRecord['verdict'], string>> = {
  passed: 'Passed',
  failed: 'Failed',
  unavailable: 'No verdict',
  interrupted: 'Interrupted',
};
const benches: Readonly<Record<RunRecord['bench'], string>> = {
  emulator: 'models in virtual time',
  'in-process': 'models in real time',
  processes: 'models as processes',
  boards: 'boards and models',
};

export function summarize(record: RunRecord): Summary {
  const volumeBytes = record.volumes.reduce((sum, { bytes }) => sum + bytes, 0);
  const volumes = counted(record.volumes.length, 'volume');
  const writes = record.latencies.length;
  return {
    word: words[record.verdict],
    reason: reasonOf(record),
    about:
      `${counted(record.generations.length, 'generation')} of ${volumes} (${bytesText(volumeBytes)}) ` +
      `by the ${record.method} method, ${benches[record.bench]}.`,
    bytesOnLine: record.generations.reduce((sum, { bytesOnLine }) => sum + bytesOnLine, 0),
    volumeBytes,
    writes,
    ...(writes > 0 && { latencyUs: latencies(record) }),
  };
}

function reasonOf(record: RunRecord): string {
  if (record.reason !== '') return record.reason;
  const failed = record.checks.filter(({ verdict }) => verdict === 'failed');
  if (failed.length > 0) {
    const which = failed.map(({ name }) => `“${name}”`).slice(0, 2);
    return `${failed.length} of ${counted(record.checks.length, 'check')} failed: ${which.join(', ')}${failed.length > 2 ? ', …' : ''}`;
  }
  if (record.verdict !== 'passed') return lostGeneration(record) ?? 'The run did not come to its end.';
  const verified = record.generations.filter(({ verdict }) => verdict === 'passed').length;
  const images = verified === 1 ? '1 image equals its golden image' : `${verified} images equal their golden images`;
  const flaky = record.checks.filter(({ verdict }) => verdict === 'flaky').length;
  const retried = flaky > 0 ? `, ${flaky} of them only when tried again` : '';
  return `${counted(record.checks.length, 'check')} passed${retried}${verified > 0 ? `; ${images}` : ''}.`;
}

function lostGeneration({ generations }: RunRecord): string | undefined {
  const failed = generations.find(({ verdict }) => verdict === 'failed');
  return failed && `Generation ${failed.generation} failed: ${failed.failedReason ?? 'its image is wrong'}.`;
}

function latencies(record: RunRecord): NonNullable<Summary['latencyUs']> {
  const sorted = Float64Array.from(record.latencies, ({ us }) => us).sort();
  return { median: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), max: quantile(sorted, 1) };
}
