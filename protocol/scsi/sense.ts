/**
 * Sense data: why a command ended with CHECK CONDITION (SPC-4, clause 4.5). Fixed format, 18 bytes, response code 70h.
 * `conditions.ts` names the conditions that we report.
 *
 *      0           1   2          3 … 6         7     8 … 11   12    13     14   15 … 17
 *     +-----------+---+----------+-------------+-----+--------+-----+------+----+---------------+
 *     | valid,70h | 0 | sense key| information | 0Ah | 0      | ASC | ASCQ | 0  | field pointer |    big-endian
 *     +-----------+---+----------+-------------+-----+--------+-----+------+----+---------------+
 */
import type { Refusal } from '../refusals.js';

/** Sense keys (SPC-4, table 48). */
export const senseKeys = {
  noSense: 0x0,
  recoveredError: 0x1,
  notReady: 0x2,
  mediumError: 0x3,
  hardwareError: 0x4,
  illegalRequest: 0x5,
  unitAttention: 0x6,
  dataProtect: 0x7,
  blankCheck: 0x8,
  vendorSpecific: 0x9,
  copyAborted: 0xa,
  abortedCommand: 0xb,
  volumeOverflow: 0xd,
  miscompare: 0xe,
  completed: 0xf,
} as const;
export type SenseKey = keyof typeof senseKeys;

/** Which byte of the CDB, or of the data out, was wrong; `bit` is the most significant bit of the field. */
export interface FieldPointer {
  readonly part: 'cdb' | 'data';
  readonly byte: number;
  readonly bit?: number;
}

export interface Sense {
  readonly key: SenseKey;
  /** Additional sense code, and its qualifier. */
  readonly asc: number;
  readonly ascq: number;
  /**
   * INFORMATION field. For medium errors and an LBA out of range the LBA; for a miscompare the offset in bytes of the
   * first byte that differs. Absent: 0 and not valid, and so is a value that passes its 32 bits (SPC-4, clause 4.5.3).
   */
  readonly information?: number;
  /** Sense-key specific bytes of ILLEGAL REQUEST (SPC-4, clause 4.5.2.4.2). */
  readonly field?: FieldPointer;
}

/** Length of fixed format sense data without vendor bytes. */
export const senseBytes = 18;
const currentErrors = 0x70;
const keyNames = new Map(Object.entries(senseKeys).map(([name, value]) => [value as number, name as SenseKey]));

/** Encodes in fixed format, 18 bytes. */
export function encodeSense(sense: Sense): Buffer {
  const into = Buffer.alloc(senseBytes);
  const { information, field } = sense;
  const valid = information !== undefined && information < 2 ** 32;
  into.writeUInt8(currentErrors | (valid ? 0x80 : 0), 0);
  into.writeUInt8(senseKeys[sense.key], 2);
  if (valid) into.writeUInt32BE(information, 3);
  into.writeUInt8(senseBytes - 8, 7);
  into.writeUInt8(sense.asc, 12);
  into.writeUInt8(sense.ascq, 13);
  if (field !== undefined) writeField(into, field);
  return into;
}

function writeField(into: Buffer, { part, byte, bit }: FieldPointer): void {
  const flags = 0x80 | (part === 'cdb' ? 0x40 : 0) | (bit === undefined ? 0 : 0x08 | bit);
  into.writeUInt8(flags, 15);
  into.writeUInt16BE(byte, 16);
}

/**
 * Decodes fixed format sense data of a current error, from our devices or from real ones, which may send more bytes or
 * fewer. Refuses (`message-value`) other formats, deferred errors, and what ends before the sense key.
 */
export function decodeSense(
  encoded: Uint8Array,
): { readonly ok: true; readonly sense: Sense } | { readonly ok: false; readonly refusal: Refusal } {
  const code = (encoded[0] ?? 0) & 0x7f;
  const key = keyNames.get((encoded[2] ?? 0) & 0x0f);
  if (encoded.length < 8 || code !== currentErrors || key === undefined) {
    const start = Buffer.from(encoded.subarray(0, 8)).toString('hex');
    return { ok: false, refusal: { code: 'message-value', detail: `sense data ${encoded.length} bytes: ${start}` } };
  }
  // Fields past the end stand for zero (SPC-4, clause 4.5.3).
  const bytes = Buffer.alloc(senseBytes);
  bytes.set(encoded.subarray(0, Math.min(senseBytes, 8 + (encoded[7] ?? 0))));
  return { ok: true, sense: readSense(bytes, key) };
}

function readSense(bytes: Buffer, key: SenseKey): Sense {
  const valid = (bytes.readUInt8(0) & 0x80) !== 0;
  const flags = bytes.readUInt8(15);
  const pointed = key === 'illegalRequest' && (flags & 0x80) !== 0;
  return {
    key,
    asc: bytes.readUInt8(12),
    ascq: bytes.readUInt8(13),
    ...(valid ? { information: bytes.readUInt32BE(3) } : {}),
    ...(pointed ? { field: readField(bytes, flags) } : {}),
  };
}

function readField(bytes: Buffer, flags: number): FieldPointer {
  return {
    part: (flags & 0x40) === 0 ? 'data' : 'cdb',
    byte: bytes.readUInt16BE(16),
    ...((flags & 0x08) === 0 ? {} : { bit: flags & 0x07 }),
  };
}

export { checkCondition, describeSense, isCondition, senseOf } from './conditions.js';
