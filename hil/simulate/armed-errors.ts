/** Errors of a disk that are ordered while it runs: the next commands of a kind end with a medium error. */
import type { DiskFault, DiskFaults } from '../../firmware-sim/disk/faults.js';
import type { MediumCommand } from '../../protocol/scsi/commands.js';
import { type ConditionName, checkCondition } from '../../protocol/scsi/conditions.js';

const conditionOf = {
  read: 'unrecoveredReadError',
  write: 'writeError',
} as const satisfies Readonly<Record<string, ConditionName>>;

export class ArmedErrors implements DiskFaults {
  readonly #left = { read: 0, write: 0 };

  /** The next so many commands of this kind fail; 0: the disk is mended. */
  arm(command: 'read' | 'write', times: number): void {
    this.#left[command] = times;
  }

  faultOf({ op }: MediumCommand): DiskFault | undefined {
    if ((op !== 'read' && op !== 'write') || this.#left[op] === 0) return undefined;
    this.#left[op] -= 1;
    return { kind: 'complete', completion: checkCondition(conditionOf[op]) };
  }
}
