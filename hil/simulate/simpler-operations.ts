/** Operations that do less than given ones, or at rounder times, the greatest steps first. */
import type { Operation, WriteOperation } from './plan.js';
import { rounder } from './simpler-fault.js';

/** What one operation may become. */
export function simplerOperations(operation: Operation): readonly Operation[] {
  switch (operation.kind) {
    case 'write':
    case 'zero':
    case 'chase': {
      const { sectors, lba, volume, kind } = operation;
      return [
        ...(sectors === 1 && lba === 0 ? [] : [{ ...operation, lba: 0, sectors: 1 }]),
        ...(sectors === 1 ? [] : [{ ...operation, sectors: 1 }]),
        ...(lba === 0 ? [] : [{ ...operation, lba: 0 }]),
        ...(volume === 0 ? [] : [{ ...operation, volume: 0 }]),
        ...(operation.stays === undefined ? [] : [withoutStays(operation)]),
        ...(operation.once === undefined ? [] : [withoutOnce(operation)]),
        ...(operation.abortUs === undefined ? [] : [withoutAbort(operation)]),
        ...rounder(operation.abortUs ?? 0, 0).map((abortUs) => ({ ...operation, abortUs })),
        ...(kind === 'write' ? [] : [asWrite(operation)]),
        ...(sectors > 2 ? [{ ...operation, sectors: Math.ceil(sectors / 2) }] : []),
        ...[1, Math.floor(lba / 2)]
          .filter((less) => less < lba && less > 0)
          .map((less) => ({ ...operation, lba: less })),
      ];
    }
    case 'read':
    case 'look': {
      const { lba, sectors, ...whole } = operation;
      return [
        ...((lba ?? sectors) === undefined ? [] : [whole]),
        ...((sectors ?? 1) === 1 ? [] : [{ ...operation, sectors: 1 }]),
        ...(operation.volume === 0 ? [] : [{ ...operation, volume: 0 }]),
      ];
    }
    case 'verify':
      return [
        ...(operation.lba === 0 ? [] : [{ ...operation, lba: 0 }]),
        ...rounder(operation.sectors, 1).map((sectors) => ({ ...operation, sectors })),
      ];
    case 'digests':
      return operation.partBlocks === 1 ? [] : [{ ...operation, partBlocks: 1 }];
    case 'freezeAgain':
      return operation.ago === 1 ? [] : [{ ...operation, ago: 1 }];
    case 'wait': {
      const { ahead, ...newest } = operation;
      return ahead === undefined ? [] : [newest];
    }
    case 'takeover':
      return [
        ...(operation.force ? [] : [{ ...operation, force: true }]),
        ...(operation.committedUs === undefined ? [] : [atOnce(operation)]),
        ...(operation.chases === undefined ? [] : [withoutChases(operation)]),
        ...rounder(operation.committedUs ?? 0, 0).map((committedUs) => ({ ...operation, committedUs })),
      ];
    case 'freeze':
      return operation.follows === undefined ? [] : [{ kind: 'freeze', atUs: operation.atUs }];
    case 'failback':
      return operation.discard ? [] : [{ ...operation, discard: true }];
    default:
      return [];
  }
}

/** Where it stands, whatever is staged or sent. */
function asWrite(operation: WriteOperation): Operation {
  const { stagedUs: _, ...rest } = { stagedUs: undefined, ...operation };
  return { ...rest, kind: 'write' };
}

function withoutStays({ stays: _, ...operation }: WriteOperation): Operation {
  return operation;
}

function withoutOnce({ once: _, ...operation }: WriteOperation): Operation {
  return operation;
}

function withoutAbort({ abortUs: _, ...operation }: WriteOperation): Operation {
  return operation;
}

function withoutChases({ chases: _, ...operation }: Extract<Operation, { readonly kind: 'takeover' }>): Operation {
  return operation;
}

function atOnce({ committedUs: _, ...operation }: Extract<Operation, { readonly kind: 'takeover' }>): Operation {
  return operation;
}

/** The same operations, with the time before one of them shorter or rounder; in order of time. */
export function closerOperations(operations: readonly Operation[], index: number): readonly (readonly Operation[])[] {
  const now = operations[index]?.atUs ?? 0;
  const gapUs = now - (operations[index - 1]?.atUs ?? 0);
  return [0, ...rounder(gapUs, 100)].flatMap((shorterUs) => {
    if (shorterUs >= gapUs) return [];
    const lessUs = gapUs - shorterUs;
    const closer = operations.map((each, at) => (at < index ? each : { ...each, atUs: each.atUs - lessUs }));
    // Or the others stay where they are.
    return [closer, operations.with(index, { ...(operations[index] as Operation), atUs: now - lessUs })];
  });
}
