/**
 * The payload of an acknowledgement: for each queue with news a record (PROTOCOL.md, "Acknowledgements").
 *
 *     +----------------+---------+-----------------------------------------+
 *     | queue << 6 | n | next u16| n bytes: missing, received, missing, …  |
 *     +----------------+---------+-----------------------------------------+
 */
import { runsBytesMax } from '../limits.js';
import type { Priority } from '../message/message.js';

export interface AcknowledgementRecord {
  readonly priority: Priority;
  /** The first unit not received in order, modulo 2^16. */
  readonly next: number;
  /** From `next` on, in units: missing, received, missing, received, … */
  readonly runs: readonly number[];
  /** The runs name everything received; when false, nothing is known of what lies past them. */
  readonly complete: boolean;
}

const recordBytes = 3;
/** A pair of runs takes at most 4 bytes, so a list that was cut short has at least so many. */
const cutRunsBytes = runsBytesMax - 3;

/** Encodes records; run lists too long for a record are cut at a pair. */
export function encodeAcknowledgement(records: readonly Omit<AcknowledgementRecord, 'complete'>[]): Buffer {
  const into: number[] = [];
  for (const { priority, next, runs } of records) {
    const encoded = encodeRuns(runs);
    into.push((priority << 6) | encoded.length, next & 0xff, next >> 8, ...encoded);
  }
  return Buffer.from(into);
}

/** Decodes records, or returns undefined when they are not well formed. */
export function decodeAcknowledgement(payload: Uint8Array): AcknowledgementRecord[] | undefined {
  const records: AcknowledgementRecord[] = [];
  let at = 0;
  let least = 0;
  while (at < payload.length) {
    const head = payload[at] as number;
    const runsBytes = head & 0x3f;
    const priority = head >> 6;
    const end = at + recordBytes + runsBytes;
    if (priority < least || priority > 2 || end > payload.length) return undefined;
    const next = (payload[at + 1] as number) | ((payload[at + 2] as number) << 8);
    const runs = decodeRuns(payload.subarray(at + recordBytes, end));
    if (runs === undefined) return undefined;
    records.push({ priority: priority as Priority, next, runs, complete: runsBytes < cutRunsBytes });
    least = priority + 1;
    at = end;
  }
  return records.length === 0 ? undefined : records;
}

function encodeRuns(runs: readonly number[]): number[] {
  const encoded: number[] = [];
  for (let index = 0; index + 1 < runs.length; index += 2) {
    const pair = [...encodeNumber(runs[index] as number), ...encodeNumber(runs[index + 1] as number)];
    if (encoded.length + pair.length > runsBytesMax) break;
    encoded.push(...pair);
  }
  return encoded;
}

function encodeNumber(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...encodeNumber(value >> 7)];
}

/** An even count of numbers, each 1 … 2^16 − 1; anything else is undefined. */
function decodeRuns(bytes: Uint8Array): number[] | undefined {
  const runs: number[] = [];
  let value = 0;
  let shift = 0;
  for (const byte of bytes) {
    value |= (byte & 0x7f) << shift;
    shift += 7;
    if (byte >= 0x80 && shift < 21) continue;
    if (byte >= 0x80 || value === 0 || value > 0xffff) return undefined;
    runs.push(value);
    value = 0;
    shift = 0;
  }
  return shift === 0 && runs.length % 2 === 0 ? runs : undefined;
}
