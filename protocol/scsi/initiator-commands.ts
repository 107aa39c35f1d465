/**
 * Medium commands as an initiator submits them, and what came back for them.
 */
import { sectorBytes, unreachable } from '../ids.js';
import { encodeCdb } from './cdb-encode.js';
import type { MediumCommand } from './commands.js';
import { takeApart } from './data-out.js';
import type { CommandRequest, CommandResult } from './initiator.js';

/** The command as CDB and data out: the 10-byte form when it fits, else the 16-byte form. Data is kept by reference. */
export function requestOf(command: MediumCommand, lun: number): CommandRequest {
  const { cdb, dataOut } = takeApart(command);
  return { lun, cdb: encodeCdb(cdb), dataOut, dataInBytesMax: dataInBytesMaxOf(command) };
}

/** The most data that this command gives. */
export function dataInBytesMaxOf(command: MediumCommand): number {
  switch (command.op) {
    case 'read':
      return command.sectors * sectorBytes;
    case 'getLbaStatus':
      return command.allocationBytes;
    case 'write':
    case 'verify':
    case 'writeSame':
    case 'unmap':
    case 'compareAndWrite':
    case 'synchronizeCache':
      return 0;
    default:
      return unreachable(command);
  }
}

/** The result of a command, or a failure when a READ that ended well gave less than it should. */
export function checkedResult(command: MediumCommand, result: CommandResult): CommandResult {
  if (command.op !== 'read' || result.kind !== 'completed' || result.completion.status !== 'good') return result;
  const { length } = result.completion.data;
  if (length === command.sectors * sectorBytes) return result;
  return { kind: 'failed', refusal: { code: 'message-check', detail: `READ gave ${length} bytes` } };
}
