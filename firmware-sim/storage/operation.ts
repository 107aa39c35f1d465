/**
 * A piece of work that takes several steps: it issues disk commands, flushes and durable records, and is resumed
 * with the outcome of each. Its phase is a field, so that a controller can be printed while it runs.
 */

import type { Completion } from '../../protocol/scsi/commands.js';
import { describeSense } from '../../protocol/scsi/sense.js';

/** How a disk command ends that fails. */
export type Failure = Exclude<Completion, { readonly status: 'good' }>;

/** The outcome of what an operation waited for. */
export type Outcome =
  /** A disk command ended well; `data` is what it read. */
  | { readonly kind: 'done'; readonly data: Uint8Array }
  /** A disk command failed after all retries, or gave something else than was stored: how a host's command ends by that. */
  | { readonly kind: 'failed'; readonly completion: Failure }
  /** The range that the operation claimed is its own now. */
  | { readonly kind: 'locked' }
  /** What the operation waited for may have come about; it looks again. */
  | { readonly kind: 'look' };

export interface Operation {
  /** What it is and how far it has come, for people. */
  readonly name: string;
  resume(outcome: Outcome, nowUs: number): void;
}

/** The outcome of a flush or a durable record, and of a write. */
export const done: Outcome = { kind: 'done', data: new Uint8Array(0) };

/** One sentence on why a disk command failed. */
export function describeFailure(completion: Failure): string {
  return completion.status === 'checkCondition' ? describeSense(completion.sense) : completion.status;
}
