/** Where a command goes on a disk, and what it writes there; and what faults make of both. */
import { type Extent, ExtentMap } from '../../firmware-sim/disk/extent-map.js';
import type { SectorSpan } from '../../firmware-sim/disk/write-cache.js';
import { isZero } from '../../protocol/digest.js';
import { sectorBytes } from '../../protocol/ids.js';
import type { MediumCommand } from '../../protocol/scsi/commands.js';

/** What a command writes; nothing for one that only asks or flushes. Data by reference. */
export function extentsOf(command: MediumCommand): readonly Extent[] {
  switch (command.op) {
    case 'write':
    case 'compareAndWrite': {
      const { lba, data } = command;
      return data.length === 0 ? [] : [{ first: lba, sectors: data.length / sectorBytes, data }];
    }
    case 'writeSame': {
      const { lba, sectors, pattern } = command;
      // Zeros stay a range, as in the emulated disk, however long they are.
      const data = isZero(pattern) ? undefined : Buffer.alloc(sectors * sectorBytes, pattern);
      return sectors === 0 ? [] : [{ first: lba, sectors, data }];
    }
    case 'unmap': {
      const map = new ExtentMap();
      for (const { lba, sectors } of command.ranges) map.set({ first: lba, sectors, data: undefined });
      return map.extents;
    }
    default:
      return [];
  }
}

/** The sectors that a command reads or writes; none for one that touches no particular ones. */
export function spansOf(command: MediumCommand): readonly SectorSpan[] {
  if (command.op === 'read' || command.op === 'verify') return [{ lba: command.lba, sectors: command.sectors }];
  return extentsOf(command).map(({ first, sectors }) => ({ lba: first, sectors }));
}

/** The same so many sectors further on, from the end to the beginning, as far as all of it fits. */
export function shifted<Span extends SectorSpan>(span: Span, sectors: number, capacitySectors: number): Span {
  return { ...span, lba: (span.lba + sectors) % (capacitySectors - span.sectors + 1) };
}

/** `extents` so many sectors away, each as `shifted`. */
export function misdirected(extents: readonly Extent[], by: number, capacitySectors: number): readonly Extent[] {
  const map = new ExtentMap();
  for (const extent of extents) {
    const { lba } = shifted({ lba: extent.first, sectors: extent.sectors }, by, capacitySectors);
    map.set({ ...extent, first: lba });
  }
  return map.extents;
}

/** A copy with byte `at`, modulo its length, xor-ed. */
export function corrupted(data: Uint8Array, at: number, xor: number): Uint8Array {
  const copy = Buffer.from(data);
  const index = at % data.length;
  copy[index] = (copy[index] ?? 0) ^ xor;
  return copy;
}

/** `extents` with one byte of the first of them xor-ed; of zeros only the sector with the byte becomes data. */
export function corruptedExtents(extents: readonly Extent[], at: number, xor: number): readonly Extent[] {
  const [first, ...rest] = extents;
  if (first === undefined) return extents;
  if (first.data !== undefined) return [{ ...first, data: corrupted(first.data, at, xor) }, ...rest];
  const byte = at % (first.sectors * sectorBytes);
  const map = new ExtentMap();
  map.set(first);
  const sector = corrupted(new Uint8Array(sectorBytes), byte, xor);
  map.set({ first: first.first + Math.floor(byte / sectorBytes), sectors: 1, data: sector });
  return [...map.extents, ...rest];
}
