/**
 * SCSI commands as values, and how they end. `cdb.ts` turns them into command descriptor blocks and back.
 * Names and numbers after SPC-4 and SBC-3.
 */
import type { Sense } from './sense.js';

/** LBAs and lengths are in logical blocks of 512 bytes; `fua` and `dpo` as in SBC-3. */
export type MediumCommand =
  | {
      readonly op: 'read';
      readonly lba: number;
      readonly sectors: number;
      readonly fua?: boolean;
      readonly dpo?: boolean;
    }
  | {
      readonly op: 'write';
      readonly lba: number;
      readonly data: Uint8Array;
      readonly fua?: boolean;
      readonly dpo?: boolean;
    }
  | { readonly op: 'verify'; readonly lba: number; readonly sectors: number; readonly data?: Uint8Array }
  | {
      readonly op: 'writeSame';
      readonly lba: number;
      readonly sectors: number;
      readonly pattern: Uint8Array;
      readonly unmap: boolean;
    }
  | { readonly op: 'unmap'; readonly ranges: readonly { readonly lba: number; readonly sectors: number }[] }
  | {
      readonly op: 'compareAndWrite';
      readonly lba: number;
      readonly compare: Uint8Array;
      readonly data: Uint8Array;
      readonly fua?: boolean;
    }
  | { readonly op: 'synchronizeCache'; readonly lba: number; readonly sectors: number }
  | { readonly op: 'getLbaStatus'; readonly lba: number; readonly allocationBytes: number };

/** SAM-5 status codes. */
export const samStatus = {
  good: 0x00,
  checkCondition: 0x02,
  busy: 0x08,
  reservationConflict: 0x18,
  taskSetFull: 0x28,
  taskAborted: 0x40,
} as const;

/** How a command ended: GOOD with the data it read (empty for most), or another status, with sense data for CHECK CONDITION. */
export type Completion =
  | { readonly status: 'good'; readonly data: Uint8Array }
  | { readonly status: 'checkCondition'; readonly sense: Sense }
  | { readonly status: 'busy' | 'taskSetFull' | 'taskAborted' | 'reservationConflict' };
