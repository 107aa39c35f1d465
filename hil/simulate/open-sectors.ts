/** What a truth leaves open is settled where somebody has been shown, or told, what it is. */
import type { MainState } from '../../firmware-sim/main/main-state.js';
import type { ReplicaState } from '../../firmware-sim/replica/replica-state.js';
import { sectorBytes } from '../../protocol/ids.js';
import type { DiskSet } from './plan-bench.js';
import { readSector, type SectorPlace, type Truth, type Written } from './truth.js';
import { type BlockPlace, isFoundOut, newestBlock, shownBlock, type ViewedBlock, type ViewGeometry } from './views.js';

/** Of the sectors of an aborted write each holds it or not, from now on. */
export function settleAborted(
  truth: Truth,
  write: Written,
  geometry: ViewGeometry,
  { state, disks }: { readonly state: MainState; readonly disks: DiskSet },
): void {
  const { volume, number } = write;
  for (let lba = write.from; lba < write.end; lba += 1) {
    const { found } = sectorOf({ volume, lba }, geometry, (place) => newestBlock(state, disks, place));
    const sector = { volume, from: lba, end: lba + 1 };
    if (found?.number === number) truth.settle(sector, number);
    else if (found !== undefined) truth.forbid(write, sector);
  }
}

/** An image that the sub shows is one thing: what was open in it is what is there, where its digest says so. */
export function settleShown(
  image: Truth,
  geometry: ViewGeometry,
  { replica, disks }: { readonly replica: ReplicaState; readonly disks: DiskSet },
): void {
  for (const place of [...image.open()]) {
    const { viewed, found } = sectorOf(place, geometry, (at) => shownBlock(replica, disks, at));
    const isSure = viewed.digest !== undefined && !isFoundOut(viewed);
    const { volume, lba } = place;
    if (isSure && found !== undefined && image.allows(volume, lba, found.number))
      image.settle({ volume, from: lba, end: lba + 1 }, found.number);
  }
}

function sectorOf(
  { volume, lba }: SectorPlace,
  { blockBytes, volumeSectors }: ViewGeometry,
  view: (place: BlockPlace) => ViewedBlock,
) {
  const sectors = blockBytes / sectorBytes;
  const block = Math.floor(lba / sectors);
  const viewed = view({ blockBytes, volumeSectors, volume, block });
  return { viewed, found: readSector(viewed.bytes, (lba - block * sectors) * sectorBytes) };
}
