/** The slots of a shadow or staging area: whole blocks of its disk, but for the last, which holds the stamp. */
import { SlotAllocator } from '../storage/slot-allocator.js';
import { type StoredBlocks, zeroSlot } from '../storage/stored-blocks.js';

export function slotsOf(sectors: number, sectorsPerBlock: number): number {
  return Math.max(0, Math.floor(sectors / sectorsPerBlock) - 1);
}

/** An allocator in which the slots that these maps refer to are taken. */
export function allocatorFor(slots: number, maps: readonly StoredBlocks[]): SlotAllocator {
  const allocator = new SlotAllocator(slots);
  for (const map of maps) {
    for (const run of map.runs()) if (run.slot !== zeroSlot) allocator.occupy(run.slot, run.count);
  }
  return allocator;
}
