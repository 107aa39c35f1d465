/**
 * What a medium command must keep to before it may touch the medium: the range, and the longest transfer.
 */

import { isZero } from '../../protocol/digest.js';
import { assert, sectorBytes, unreachable } from '../../protocol/ids.js';
import type { MediumCommand } from '../../protocol/scsi/commands.js';
import { senseOf } from '../../protocol/scsi/conditions.js';
import type { Sense } from '../../protocol/scsi/sense.js';
import type { UnitLimits } from '../../protocol/scsi/unit-profile.js';

export interface MediumBounds {
  readonly capacitySectors: number;
  readonly limits: UnitLimits;
}

/**
 * Sense data for a command that passes the end of the medium or the limits of the unit, or undefined for one in order.
 * Throws when a command's data isn't whole sectors: the caller's mistake, not the initiator's.
 */
export function mediumFault(command: MediumCommand, bounds: MediumBounds): Sense | undefined {
  const { limits, capacitySectors } = bounds;
  switch (command.op) {
    case 'read':
      return spanFault(command, bounds, limits.transferSectorsMax);
    case 'write':
      return spanFault({ lba: command.lba, sectors: sectorsOf(command.data) }, bounds, limits.transferSectorsMax);
    case 'verify': {
      assert(command.data === undefined || sectorsOf(command.data) === command.sectors, 'verify data of other length');
      return spanFault(
        command,
        bounds,
        command.data === undefined ? Number.POSITIVE_INFINITY : limits.transferSectorsMax,
      );
    }
    case 'writeSame': {
      assert(command.pattern.length === sectorBytes, 'the pattern of WRITE SAME is one sector');
      const zero = isZero(command.pattern);
      return spanFault(command, bounds, zero ? Number.POSITIVE_INFINITY : limits.transferSectorsMax);
    }
    case 'compareAndWrite': {
      assert(command.compare.length === command.data.length, 'compare and write data of different length');
      const span = { lba: command.lba, sectors: sectorsOf(command.data) };
      return spanFault(span, bounds, limits.compareAndWriteSectorsMax);
    }
    case 'unmap':
      return command.ranges.map((range) => spanFault(range, bounds)).find((fault) => fault !== undefined);
    case 'synchronizeCache':
      return spanFault(command, bounds);
    case 'getLbaStatus':
      return command.lba < capacitySectors ? undefined : senseOf('lbaOutOfRange', { information: command.lba });
    default:
      return unreachable(command);
  }
}

interface Span {
  readonly lba: number;
  readonly sectors: number;
}

function spanFault({ lba, sectors }: Span, bounds: MediumBounds, sectorsMax = Number.POSITIVE_INFINITY) {
  if (sectors > bounds.capacitySectors - lba) {
    return senseOf('lbaOutOfRange', { information: Math.max(lba, bounds.capacitySectors) });
  }
  return sectors > sectorsMax ? senseOf('invalidFieldInCdb') : undefined;
}

function sectorsOf(data: Uint8Array): number {
  assert(data.length % sectorBytes === 0, `${data.length} bytes are not whole sectors`);
  return data.length / sectorBytes;
}
