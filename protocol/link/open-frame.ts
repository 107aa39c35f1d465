/**
 * The payload of an open frame: who speaks, whom it knows, what it has received and what it can take.
 * PROTOCOL.md, "Opening, resuming", draws its 36 bytes.
 */
import { asBuffer } from '../as-buffer.js';
import { framePayloadBytesMax, unitBytes, windowUnitsMax } from '../limits.js';
import type { Priority } from '../message/message.js';
import type { Refusal, RefusalCode } from '../refusals.js';

/** The version of frames and link that opens carry. */
export const linkVersion = 1;
export const openBytes = 36;

/** The three queues, most urgent first. */
export const priorities: readonly Priority[] = [0, 1, 2];
/** One thing for each queue. */
export type PerPriority<T> = readonly [T, T, T];

/** What a side can take. */
export interface ReceiveLimits {
  /** Units past the first missing one that it holds, for each queue. */
  readonly windowUnits: number;
  /** The largest payload of a frame, in units. */
  readonly payloadUnitsMax: number;
  /** The longest message, in bytes. */
  readonly messageBytesMax: number;
}

export interface Open {
  /** An answer is wanted. */
  readonly ask: boolean;
  /** The sender has heard its peer since its line came up. */
  readonly running: boolean;
  /** Link id of the sender. */
  readonly own: bigint;
  /** Link id of the peer as the sender knows it, 0 for none. */
  readonly peer: bigint;
  /** For each queue the first unit not received in order, modulo 2^16. */
  readonly next: PerPriority<number>;
  readonly limits: ReceiveLimits;
}

export type DecodedOpen =
  | { readonly ok: true; readonly open: Open }
  | { readonly ok: false; readonly refusal: Refusal };

export function encodeOpen(open: Open): Buffer {
  const into = Buffer.alloc(openBytes);
  into.writeUInt8(linkVersion, 0);
  into.writeUInt8((open.ask ? 1 : 0) | (open.running ? 2 : 0), 1);
  into.writeBigUInt64LE(open.own, 2);
  into.writeBigUInt64LE(open.peer, 10);
  for (const priority of priorities) into.writeUInt16LE(open.next[priority], 18 + 2 * priority);
  into.writeUInt16LE(open.limits.windowUnits, 24);
  into.writeUInt16LE(open.limits.payloadUnitsMax, 26);
  into.writeUInt32LE(open.limits.messageBytesMax, 28);
  return into;
}

/** Decodes the payload; refuses `version-mismatch`, `frame-length` and, for a value out of range, `frame-kind`. */
export function decodeOpen(payload: Uint8Array): DecodedOpen {
  const from = asBuffer(payload);
  if (from.length > 0 && from[0] !== linkVersion) return refuse('version-mismatch', `link version ${from[0]}`);
  if (from.length !== openBytes) return refuse('frame-length', `open of ${from.length} bytes`);
  const flags = from.readUInt8(1);
  const own = from.readBigUInt64LE(2);
  const limits = {
    windowUnits: from.readUInt16LE(24),
    payloadUnitsMax: from.readUInt16LE(26),
    messageBytesMax: from.readUInt32LE(28),
  };
  if (flags > 3 || own === 0n || !possible(limits)) return refuse('frame-kind', 'open with a value out of range');
  return {
    ok: true,
    open: {
      ask: (flags & 1) !== 0,
      running: (flags & 2) !== 0,
      own,
      peer: from.readBigUInt64LE(10),
      next: [from.readUInt16LE(18), from.readUInt16LE(20), from.readUInt16LE(22)],
      limits,
    },
  };
}

function possible({ windowUnits, payloadUnitsMax }: ReceiveLimits): boolean {
  const windowFits = windowUnits >= 1 && windowUnits <= windowUnitsMax;
  return windowFits && payloadUnitsMax >= 1 && payloadUnitsMax * unitBytes <= framePayloadBytesMax;
}

function refuse(code: RefusalCode, detail: string): DecodedOpen {
  return { ok: false, refusal: { code, detail } };
}
