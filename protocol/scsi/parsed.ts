/**
 * The outcome of reading what an initiator sent: a value, or the sense data of the CHECK CONDITION that the command
 * ends with.
 */
import { senseOf } from './conditions.js';
import type { Sense } from './sense.js';

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly sense: Sense };

type Refused = Extract<Parsed<never>, { readonly ok: false }>;

/** INVALID FIELD IN CDB, pointing at the field that begins at byte `byte`, with its most significant bit at `bit`. */
export function invalidField(byte: number, bit?: number): Refused {
  const field = { part: 'cdb' as const, byte, ...(bit === undefined ? {} : { bit }) };
  return { ok: false, sense: senseOf('invalidFieldInCdb', { field }) };
}

/** INVALID FIELD IN PARAMETER LIST, pointing at byte `byte` of the data out. */
export function invalidParameter(byte: number): Refused {
  return { ok: false, sense: senseOf('invalidFieldInParameterList', { field: { part: 'data', byte } }) };
}
