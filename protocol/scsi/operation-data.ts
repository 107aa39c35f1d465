/**
 * REPORT SUPPORTED OPERATION CODES data, all of them or one (SPC-4, clause 6.35).
 */
import type { CdbCommand } from './cdb.js';
import { findOperation, type Operation, operations } from './operation-codes.js';
import { invalidField, type Parsed } from './parsed.js';

type Which = Extract<CdbCommand, { readonly op: 'reportOperationCodes' }>['which'];

/** The parameter data, not yet cut to the allocation length. Refuses a service action where there is none, and the reverse. */
export function operationData(which: Which): Parsed<Buffer> {
  if (which.kind === 'all') return { ok: true, value: allOperations() };
  const { opcode, serviceAction } = which;
  const named = operations.find((each) => each.opcode === opcode);
  if (named === undefined) return { ok: true, value: unsupported };
  const hasActions = named.serviceAction !== undefined;
  if (which.kind === 'one' && hasActions !== (serviceAction !== undefined)) return invalidField(hasActions ? 2 : 4);
  if (which.kind === 'oneOfEither' && !hasActions && serviceAction !== 0) return { ok: true, value: unsupported };
  const found = findOperation(opcode, serviceAction ?? 0);
  return { ok: true, value: typeof found === 'string' ? unsupported : oneOperation(found) };
}

const unsupported = Buffer.from([0x00, 0x01, 0x00, 0x00]);

function oneOperation({ usage, serviceAction }: Operation): Buffer {
  const data = Buffer.concat([Buffer.from([0x00, 0x03, 0x00, usage.length]), usage]);
  if (serviceAction !== undefined) data.writeUInt8(serviceAction, 5);
  return data;
}

function allOperations(): Buffer {
  const data = Buffer.alloc(4 + operations.length * 8);
  data.writeUInt32BE(data.length - 4, 0);
  for (const [index, { opcode, serviceAction, usage }] of operations.entries()) {
    const at = 4 + index * 8;
    data.writeUInt8(opcode, at);
    data.writeUInt16BE(serviceAction ?? 0, at + 2);
    data.writeUInt8(serviceAction === undefined ? 0 : 1, at + 5);
    data.writeUInt16BE(usage.length, at + 6);
  }
  return data;
}
