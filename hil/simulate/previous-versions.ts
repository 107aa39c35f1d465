/** What the sectors of a disk held before they were last written, for reads that give an old version. */
import type { SectorSpan } from '../../firmware-sim/disk/write-cache.js';
import { sectorBytes } from '../../protocol/ids.js';

/** Of one write no more sectors than this are kept: zeros may be as long as the disk. */
export const previousSectorsMax = 2048;

export class PreviousVersions {
  readonly #sectors = new Map<number, Uint8Array>();

  /** Sectors from `lba` on are about to be written; `before` is what they hold, and must not change any more. */
  keep(lba: number, before: Uint8Array): void {
    for (let at = 0; at < before.length; at += sectorBytes) {
      this.#sectors.set(lba + at / sectorBytes, before.subarray(at, at + sectorBytes));
    }
  }

  /** A copy of `data` with the previous version of each sector that has one. */
  before({ lba, sectors }: SectorSpan, data: Uint8Array): Uint8Array {
    const copy = Buffer.from(data);
    for (let index = 0; index < sectors; index += 1) {
      const previous = this.#sectors.get(lba + index);
      if (previous !== undefined) copy.set(previous, index * sectorBytes);
    }
    return copy;
  }
}
