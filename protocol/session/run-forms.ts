/**
 * In what forms a side takes the runs of a replication, as its hello says it: bits 8–11 of `capabilities` for compressed
 * ones, bit 12 for those that it may hold already (PROTOCOL.md, "Compressed runs", "Held runs").
 */
import { capabilitiesOfWindow, windowOfCapabilities } from '../compression/window-bits.js';

export interface RunFormsTaken {
  /** The largest window of compressed runs, as a logarithm; 0 for none. */
  readonly windowBits: number;
  /** It looks for content that it is told the digest of. */
  readonly heldRuns: boolean;
}

const heldBit = 1 << 12;

/** The bits of `capabilities` that announce these forms; throws a RangeError for a window that there is not. */
export function capabilitiesOfForms({ windowBits = 0, heldRuns = false }: Partial<RunFormsTaken>): number {
  return capabilitiesOfWindow(windowBits) | (heldRuns ? heldBit : 0);
}

/** The forms that a side has announced. */
export function runFormsOf(capabilities: number): RunFormsTaken {
  return { windowBits: windowOfCapabilities(capabilities), heldRuns: (capabilities & heldBit) !== 0 };
}
