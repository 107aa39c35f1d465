/**
 * A sector that goes bad in silence while the power is off: one byte of it is another. Where what it holds is kept with a
 * check (records, and the areas whose digests are known) a controller that comes back has to find it out.
 */
import type { DiskName } from '../../protocol/device.js';
import { sectorBytes } from '../../protocol/ids.js';
import type { MediumCommand } from '../../protocol/scsi/commands.js';
import { Random } from '../random.js';
import type { FaultyDisk } from './faulty-disk.js';
import type { Site } from './plan.js';
import type { DiskSet } from './plan-bench.js';

interface SectorRange {
  readonly first: number;
  readonly sectors: number;
}

/**
 * Where the newest records of each half of a meta disk lie: to lose them is no different from a write that was cut off. The
 * last two writes, for the last one may not have ended, and be lost anyway.
 */
export class NewestRecords {
  readonly #newest: Record<Site, Map<number, readonly SectorRange[]>> = { main: new Map(), sub: new Map() };

  wrote(site: Site, command: MediumCommand, diskSectors: number): void {
    if (command.op !== 'write') return;
    const half = command.lba < diskSectors / 2 ? 0 : 1;
    const range = { first: command.lba, sectors: command.data.length / sectorBytes };
    this.#newest[site].set(half, [...(this.#newest[site].get(half) ?? []), range].slice(-2));
  }

  /** What was newest before may be lost with the power: until more is written nothing is known. */
  lostPower(site: Site): void {
    this.#newest[site].clear();
  }

  /** Whether the loss of this sector has to be noticed. */
  isOlder(site: Site, lba: number, diskSectors: number): boolean {
    const newest = this.#newest[site].get(lba < diskSectors / 2 ? 0 : 1);
    return newest?.length === 2 && newest.every(({ first, sectors }) => lba < first || lba >= first + sectors);
  }
}

/** Spoils one byte on one of these disks, drawn by `seed`; returns which disk, or undefined where nothing can be spoilt. */
export function spoil(site: Site, disks: DiskSet, records: NewestRecords, seed: number): DiskName | undefined {
  const random = new Random(`rot ${seed}`);
  const names = [...disks.keys()];
  const name = random.below(2) === 0 ? 'meta' : names[random.below(names.length)];
  const disk = name === undefined ? undefined : disks.get(name);
  if (name === undefined || disk === undefined) return undefined;
  const sectors = heldSectors(disk).filter((lba) => name !== 'meta' || records.isOlder(site, lba, disk.sectors));
  // One in three where something begins: what lies there says what all behind it is.
  const begins = sectors.filter((each, index) => sectors[index - 1] !== each - 1);
  const drawn = random.below(3) === 0 ? begins : sectors;
  const lba = drawn[random.below(Math.max(1, drawn.length))];
  if (lba === undefined) return undefined;
  const data = Buffer.alloc(sectorBytes);
  disk.store.read(lba * sectorBytes, data);
  const at = random.below(sectorBytes);
  data[at] = (data[at] ?? 0) ^ (1 + random.below(255));
  disk.store.apply({ writes: [{ offset: lba * sectorBytes, data }], punches: [] });
  return name;
}

/** Sectors that hold anything but zeros. */
function heldSectors({ store, sectors }: FaultyDisk): number[] {
  const held: number[] = [];
  for (const { offset, length } of store.allocated(0, sectors * sectorBytes, Number.MAX_SAFE_INTEGER)) {
    const bytes = Buffer.alloc(length);
    store.read(offset, bytes);
    for (let at = 0; at < length; at += sectorBytes) {
      if (bytes.subarray(at, at + sectorBytes).some((byte) => byte !== 0)) held.push((offset + at) / sectorBytes);
    }
  }
  return held;
}
