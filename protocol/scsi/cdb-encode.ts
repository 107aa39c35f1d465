/**
 * Typed commands → command descriptor blocks. Medium commands take their 10-byte form when LBA and length fit it, else
 * the 16-byte form; commands with one form take that. `parseCdb` reads each back as the same command.
 */
import { unreachable } from '../ids.js';
import type { CdbCommand, PageControl } from './cdb.js';
import { layouts } from './operation-codes.js';

interface Span {
  readonly lba: number;
  readonly sectors: number;
}

/** Encodes a command; throws a RangeError for a number that no form of it carries. */
export function encodeCdb(command: CdbCommand): Buffer {
  switch (command.op) {
    case 'read':
      return spanned([0x28, 0x88], command, hintBits(command));
    case 'write':
      return spanned([0x2a, 0x8a], command, hintBits(command));
    case 'verify':
      return spanned([0x2f, 0x8f], command, command.compare ? 0x02 : 0);
    case 'synchronizeCache':
      return spanned([0x35, 0x91], command, 0);
    case 'writeSame': {
      const bits = (command.unmap ? 0x08 : 0) | (command.noDataOut ? 0x01 : 0);
      return command.noDataOut ? longForm(0x93, command, bits) : spanned([0x41, 0x93], command, bits);
    }
    case 'unmap':
      return block(10, 0x42, (into) => into.writeUInt16BE(command.parameterBytes, 7));
    case 'compareAndWrite':
      return compareAndWrite(command);
    case 'getLbaStatus':
      return longForm(0x9e, { lba: command.lba, sectors: command.allocationBytes }, 0x12);
    default:
      return encodeUnitCommand(command);
  }
}

type UnitCommand = Exclude<CdbCommand, { readonly lba: number } | { readonly op: 'unmap' }>;

function encodeUnitCommand(command: UnitCommand): Buffer {
  switch (command.op) {
    case 'testUnitReady':
      return Buffer.alloc(6);
    case 'requestSense':
      return block(6, 0x03, (into) => into.writeUInt8(command.allocationBytes, 4));
    case 'inquiry':
      return block(6, 0x12, (into) => {
        into.writeUInt8(command.page === undefined ? 0 : 1, 1);
        into.writeUInt8(command.page ?? 0, 2);
        into.writeUInt16BE(command.allocationBytes, 3);
      });
    case 'reportLuns':
      return block(12, 0xa0, (into) => {
        into.writeUInt8(command.select, 2);
        into.writeUInt32BE(command.allocationBytes, 6);
      });
    case 'readCapacity':
      if (command.form === 10) return block(10, 0x25, () => undefined);
      return longForm(0x9e, { lba: 0, sectors: command.allocationBytes }, 0x10);
    case 'modeSense':
      return modeSense(command);
    case 'startStopUnit':
      return block(6, 0x1b, (into) => into.writeUInt8((command.start ? 0x01 : 0) | (command.flush ? 0 : 0x04), 4));
    case 'reportOperationCodes':
      return reportOperationCodes(command);
    default:
      return unreachable(command);
  }
}

function block(lengthBytes: 6 | 10 | 12 | 16, opcode: number, fill: (into: Buffer) => void): Buffer {
  const into = Buffer.alloc(lengthBytes);
  into.writeUInt8(opcode, 0);
  fill(into);
  return into;
}

function hintBits({ fua, dpo }: { readonly fua?: boolean; readonly dpo?: boolean }): number {
  return (fua === true ? 0x08 : 0) | (dpo === true ? 0x10 : 0);
}

function spanned([short, long]: readonly [number, number], { lba, sectors }: Span, bits: number): Buffer {
  if (lba >= 2 ** 32 || sectors >= 2 ** 16) return longForm(long, { lba, sectors }, bits);
  return block(10, short, (into) => {
    into.writeUInt8(bits, 1);
    into.writeUInt32BE(lba, layouts[10].lba.at);
    into.writeUInt16BE(sectors, layouts[10].length.at);
  });
}

function longForm(opcode: number, { lba, sectors }: Span, bits: number): Buffer {
  return block(16, opcode, (into) => {
    into.writeUInt8(bits, 1);
    into.writeUInt32BE(Math.floor(lba / 2 ** 32), layouts[16].lba.at);
    into.writeUInt32BE(lba % 2 ** 32, layouts[16].lba.at + 4);
    into.writeUInt32BE(sectors, layouts[16].length.at);
  });
}

function compareAndWrite(command: Extract<CdbCommand, { readonly op: 'compareAndWrite' }>): Buffer {
  const into = longForm(0x89, { lba: command.lba, sectors: 0 }, hintBits(command));
  into.writeUInt8(command.sectors, 13);
  return into;
}

const pageControlBits: Readonly<Record<PageControl, number>> = { current: 0, changeable: 1, default: 2, saved: 3 };

function modeSense(command: Extract<CdbCommand, { readonly op: 'modeSense' }>): Buffer {
  return block(command.form, command.form === 6 ? 0x1a : 0x5a, (into) => {
    into.writeUInt8(command.blockDescriptor ? 0 : 0x08, 1);
    into.writeUInt8((pageControlBits[command.control] << 6) | command.page, 2);
    into.writeUInt8(command.subpage, 3);
    const { at, bytes } = layouts[command.form].length;
    into.writeUIntBE(command.allocationBytes, at, bytes);
  });
}

function reportOperationCodes(command: Extract<CdbCommand, { readonly op: 'reportOperationCodes' }>): Buffer {
  const { which } = command;
  return block(12, 0xa3, (into) => {
    into.writeUInt8(0x0c, 1);
    into.writeUInt32BE(command.allocationBytes, 6);
    if (which.kind === 'all') return;
    into.writeUInt8(which.kind === 'oneOfEither' ? 3 : which.serviceAction === undefined ? 1 : 2, 2);
    into.writeUInt8(which.opcode, 3);
    into.writeUInt16BE(which.serviceAction ?? 0, 4);
  });
}
