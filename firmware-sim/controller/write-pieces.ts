/**
 * What a command changes, as contiguous pieces of a volume: WRITE, WRITE SAME, UNMAP and COMPARE AND WRITE alike.
 */
import { isZero } from '../../protocol/digest.js';
import type { MediumCommand } from '../../protocol/scsi/commands.js';

export interface WritePiece {
  readonly lba: number;
  readonly sectors: number;
  /** The new content; undefined for zeros. */
  readonly data: Uint8Array | undefined;
}

export type WriteCommand = Extract<MediumCommand, { op: 'write' | 'writeSame' | 'unmap' | 'compareAndWrite' }>;

export function isWrite(command: MediumCommand): command is WriteCommand {
  return ['write', 'writeSame', 'unmap', 'compareAndWrite'].includes(command.op);
}

export function writePieces(command: WriteCommand): readonly WritePiece[] {
  switch (command.op) {
    case 'write':
    case 'compareAndWrite':
      return command.data.length === 0
        ? []
        : [{ data: command.data, lba: command.lba, sectors: command.data.length / 512 }];
    case 'unmap':
      return command.ranges
        .filter(({ sectors }) => sectors > 0)
        .map(({ lba, sectors }) => ({ data: undefined, lba, sectors }));
    case 'writeSame':
      return [{ data: repeated(command), lba: command.lba, sectors: command.sectors }];
  }
}

/** Blocks of zeros that are locked, noted and written as one. */
export const pieceBlocksMax = 4096;

/**
 * Cuts zeros, which a command may have any number of, at multiples of `sectorsMax`: no piece takes long, and whoever waits for
 * its blocks comes in between. Pieces with data are no longer than a transfer.
 */
export function* cutPieces(pieces: readonly WritePiece[], sectorsMax: number): Generator<WritePiece, undefined> {
  for (const piece of pieces) {
    const end = piece.lba + piece.sectors;
    for (let { lba } = piece; lba < end; ) {
      const stop = piece.data === undefined ? Math.min(end, (Math.floor(lba / sectorsMax) + 1) * sectorsMax) : end;
      yield { data: piece.data, lba, sectors: stop - lba };
      lba = stop;
    }
  }
  return undefined;
}

function repeated({ pattern, sectors }: Extract<MediumCommand, { op: 'writeSame' }>): Uint8Array | undefined {
  if (isZero(pattern)) return undefined;
  const data = Buffer.alloc(sectors * pattern.length);
  for (let at = 0; at < data.length; at += pattern.length) data.set(pattern, at);
  return data;
}

/** Offset of the first byte that differs, or undefined. */
export function firstDifference(a: Uint8Array, b: Uint8Array): number | undefined {
  // Stryker disable next-line EqualityOperator: past both ends there is nothing that differs
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) if (a[at] !== b[at]) return at;
  return undefined;
}
