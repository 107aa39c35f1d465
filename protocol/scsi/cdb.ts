/**
 * Command descriptor blocks, bytes → values (SPC-4, SBC-3). A block is checked against its operation's usage mask:
 * a bit set outside it, reserved or of a feature that isn't there, is refused with INVALID FIELD IN CDB and a pointer.
 */

import { asBuffer } from '../as-buffer.js';
import { sectorBytes, unreachable } from '../ids.js';
import type { MediumCommand } from './commands.js';
import { senseOf } from './conditions.js';
import { findOperation, type Operation } from './operation-codes.js';
import { invalidField, type Parsed } from './parsed.js';

type Of<Op extends MediumCommand['op']> = Extract<MediumCommand, { readonly op: Op }>;
/** Which values of a mode page are asked for (SPC-4, table 153). */
export type PageControl = 'current' | 'changeable' | 'default' | 'saved';

/** What a CDB says alone, without its data out. Medium commands have the `op` of the `MediumCommand` that they become. */
export type CdbCommand =
  | Of<'read'>
  | {
      readonly op: 'write';
      readonly lba: number;
      readonly sectors: number;
      readonly fua?: boolean;
      readonly dpo?: boolean;
    }
  /** `compare`: BYTCHK 01b, the data out is compared with the medium. */
  | { readonly op: 'verify'; readonly lba: number; readonly sectors: number; readonly compare: boolean }
  /** `noDataOut`: NDOB, the pattern is a sector of zeros. */
  | {
      readonly op: 'writeSame';
      readonly lba: number;
      readonly sectors: number;
      readonly unmap: boolean;
      readonly noDataOut: boolean;
    }
  | { readonly op: 'unmap'; readonly parameterBytes: number }
  | { readonly op: 'compareAndWrite'; readonly lba: number; readonly sectors: number; readonly fua?: boolean }
  | Of<'synchronizeCache'>
  | Of<'getLbaStatus'>
  | UnitCommand;

/** Commands that a logical unit answers without its medium (START STOP UNIT may flush it). */
export type UnitCommand =
  | { readonly op: 'testUnitReady' }
  | { readonly op: 'requestSense'; readonly allocationBytes: number }
  /** `page` is that of the vital product data, undefined for the standard data. */
  | { readonly op: 'inquiry'; readonly page: number | undefined; readonly allocationBytes: number }
  | { readonly op: 'reportLuns'; readonly select: number; readonly allocationBytes: number }
  | { readonly op: 'readCapacity'; readonly form: 10 | 16; readonly allocationBytes: number }
  | {
      readonly op: 'modeSense';
      readonly form: 6 | 10;
      readonly control: PageControl;
      readonly page: number;
      readonly subpage: number;
      readonly blockDescriptor: boolean;
      readonly allocationBytes: number;
    }
  | { readonly op: 'startStopUnit'; readonly start: boolean; readonly flush: boolean }
  | {
      readonly op: 'reportOperationCodes';
      readonly which:
        | { readonly kind: 'all' }
        | { readonly kind: 'one'; readonly opcode: number; readonly serviceAction: number | undefined }
        | { readonly kind: 'oneOfEither'; readonly opcode: number; readonly serviceAction: number };
      readonly allocationBytes: number;
    };

/** Parses a CDB. Zero bytes after its end, as of a transport that pads to 16, are allowed. */
export function parseCdb(cdb: Uint8Array): Parsed<CdbCommand> {
  const bytes = asBuffer(cdb);
  const operation = findOperation(bytes[0] ?? -1, (bytes[1] ?? 0) & 0x1f);
  if (operation === 'unknown') return { ok: false, sense: senseOf('invalidOpcode') };
  if (operation === 'unknownServiceAction') return invalidField(1, 4);
  return checkUsage(operation, bytes) ?? operation.decode(bytes);
}

function checkUsage({ usage }: Operation, bytes: Buffer): Parsed<CdbCommand> | undefined {
  // The first byte is the operation code; the service action has been matched and is in the mask.
  for (let byte = 1; byte < Math.max(bytes.length, usage.length); byte += 1) {
    const wrong = (bytes[byte] ?? 0) & ~(usage[byte] ?? 0);
    if (wrong !== 0) return invalidField(byte, 31 - Math.clz32(wrong));
    if (byte >= bytes.length) return invalidField(bytes.length);
  }
  return undefined;
}

/** How many bytes of data out a command calls for: known before any of them has arrived. */
export function dataOutBytes(command: CdbCommand): number {
  switch (command.op) {
    case 'write':
      return command.sectors * sectorBytes;
    case 'verify':
      return command.compare ? command.sectors * sectorBytes : 0;
    case 'writeSame':
      return command.noDataOut ? 0 : sectorBytes;
    case 'unmap':
      return command.parameterBytes;
    case 'compareAndWrite':
      return 2 * command.sectors * sectorBytes;
    case 'read':
    case 'synchronizeCache':
    case 'getLbaStatus':
    case 'testUnitReady':
    case 'requestSense':
    case 'inquiry':
    case 'reportLuns':
    case 'readCapacity':
    case 'modeSense':
    case 'startStopUnit':
    case 'reportOperationCodes':
      return 0;
    default:
      return unreachable(command);
  }
}
