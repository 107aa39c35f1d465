/**
 * Runs the durable steps of a disk over a store in memory, where they take no time.
 */
import type { Completion } from '../../protocol/scsi/commands.js';
import type { DiskOutcome } from './disk.js';
import type { InstantStore } from './store.js';

export interface CompletedCommand {
  readonly tag: number;
  readonly completion: Completion;
}

/** Carries out what `outcome` asks of the store, and all that follows from it; returns the commands that ended. */
export function persistAtOnce(
  disk: { persisted(ticket: number): DiskOutcome },
  store: InstantStore,
  outcome: DiskOutcome,
): CompletedCommand[] {
  return outcome.flatMap((effect) => {
    if (effect.kind === 'completed') return [{ tag: effect.tag, completion: effect.completion }];
    store.apply(effect);
    return persistAtOnce(disk, store, disk.persisted(effect.ticket));
  });
}
