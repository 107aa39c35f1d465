/** The worker that runs a target's loop, or a single input, and may hang: the main thread watches it. */
import { parentPort, workerData } from 'node:worker_threads';
import { Coverage, type CoverageCount } from './coverage.js';
import { type Examined, examine } from './examine.js';
import { type Finding, FuzzLoop } from './loop.js';
import { SharedInput } from './shared-input.js';
import type { Target } from './target.js';

export interface LoopOrder {
  readonly kind: 'loop';
  readonly target: string;
  readonly seed: number;
  readonly inputs: readonly Uint8Array[];
  readonly memory: SharedArrayBuffer;
  /** Ends after so many runs or at this time, whichever comes first. */
  readonly runsMax: number;
  readonly endMs: number;
}

export type Order =
  | LoopOrder
  /** Runs one input and tells what became of it. */
  | { readonly kind: 'probe'; readonly target: string; readonly input: Uint8Array };

export interface Progress {
  readonly executions: number;
  readonly coverage: CoverageCount;
  readonly corpus: number;
  readonly labels: number;
}

export type Report =
  | ({ readonly kind: 'progress' } & Progress)
  | { readonly kind: 'kept'; readonly input: Uint8Array }
  | ({ readonly kind: 'finding' } & Finding)
  | { readonly kind: 'examined'; readonly examined: Examined };

const progressMs = 500;

function tell(report: Report): void {
  parentPort?.postMessage(report);
}

function runLoop(order: LoopOrder, target: Target, coverage: Coverage): void {
  const shared = new SharedInput(order.memory);
  coverage.look(target.modules);
  const loop = new FuzzLoop({
    ...{ target, seed: order.seed, coverage, watch: shared, inputs: order.inputs },
    onFinding: (finding) => tell({ kind: 'finding', ...finding }),
    onKept: (input) => tell({ kind: 'kept', input }),
  });
  const progress = () => {
    const { executions, corpus, labels } = loop;
    tell({ kind: 'progress', executions, coverage: loop.coverage, corpus: corpus.length, labels: labels.size });
  };
  loop.begin();
  let nextMs = 0;
  while (!shared.stopped && loop.executions < order.runsMax && Date.now() < order.endMs) {
    loop.batch();
    if (Date.now() < nextMs) continue;
    nextMs = Date.now() + progressMs;
    progress();
  }
  progress();
}

const order = workerData as Order;
const coverage = order.kind === 'loop' ? new Coverage() : undefined;
const { targetNamed } = await import('./targets.js');
const target = targetNamed(order.target);
if (order.kind === 'probe') tell({ kind: 'examined', examined: examine(target, order.input) });
else if (coverage !== undefined) runLoop(order, target, coverage);
