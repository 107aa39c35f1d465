/** A disk as a runner uses it: commands in, completions out, wherever the disk is. */
import type { ArmedErrors } from '../../../firmware-sim/disk/armed-errors.js';
import type { Completion, MediumCommand } from '../../../protocol/scsi/commands.js';

export interface DiskPort {
  /** Capacity in sectors of 512 bytes. */
  readonly sectors: number;
  /** Errors to come, of a disk that is a model in this process. */
  readonly errors?: ArmedErrors;
  /** Carries a command out and calls `done` once, at once or later. Data is kept by reference and must not change. */
  submit(command: MediumCommand, done: (completion: Completion) => void): void;
  /** Makes durable what was written, if that is possible now, and lets go of the disk. May be called again. */
  close(): Promise<void>;
}
