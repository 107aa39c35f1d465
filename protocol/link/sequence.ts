/**
 * Sequence numbers count units. Inside the link they never wrap; on the line they are taken modulo 2^16.
 */
import { sequenceModulus, unitBytes } from '../limits.js';

/** A number as it goes over the line. */
export const wrapped = (unit: number): number => unit % sequenceModulus;

/** The number nearest to `reference` that goes over the line as `sequence`. Negative ones belong to no link. */
export function unwrapped(sequence: number, reference: number): number {
  const ahead = (sequence - wrapped(reference) + sequenceModulus) % sequenceModulus;
  return reference + (ahead < sequenceModulus / 2 ? ahead : ahead - sequenceModulus);
}

/** How many units a fragment of so many bytes takes; an empty message takes one too. */
export const unitsOf = (bytes: number): number => Math.max(1, Math.ceil(bytes / unitBytes));
