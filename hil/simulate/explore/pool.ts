/**
 * A small pool of worker threads: plain jobs in, plain results out, in the order of the jobs, however many workers there
 * are. A worker that dies or hangs costs its job, which is told, and not the rest.
 */
import { Worker } from 'node:worker_threads';
import type { FromWorker } from './serve-jobs.js';

/** What became of a job. */
export type Outcome<Result> =
  | { readonly kind: 'done'; readonly result: Result }
  /** The job threw, or ended its worker. */
  | { readonly kind: 'died'; readonly how: string }
  /** No result and no progress for so long. */
  | { readonly kind: 'hung'; readonly afterMs: number };

export interface Finished<Job, Result> {
  readonly job: Job;
  readonly outcome: Outcome<Result>;
}

export interface PoolOptions<Job, Progress> {
  /** A module that calls `serveJobs`. */
  readonly script: URL;
  readonly workers: number;
  /** Longest time from the beginning of a job, or its last progress, until a worker is given up. */
  readonly watchdogMs: number;
  /** Ends the pool, and with it the jobs under way. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (job: Job, progress: Progress) => void;
}

/**
 * Carries out jobs and yields what became of each, in order. Jobs are taken one by one as workers come free, so there may
 * be any number of them, and the source may end when time is up. Whoever stops listening ends the pool.
 */
export async function* runJobs<Job, Result, Progress = never>(
  jobs: Iterable<Job>,
  options: PoolOptions<Job, Progress>,
): AsyncGenerator<Finished<Job, Result>, void, void> {
  const pool = new Pool<Job, Result, Progress>(jobs, options);
  try {
    for (let index = 0; ; index += 1) {
      const finished = await pool.take(index);
      if (finished === undefined) return;
      yield finished;
    }
  } finally {
    await pool.end();
  }
}

interface Slot<Job> {
  worker: Worker | undefined;
  under: { readonly index: number; readonly job: Job } | undefined;
  watchdog: NodeJS.Timeout | undefined;
}

class Pool<Job, Result, Progress> {
  readonly #jobs: Iterator<Job>;
  readonly #options: PoolOptions<Job, Progress>;
  readonly #slots: Slot<Job>[];
  readonly #finished = new Map<number, Finished<Job, Result>>();
  readonly #abort = () => this.#wake();
  #begun = 0;
  #wake: () => void = () => {};

  constructor(jobs: Iterable<Job>, options: PoolOptions<Job, Progress>) {
    this.#jobs = jobs[Symbol.iterator]();
    this.#options = options;
    this.#slots = Array.from({ length: options.workers }, () => ({
      ...{ worker: undefined, under: undefined, watchdog: undefined },
    }));
    options.signal?.addEventListener('abort', this.#abort);
    for (const slot of this.#slots) this.#begin(slot);
  }

  /** What became of the job of this index; undefined when there is none, or the pool was told to end. */
  async take(index: number): Promise<Finished<Job, Result> | undefined> {
    for (;;) {
      const finished = this.#finished.get(index);
      this.#finished.delete(index);
      if (finished !== undefined) return finished;
      if (index >= this.#begun || this.#options.signal?.aborted === true) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async end(): Promise<void> {
    this.#options.signal?.removeEventListener('abort', this.#abort);
    this.#jobs.return?.();
    await Promise.all(
      this.#slots.map((slot) => {
        slot.under = undefined;
        clearTimeout(slot.watchdog);
        return slot.worker?.terminate();
      }),
    );
  }

  #begin(slot: Slot<Job>): void {
    const next = this.#jobs.next();
    if (next.done === true) return;
    slot.under = { index: this.#begun, job: next.value };
    this.#begun += 1;
    slot.worker ??= this.#hire(slot);
    this.#watch(slot);
    slot.worker.postMessage(next.value);
  }

  #hire(slot: Slot<Job>): Worker {
    const worker = new Worker(this.#options.script);
    const isCurrent = () => slot.worker === worker;
    worker.on('message', (message: FromWorker<Result, Progress>) => {
      if (!isCurrent() || slot.under === undefined) return;
      if (message.kind === 'done') this.#end(slot, { kind: 'done', result: message.result });
      else {
        this.#watch(slot);
        this.#options.onProgress?.(slot.under.job, message.progress);
      }
    });
    worker.on('error', (error) => {
      if (isCurrent()) this.#lose(slot, { kind: 'died', how: describe(error) });
    });
    worker.on('exit', (code) => {
      if (isCurrent()) this.#lose(slot, { kind: 'died', how: `the worker ended with exit code ${code}` });
    });
    return worker;
  }

  #watch(slot: Slot<Job>): void {
    const { watchdogMs } = this.#options;
    clearTimeout(slot.watchdog);
    slot.watchdog = setTimeout(() => this.#lose(slot, { kind: 'hung', afterMs: watchdogMs }), watchdogMs);
  }

  #lose(slot: Slot<Job>, outcome: Outcome<Result>): void {
    const { worker } = slot;
    slot.worker = undefined;
    worker?.terminate();
    this.#end(slot, outcome);
  }

  #end(slot: Slot<Job>, outcome: Outcome<Result>): void {
    const { under } = slot;
    clearTimeout(slot.watchdog);
    slot.under = undefined;
    if (under === undefined) return;
    this.#finished.set(under.index, { job: under.job, outcome });
    this.#begin(slot);
    this.#wake();
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
