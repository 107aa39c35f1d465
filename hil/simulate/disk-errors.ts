/** How the commands of a failing disk end. */
import { unreachable } from '../../protocol/ids.js';
import type { Completion, MediumCommand } from '../../protocol/scsi/commands.js';
import { checkCondition } from '../../protocol/scsi/conditions.js';
import { operationOf } from './disk-faults.js';
import { spansOf } from './disk-places.js';
import type { DiskEffect } from './plan.js';

type ErrorSense = Extract<DiskEffect, { readonly kind: 'error' }>['sense'];

/** The end of a command that meets an `error`: its status, or CHECK CONDITION with sense data. */
export function errorCompletion(sense: ErrorSense, command: MediumCommand): Completion {
  switch (sense) {
    case 'medium':
      return mediumError(command, lastSectorOf(command));
    case 'hardware':
      return checkCondition('hardwareFailure');
    case 'aborted':
      return checkCondition('dataPhaseError');
    case 'notReady':
      return checkCondition('notReady');
    case 'busy':
    case 'taskSetFull':
      return { status: sense };
    default:
      return unreachable(sense);
  }
}

/** A command fails at any of its sectors, and says at which: here at its last, which is not where it has to be given again. */
function lastSectorOf(command: MediumCommand): number | undefined {
  const span = spansOf(command).at(-1);
  return span === undefined ? undefined : span.lba + span.sectors - 1;
}

/** A medium error at a sector, where it is known: UNRECOVERED READ ERROR, or WRITE ERROR of a write or flush. */
export function mediumError(command: MediumCommand, lba: number | undefined): Completion {
  const name = operationOf(command) === 'read' ? 'unrecoveredReadError' : 'writeError';
  return checkCondition(name, lba === undefined ? {} : { information: lba });
}
