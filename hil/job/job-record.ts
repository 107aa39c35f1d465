/** Gathers what a report says about a run, while it goes on. */
import { type Bench, remoteBytes } from '../bench/bench.js';
import {
  type BlockMapRecord,
  type CheckRecord,
  type EventRecord,
  type GenerationRecord,
  type LatencyRecord,
  type RunRecord,
  runRecordVersion,
} from '../report/run-record.js';

export interface JobAbout {
  readonly runId: string;
  readonly title: string;
  /** The one line that repeats the run. */
  readonly command: string;
  readonly seed: number;
  /** ISO 8601, in UTC. */
  readonly startedAt: string;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

export class JobRecord {
  readonly generations = new Map<number, Mutable<GenerationRecord>>();
  readonly latencies: LatencyRecord[] = [];
  readonly checks: CheckRecord[] = [];
  readonly events: EventRecord[] = [];
  readonly blockMaps: BlockMapRecord[] = [];
  /** Called with each event and each check as it is told. */
  onEvent: (event: EventRecord) => void = () => {};
  onCheck: (check: CheckRecord) => void = () => {};
  readonly #bench: Bench;
  readonly #about: JobAbout;
  /** Bytes that the line had carried when the last generation was committed. */
  #bytesBefore: number;

  constructor(bench: Bench, about: JobAbout) {
    this.#bench = bench;
    this.#about = about;
    this.#bytesBefore = remoteBytes(bench) ?? 0;
  }

  get runId(): string {
    return this.#about.runId;
  }

  event(kind: string, text: string, more: Partial<Pick<EventRecord, 'generation' | 'values' | 'atUs'>> = {}): void {
    const event = { atUs: this.#bench.nowUs(), kind, text, values: {}, ...more };
    this.events.push(event);
    this.onEvent(event);
  }

  /** `failedTries`: what was found before, when it was tried again. One that passes in the end is flaky. */
  check(
    name: string,
    details: readonly string[],
    sinceUs: number,
    failedTries: readonly (readonly string[])[] = [],
  ): void {
    const isFlaky = details.length === 0 && failedTries.length > 0;
    const verdict = isFlaky ? 'flaky' : details.length === 0 ? 'passed' : 'failed';
    const seconds = Math.max(0, this.#bench.nowUs() - sinceUs) / 1e6;
    const before = failedTries.flatMap((lines, index) => lines.map((line) => `try ${index + 1}: ${line}`));
    const tries = failedTries.length === 0 ? {} : { tries: failedTries.length + 1 };
    const check: CheckRecord = { name, verdict, seconds, details: [...before, ...details].join('\n'), ...tries };
    this.checks.push(check);
    this.onCheck(check);
  }

  frozen(generation: number, frozenAtUs: number): Mutable<GenerationRecord> {
    const { method, volumes } = this.#bench.shape;
    const record: Mutable<GenerationRecord> = {
      ...{ generation, method, frozenAtUs, blocksTotal: 0, blocksSent: 0, deferredBlocks: 0 },
      ...{ bytesOnLine: 0, volumeBytes: volumes.reduce((sum, bytes) => sum + bytes, 0) },
      ...{ verdict: 'unverified', wrongRanges: [], explanations: [] },
    };
    this.generations.set(generation, record);
    return record;
  }

  /** Everything on the line since the last generation belongs to this one: updates that went ahead of the freeze too. */
  bytesUntilNow(record: Mutable<GenerationRecord>): void {
    record.bytesOnLine = this.bytesSinceLast();
  }

  /** What the line has carried since this was asked the last time. */
  bytesSinceLast(): number {
    const before = this.#bytesBefore;
    this.#bytesBefore = remoteBytes(this.#bench) ?? 0;
    return this.#bytesBefore - before;
  }

  /** The record of the run as it stands. */
  finish(verdict: RunRecord['verdict'], reason: string, pairState: RunRecord['pairState']): RunRecord {
    const { kind, shape } = this.#bench;
    const { method, blockBytes, volumes } = shape;
    return {
      ...{
        version: runRecordVersion,
        ...this.#about,
        durationUs: this.#bench.nowUs(),
        bench: kind === 'lines' ? 'boards' : kind,
      },
      ...{ method, blockBytes, volumes: volumes.map((bytes) => ({ bytes })), verdict, reason },
      ...(pairState === undefined ? {} : { pairState }),
      generations: [...this.generations.values()],
      blockMaps: this.blockMaps,
      latencies: this.latencies,
      checks: this.checks,
      lines: [...this.#bench.lines()],
      events: [...this.events].sort((a, b) => a.atUs - b.atUs),
    };
  }
}
