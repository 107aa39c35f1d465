/**
 * Faults laid over an emulated disk: asked once for each command, by its number and what it is.
 */
import type { Completion, MediumCommand } from '../../protocol/scsi/commands.js';

export type DiskFault =
  /** The command ends so, and the medium is as before: medium errors, BUSY, … */
  | { readonly kind: 'complete'; readonly completion: Completion }
  /** GOOD, but nothing happened: a lost write, a flush that lies. A read takes place. */
  | { readonly kind: 'lose' }
  /** GOOD, but with other data: what is written, or what a read gives. `corrupt` returns a new array. */
  | { readonly kind: 'corrupt'; corrupt(data: Uint8Array): Uint8Array };

export interface DiskFaults {
  /** The fault of the `ordinal`-th command since the disk was made, counted from 1; undefined for none. */
  faultOf(command: MediumCommand, ordinal: number): DiskFault | undefined;
}
