/** Runs the loop of a target in a worker, with a watchdog: a run that does not come back is a finding like any other. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Examined } from './examine.js';
import type { Finding } from './loop.js';
import { SharedInput } from './shared-input.js';
import { shrinkSlowly } from './shrink.js';
import type { Target } from './target.js';
import type { LoopOrder, Order, Progress, Report } from './worker.js';

export interface WatchedRunOptions {
  readonly target: Target;
  readonly seed: number;
  readonly inputs: readonly Uint8Array[];
  readonly runsMax: number;
  readonly forMs: number;
  /** A run that takes longer hangs. */
  readonly hangMs: number;
  /** Each try to shrink an input that hangs takes a worker and the whole limit. */
  readonly hangTries?: number;
  readonly onProgress: (progress: Progress) => void;
  readonly onFinding: (finding: Finding) => void;
}

const resourceLimits = { maxOldGenerationSizeMb: 512 };
const outOfMemory = 'ERR_WORKER_OUT_OF_MEMORY';
const watchMs = 100;
const hangTriesDefault = 24;
/** So many inputs that hang are enough for one run. */
const hangsMax = 3;

/** Resolves with the last progress. */
export async function watchedRun(options: WatchedRunOptions): Promise<Progress> {
  const endMs = Date.now() + options.forMs;
  let inputs = options.inputs;
  let before = 0;
  let last: Progress = { executions: 0, coverage: { functions: 0, reached: 0, characters: 0 }, corpus: 0, labels: 0 };
  for (let round = 0; round < hangsMax; round += 1) {
    const hung = await runRound({ ...options, inputs }, round, endMs, before, {
      onKept: (input) => {
        inputs = [...inputs, input];
      },
      onProgress: (progress) => {
        last = { ...progress, executions: before + progress.executions };
        options.onProgress(last);
      },
    });
    if (hung === undefined) return last;
    before = last.executions;
    inputs = inputs.filter((each) => Buffer.compare(each, hung) !== 0);
    await tellHang(options, hung);
  }
  return last;
}

interface RoundEvents {
  readonly onKept: (input: Uint8Array) => void;
  readonly onProgress: (progress: Progress) => void;
}

/** One worker until its end, or until it hangs: then the input that it hangs on. */
async function runRound(
  { target, seed, inputs, runsMax, hangMs, onFinding }: WatchedRunOptions,
  round: number,
  endMs: number,
  before: number,
  { onKept, onProgress }: RoundEvents,
): Promise<Uint8Array | undefined> {
  const shared = SharedInput.ofSize(target.inputBytesMax);
  const order: LoopOrder = {
    ...{ kind: 'loop', target: target.name, seed: seed + round, inputs, memory: shared.memory },
    ...{ runsMax: runsMax - before, endMs },
  };
  const worker = startWorker(order);
  worker.on('message', (report: Report) => {
    if (report.kind === 'progress') onProgress(report);
    else if (report.kind === 'kept') onKept(report.input);
    else if (report.kind === 'finding') onFinding(report);
  });
  const ended = once(worker, 'exit').then(
    () => undefined,
    (error: NodeJS.ErrnoException) => inputThatFilledMemory(error, shared),
  );
  const hung = watch(shared, hangMs);
  const input = await Promise.race([ended, hung.input]).finally(hung.stop);
  if (input !== undefined) await worker.terminate();
  return input;
}

function startWorker(order: Order): Worker {
  return new Worker(new URL('./worker.js', import.meta.url), { workerData: order, resourceLimits });
}

function inputThatFilledMemory(error: NodeJS.ErrnoException, shared: SharedInput): Uint8Array {
  if (error.code !== outOfMemory) throw error;
  return shared.input;
}

/** Resolves with the input when a run has been under way for too long. */
function watch(shared: SharedInput, hangMs: number): { input: Promise<Uint8Array>; stop: () => void } {
  let seen: number | undefined;
  let sinceMs = 0;
  let timer: NodeJS.Timeout | undefined;
  const input = new Promise<Uint8Array>((resolve) => {
    timer = setInterval(() => {
      const { underWay } = shared;
      if (underWay === undefined || underWay !== seen) {
        seen = underWay;
        sinceMs = Date.now();
      } else if (Date.now() - sinceMs > hangMs) resolve(shared.input);
    }, watchMs);
  });
  return { input, stop: () => clearInterval(timer) };
}

/** On a busy machine a run may be late for other reasons: only what hangs again by itself is told. */
async function tellHang(
  { target, hangMs, hangTries = hangTriesDefault, onFinding }: WatchedRunOptions,
  input: Uint8Array,
): Promise<void> {
  const hangs = async (candidate: Uint8Array) => (await probe(target.name, candidate, hangMs)) === undefined;
  if (!(await hangs(input))) return;
  const shrunk = await shrinkSlowly(input, hangTries, hangs);
  onFinding({ problem: { kind: 'hang', limitMs: hangMs }, input: shrunk });
}

/** Examines one input in a worker of its own; undefined when it does not come back in time, or fills the memory. */
export async function probe(target: string, input: Uint8Array, hangMs: number): Promise<Examined | undefined> {
  const worker = startWorker({ kind: 'probe', target, input });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    worker.once('online', () => {
      timer = setTimeout(() => resolve(undefined), hangMs);
    });
  });
  const told = once(worker, 'message').then(
    ([report]) => (report as Extract<Report, { kind: 'examined' }>).examined,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== outOfMemory) throw error;
      return undefined;
    },
  );
  const examined = await Promise.race([told, late]);
  clearTimeout(timer);
  await worker.terminate();
  return examined;
}
