/**
 * A CDB's command and its data out, put together to the command that the medium carries out, and taken apart again.
 */
import { assert, sectorBytes, unreachable } from '../ids.js';
import type { CdbCommand, UnitCommand } from './cdb.js';
import { dataOutBytes } from './cdb.js';
import type { MediumCommand } from './commands.js';
import { senseOf } from './conditions.js';
import { invalidParameter, type Parsed } from './parsed.js';

export type MediumCdbCommand = Exclude<CdbCommand, UnitCommand>;

/** The most ranges of one UNMAP (VPD page B0h). */
export const unmapRangesMax = 256;
const unmapHeaderBytes = 8;
const unmapRangeBytes = 16;
const sectorOfZeros = Buffer.alloc(sectorBytes);

/**
 * Puts a command and its data out together; the data is kept by reference. `dataOut` must have the length that
 * `dataOutBytes` says: a transport checks that before.
 */
export function mediumCommandOf(command: MediumCdbCommand, dataOut: Uint8Array): Parsed<MediumCommand> {
  assert(dataOut.length === dataOutBytes(command), `${dataOut.length} bytes of data out for ${command.op}`);
  switch (command.op) {
    case 'read':
    case 'synchronizeCache':
    case 'getLbaStatus':
      return { ok: true, value: command };
    case 'write': {
      return { ok: true, value: withHints({ op: 'write', lba: command.lba, data: dataOut }, command) };
    }
    case 'verify': {
      const { compare, ...rest } = command;
      return { ok: true, value: compare ? { ...rest, data: dataOut } : rest };
    }
    case 'writeSame': {
      const { noDataOut, ...rest } = command;
      return { ok: true, value: { ...rest, pattern: noDataOut ? sectorOfZeros : dataOut } };
    }
    case 'compareAndWrite': {
      const { sectors, ...rest } = command;
      const half = sectors * sectorBytes;
      return { ok: true, value: { ...rest, compare: dataOut.subarray(0, half), data: dataOut.subarray(half) } };
    }
    case 'unmap':
      return parseUnmap(Buffer.from(dataOut.buffer, dataOut.byteOffset, dataOut.byteLength));
    default:
      return unreachable(command);
  }
}

/** The parameter list of UNMAP (SBC-3, clause 5.28). An empty list is allowed, and a last descriptor cut short ignored. */
function parseUnmap(list: Buffer): Parsed<MediumCommand> {
  if (list.length === 0) return { ok: true, value: { op: 'unmap', ranges: [] } };
  if (list.length < unmapHeaderBytes) return { ok: false, sense: senseOf('parameterListLength') };
  const descriptorBytes = Math.min(list.readUInt16BE(2), list.length - unmapHeaderBytes);
  const count = Math.floor(descriptorBytes / unmapRangeBytes);
  if (count > unmapRangesMax) return invalidParameter(2);
  const ranges: { readonly lba: number; readonly sectors: number }[] = [];
  for (let index = 0; index < count; index += 1) {
    const at = unmapHeaderBytes + index * unmapRangeBytes;
    const high = list.readUInt32BE(at);
    if (high >= 2 ** 21) return { ok: false, sense: senseOf('lbaOutOfRange') };
    const low = list.readUInt32BE(at + 4);
    ranges.push({ lba: high === 0 ? low : high * 2 ** 32 + low, sectors: list.readUInt32BE(at + 8) });
  }
  return { ok: true, value: { op: 'unmap', ranges } };
}

/** What has to be sent for a medium command: the command of its CDB, and the data out that goes with it. */
export function takeApart(command: MediumCommand): { readonly cdb: MediumCdbCommand; readonly dataOut: Uint8Array } {
  switch (command.op) {
    case 'read':
    case 'synchronizeCache':
    case 'getLbaStatus':
      return { cdb: command, dataOut: empty };
    case 'write': {
      const { lba, data } = command;
      return { cdb: withHints({ op: 'write', lba, sectors: data.length / sectorBytes }, command), dataOut: data };
    }
    case 'verify': {
      const { data, ...rest } = command;
      return { cdb: { ...rest, compare: data !== undefined }, dataOut: data ?? empty };
    }
    case 'writeSame': {
      const { pattern, ...rest } = command;
      return { cdb: { ...rest, noDataOut: false }, dataOut: pattern };
    }
    case 'compareAndWrite': {
      const { compare, data, ...rest } = command;
      return { cdb: { ...rest, sectors: data.length / sectorBytes }, dataOut: Buffer.concat([compare, data]) };
    }
    case 'unmap': {
      const dataOut = encodeUnmap(command.ranges);
      return { cdb: { op: 'unmap', parameterBytes: dataOut.length }, dataOut };
    }
    default:
      return unreachable(command);
  }
}

const empty = new Uint8Array(0);

interface Hints {
  fua?: boolean;
  dpo?: boolean;
}

/** Gives `command` the FUA and DPO of another that has them. */
function withHints<Command>(command: Command & Hints, { fua, dpo }: Readonly<Hints>): Command {
  if (fua !== undefined) command.fua = fua;
  if (dpo !== undefined) command.dpo = dpo;
  return command;
}

function encodeUnmap(ranges: readonly { readonly lba: number; readonly sectors: number }[]): Buffer {
  if (ranges.length > unmapRangesMax) throw new RangeError(`${ranges.length} ranges, at most ${unmapRangesMax} fit`);
  const list = Buffer.alloc(unmapHeaderBytes + ranges.length * unmapRangeBytes);
  list.writeUInt16BE(list.length - 2, 0);
  list.writeUInt16BE(ranges.length * unmapRangeBytes, 2);
  for (const [index, { lba, sectors }] of ranges.entries()) {
    const at = unmapHeaderBytes + index * unmapRangeBytes;
    list.writeUInt32BE(Math.floor(lba / 2 ** 32), at);
    list.writeUInt32BE(lba % 2 ** 32, at + 4);
    list.writeUInt32BE(sectors, at + 8);
  }
  return list;
}
