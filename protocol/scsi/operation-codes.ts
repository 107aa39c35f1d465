/**
 * Every operation that our logical units support: its code, which bits of its CDB are looked at, and what they mean.
 * REPORT SUPPORTED OPERATION CODES answers from this table, parsing and encoding follow it (SPC-4, SBC-3).
 */
import type { CdbCommand, PageControl } from './cdb.js';
import { senseOf } from './conditions.js';
import { invalidField, type Parsed } from './parsed.js';

export interface Operation {
  readonly opcode: number;
  readonly serviceAction?: number;
  /** The standard's name. */
  readonly name: string;
  /** A one for each bit that is evaluated; as long as the CDB. */
  readonly usage: Uint8Array;
  /** Reads a block of the right length whose bits outside `usage` are zero. */
  decode(cdb: Buffer): Parsed<CdbCommand>;
}

const done = (value: CdbCommand): Parsed<CdbCommand> => ({ ok: true, value });
const isSet = (cdb: Buffer, byte: number, bit: number) => (cdb.readUInt8(byte) & (1 << bit)) !== 0;

/** Where a CDB of so many bytes has its LBA and its length (SPC-4, clause 4.2). */
export const layouts = {
  6: { lba: { at: 1, bytes: 3 }, length: { at: 4, bytes: 1 } },
  10: { lba: { at: 2, bytes: 4 }, length: { at: 7, bytes: 2 } },
  12: { lba: { at: 2, bytes: 4 }, length: { at: 6, bytes: 4 } },
  16: { lba: { at: 2, bytes: 8 }, length: { at: 10, bytes: 4 } },
} as const;
type Form = keyof typeof layouts;

interface Span {
  readonly lba: number;
  readonly sectors: number;
}

/** A block range whose LBA fits a number; what passes 2^53 passes the end of every medium. */
function onSpan(form: Form, command: (cdb: Buffer, span: Span) => CdbCommand): Operation['decode'] {
  const { lba, length } = layouts[form];
  return (cdb) => {
    const low = cdb.readUIntBE(lba.at + Math.max(0, lba.bytes - 4), Math.min(4, lba.bytes));
    const high = lba.bytes === 8 ? cdb.readUInt32BE(lba.at) : 0;
    if (high >= 2 ** 21) return { ok: false, sense: senseOf('lbaOutOfRange') };
    const sectors = cdb.readUIntBE(length.at, length.bytes);
    // Small numbers stay integers for the engine, too: a product with 2 ** 32 never is one.
    return done(command(cdb, { lba: high === 0 ? low : high * 2 ** 32 + low, sectors }));
  };
}

const access = (op: 'read' | 'write', form: Form) =>
  onSpan(form, (cdb, { lba, sectors }) => ({ op, lba, sectors, fua: isSet(cdb, 1, 3), dpo: isSet(cdb, 1, 4) }));
const read = (form: Form) => access('read', form);
const write = (form: Form) => access('write', form);
// READ (6) and WRITE (6) have no bits for FUA and DPO, and a length of 0 stands for 256 (SBC-3, clause 5.9).
const short = (op: 'read' | 'write') => onSpan(6, (_, { lba, sectors }) => ({ op, lba, sectors: sectors || 256 }));
const verify = (form: Form) => onSpan(form, (cdb, span) => ({ op: 'verify', ...span, compare: isSet(cdb, 1, 1) }));
const synchronizeCache = (form: Form) => onSpan(form, (_, span) => ({ op: 'synchronizeCache', ...span }));
const writeSame = (form: 10 | 16): Operation['decode'] => {
  const noDataOut = (cdb: Buffer) => form === 16 && isSet(cdb, 1, 0);
  const decode = onSpan(form, (cdb, span) => ({
    op: 'writeSame',
    ...span,
    unmap: isSet(cdb, 1, 3),
    noDataOut: noDataOut(cdb),
  }));
  // WSNZ: zero does not stand for "to the end of the medium" (VPD page B0h).
  return (cdb) => (lengthOf(cdb, form) === 0 ? invalidField(layouts[form].length.at) : decode(cdb));
};
const lengthOf = (cdb: Buffer, form: Form) => cdb.readUIntBE(layouts[form].length.at, layouts[form].length.bytes);

const compareAndWrite: Operation['decode'] = (cdb) => {
  const decode = onSpan(16, (_, { lba }) => ({
    op: 'compareAndWrite',
    lba,
    sectors: cdb.readUInt8(13),
    fua: isSet(cdb, 1, 3),
  }));
  return decode(cdb);
};

const getLbaStatus = onSpan(16, (_, { lba, sectors }) => ({ op: 'getLbaStatus', lba, allocationBytes: sectors }));

const inquiry: Operation['decode'] = (cdb) => {
  const vital = isSet(cdb, 1, 0);
  const page = cdb.readUInt8(2);
  if (!vital && page !== 0) return invalidField(2, 7);
  return done({ op: 'inquiry', page: vital ? page : undefined, allocationBytes: cdb.readUInt16BE(3) });
};

const pageControls: readonly PageControl[] = ['current', 'changeable', 'default', 'saved'];
const modeSense = (form: 6 | 10): Operation['decode'] => {
  return (cdb) =>
    done({
      op: 'modeSense',
      form,
      control: pageControls[cdb.readUInt8(2) >> 6] ?? 'current',
      page: cdb.readUInt8(2) & 0x3f,
      subpage: cdb.readUInt8(3),
      blockDescriptor: !isSet(cdb, 1, 3),
      allocationBytes: lengthOf(cdb, form),
    });
};

const startStopUnit: Operation['decode'] = (cdb) => {
  return done({ op: 'startStopUnit', start: isSet(cdb, 4, 0), flush: !isSet(cdb, 4, 2) });
};

const reportLuns: Operation['decode'] = (cdb) => {
  const allocationBytes = cdb.readUInt32BE(6);
  // SPC-4, clause 6.33: fewer than 16 bytes are refused.
  if (allocationBytes < 16) return invalidField(6);
  if (cdb.readUInt8(2) > 2) return invalidField(2);
  return done({ op: 'reportLuns', select: cdb.readUInt8(2), allocationBytes });
};

const reportOperationCodes: Operation['decode'] = (cdb) => {
  const allocationBytes = cdb.readUInt32BE(6);
  const opcode = cdb.readUInt8(3);
  const serviceAction = cdb.readUInt16BE(4);
  const answer = (which: Extract<CdbCommand, { op: 'reportOperationCodes' }>['which']) =>
    done({ op: 'reportOperationCodes', which, allocationBytes });
  switch (cdb.readUInt8(2)) {
    case 0:
      return answer({ kind: 'all' });
    case 1:
      return answer({ kind: 'one', opcode, serviceAction: undefined });
    case 2:
      return answer({ kind: 'one', opcode, serviceAction });
    case 3:
      return answer({ kind: 'oneOfEither', opcode, serviceAction });
    default:
      return invalidField(2, 2);
  }
};

const row = (opcode: number, name: string, usage: string, decode: Operation['decode']): Operation => {
  return { opcode, name, usage: Buffer.from(usage.replaceAll(' ', ''), 'hex'), decode };
};
const subrow = (
  [opcode, serviceAction]: readonly [number, number],
  name: string,
  usage: string,
  decode: Operation['decode'],
): Operation => ({ ...row(opcode, name, usage, decode), serviceAction });

/** The usage masks are written as the CDB stands in the standard, operation code first, control byte (NACA: no) last. */
export const operations: readonly Operation[] = [
  row(0x00, 'TEST UNIT READY', '00 00 00 00 00 00', () => done({ op: 'testUnitReady' })),
  row(0x03, 'REQUEST SENSE', '03 00 00 00 ff 00', (cdb) =>
    done({ op: 'requestSense', allocationBytes: cdb.readUInt8(4) }),
  ),
  row(0x08, 'READ (6)', '08 1f ff ff ff 00', short('read')),
  row(0x0a, 'WRITE (6)', '0a 1f ff ff ff 00', short('write')),
  row(0x12, 'INQUIRY', '12 01 ff ff ff 00', inquiry),
  row(0x1a, 'MODE SENSE (6)', '1a 08 ff ff ff 00', modeSense(6)),
  row(0x1b, 'START STOP UNIT', '1b 01 00 00 05 00', startStopUnit),
  row(0x25, 'READ CAPACITY (10)', '25 00 00 00 00 00 00 00 00 00', () =>
    done({ op: 'readCapacity', form: 10, allocationBytes: 8 }),
  ),
  row(0x28, 'READ (10)', '28 18 ff ff ff ff 00 ff ff 00', read(10)),
  row(0x2a, 'WRITE (10)', '2a 18 ff ff ff ff 00 ff ff 00', write(10)),
  row(0x2f, 'VERIFY (10)', '2f 12 ff ff ff ff 00 ff ff 00', verify(10)),
  // IMMED is refused: an answer before the flush would call data durable that is not.
  row(0x35, 'SYNCHRONIZE CACHE (10)', '35 00 ff ff ff ff 00 ff ff 00', synchronizeCache(10)),
  row(0x41, 'WRITE SAME (10)', '41 08 ff ff ff ff 00 ff ff 00', writeSame(10)),
  row(0x42, 'UNMAP', '42 00 00 00 00 00 00 ff ff 00', (cdb) =>
    done({ op: 'unmap', parameterBytes: cdb.readUInt16BE(7) }),
  ),
  row(0x5a, 'MODE SENSE (10)', '5a 18 ff ff 00 00 00 ff ff 00', modeSense(10)),
  row(0x88, 'READ (16)', '88 18 ff ff ff ff ff ff ff ff ff ff ff ff 00 00', read(16)),
  row(0x89, 'COMPARE AND WRITE', '89 18 ff ff ff ff ff ff ff ff 00 00 00 ff 00 00', compareAndWrite),
  row(0x8a, 'WRITE (16)', '8a 18 ff ff ff ff ff ff ff ff ff ff ff ff 00 00', write(16)),
  row(0x8f, 'VERIFY (16)', '8f 12 ff ff ff ff ff ff ff ff ff ff ff ff 00 00', verify(16)),
  row(0x91, 'SYNCHRONIZE CACHE (16)', '91 00 ff ff ff ff ff ff ff ff ff ff ff ff 00 00', synchronizeCache(16)),
  row(0x93, 'WRITE SAME (16)', '93 09 ff ff ff ff ff ff ff ff ff ff ff ff 00 00', writeSame(16)),
  subrow([0x9e, 0x10], 'READ CAPACITY (16)', '9e 10 00 00 00 00 00 00 00 00 ff ff ff ff 00 00', (cdb) =>
    done({ op: 'readCapacity', form: 16, allocationBytes: cdb.readUInt32BE(10) }),
  ),
  subrow([0x9e, 0x12], 'GET LBA STATUS', '9e 12 ff ff ff ff ff ff ff ff ff ff ff ff 00 00', getLbaStatus),
  row(0xa0, 'REPORT LUNS', 'a0 00 ff 00 00 00 ff ff ff ff 00 00', reportLuns),
  subrow([0xa3, 0x0c], 'REPORT SUPPORTED OPERATION CODES', 'a3 0c 07 ff ff ff ff ff ff ff 00 00', reportOperationCodes),
  row(0xa8, 'READ (12)', 'a8 18 ff ff ff ff ff ff ff ff 00 00', read(12)),
  row(0xaa, 'WRITE (12)', 'aa 18 ff ff ff ff ff ff ff ff 00 00', write(12)),
  row(0xaf, 'VERIFY (12)', 'af 12 ff ff ff ff ff ff ff ff 00 00', verify(12)),
];

const byOpcode = new Map(operations.map(({ opcode }) => [opcode, operations.filter((each) => each.opcode === opcode)]));

/** Finds an operation; `serviceAction` is looked at where the operation code has any. */
export function findOperation(opcode: number, serviceAction: number): Operation | 'unknown' | 'unknownServiceAction' {
  const named = byOpcode.get(opcode);
  if (named === undefined) return 'unknown';
  const found = named.find((each) => each.serviceAction === undefined || each.serviceAction === serviceAction);
  return found ?? 'unknownServiceAction';
}
