/**
 * How a command ended, as a RESPONSE information unit carries it: a status byte and sense data (SAM-5, clause 5.3).
 */
import type { Refusal } from '../refusals.js';
import { type Completion, samStatus } from './commands.js';
import { decodeSense, encodeSense } from './sense.js';

export interface WireStatus {
  readonly status: number;
  /** Fixed format sense data with CHECK CONDITION, else empty. */
  readonly sense: Uint8Array;
}

const none = new Uint8Array(0);

/** Status byte and sense data of a completion. */
export function encodeStatus(completion: Completion): WireStatus {
  const sense = completion.status === 'checkCondition' ? encodeSense(completion.sense) : none;
  return { status: samStatus[completion.status], sense };
}

/** The completion of a response, or why it can't be one (`message-value`). */
export function decodeStatus(
  { status, sense }: WireStatus,
  data: Uint8Array,
): { readonly ok: true; readonly completion: Completion } | { readonly ok: false; readonly refusal: Refusal } {
  switch (status) {
    case samStatus.good:
      return { ok: true, completion: { status: 'good', data } };
    case samStatus.checkCondition: {
      const decoded = decodeSense(sense);
      return decoded.ok ? { ok: true, completion: { status: 'checkCondition', sense: decoded.sense } } : decoded;
    }
    case samStatus.busy:
      return { ok: true, completion: { status: 'busy' } };
    case samStatus.reservationConflict:
      return { ok: true, completion: { status: 'reservationConflict' } };
    case samStatus.taskSetFull:
      return { ok: true, completion: { status: 'taskSetFull' } };
    case samStatus.taskAborted:
      return { ok: true, completion: { status: 'taskAborted' } };
    default:
      return { ok: false, refusal: { code: 'message-value', detail: `SCSI status ${status}` } };
  }
}
