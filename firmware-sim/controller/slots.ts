/** The slots of a shadow or staging area: whole blocks of its disk, but for the last, which holds the stamp. */
import { SlotAllocator } from '../storage/slot-allocator.js';
import { type StoredBlocks, zeroSlot } from '../storage/stored-blocks.js';

export function slotsOf(sectors: number, sectorsPerBlock: number): number {
  return Math.max(0, Math.floor(sectors / sectorsPerBlock) - 1);
}

/**
 * An allocator in which the slots that these maps refer to are taken; undefined when they refer to one twice, or to one
 * that the area does not have.
 */
export function allocatorFor(slots: number, maps: readonly StoredBlocks[]): SlotAllocator | undefined {
  const allocator = new SlotAllocator(slots);
  for (const map of maps) {
    for (const run of map.runs()) {
      if (run.slot === zeroSlot) continue;
      if (!allocator.isFree(run.slot, run.count)) return undefined;
      allocator.occupy(run.slot, run.count);
    }
  }
  return allocator;
}
