/** Errors of a disk that are ordered while it runs: the next commands of a kind end with a medium error, and change nothing. */
import type { MediumCommand } from '../../protocol/scsi/commands.js';
import { type ConditionName, checkCondition } from '../../protocol/scsi/conditions.js';
import type { DiskFault, DiskFaults } from './faults.js';

/** What can be told to fail. */
export const failingCommands = ['read', 'write'] as const;
export type FailingCommand = (typeof failingCommands)[number];

const conditionOf = {
  read: 'unrecoveredReadError',
  write: 'writeError',
} as const satisfies Readonly<Record<FailingCommand, ConditionName>>;

export class ArmedErrors implements DiskFaults {
  readonly #left = { read: 0, write: 0 };

  /** The next so many commands of this kind fail; 0: the disk is mended. */
  arm(command: FailingCommand, times: number): void {
    this.#left[command] = times;
  }

  /** The disk is mended. */
  clear(): void {
    for (const command of failingCommands) this.arm(command, 0);
  }

  faultOf({ op }: MediumCommand): DiskFault | undefined {
    if ((op !== 'read' && op !== 'write') || this.#left[op] === 0) return undefined;
    this.#left[op] -= 1;
    return { kind: 'complete', completion: checkCondition(conditionOf[op]) };
  }
}
