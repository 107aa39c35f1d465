/**
 * Sense data: why a command ended with CHECK CONDITION (SPC-4, clause 4.5). Fixed format, 18 bytes, response code 70h.
 */

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
  abortedCommand: 0xb,
  miscompare: 0xe,
} as const;
export type SenseKey = keyof typeof senseKeys;

export interface Sense {
  readonly key: SenseKey;
  /** Additional sense code, and its qualifier. */
  readonly asc: number;
  readonly ascq: number;
  /** INFORMATION field: for medium errors and miscompares the LBA, else 0 and not valid. */
  readonly information?: number;
}
