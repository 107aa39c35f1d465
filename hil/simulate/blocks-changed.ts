import { sectorBytes } from '../../protocol/ids.js';
import type { MediumCommand } from '../../protocol/scsi/commands.js';

/** The blocks that a command changes. */
export function blocksChanged(command: MediumCommand, blockBytes: number): { first: number; count: number }[] {
  const block = blockBytes / sectorBytes;
  const span = (lba: number, sectors: number) => {
    const first = Math.floor(lba / block);
    return { first, count: Math.ceil((lba + sectors) / block) - first };
  };
  if (command.op === 'write') return [span(command.lba, command.data.length / sectorBytes)];
  if (command.op === 'writeSame') return [span(command.lba, command.sectors)];
  return command.op === 'unmap' ? command.ranges.map(({ lba, sectors }) => span(lba, sectors)) : [];
}
