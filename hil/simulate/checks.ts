/**
 * What must hold of a controller's state and disks at any moment: each check looks at all blocks and says what is wrong,
 * or nothing. The same checks hold a controller that runs and one that has just come back from a power cut.
 */
import type { MainState } from '../../firmware-sim/main/main-state.js';
import type { ReplicaState } from '../../firmware-sim/replica/replica-state.js';
import { isZero } from '../../protocol/digest.js';
import { sectorBytes } from '../../protocol/ids.js';
import type { DiskSet } from './plan-bench.js';
import { faultOfSector, readSector, type Truth } from './truth.js';
import {
  type BlockPlace,
  blocksOf,
  frozenBlock,
  isFoundOut,
  newestBlock,
  shownBlock,
  stagedBlock,
  type ViewedBlock,
  type ViewGeometry,
} from './views.js';

/** Which disks may hold other bytes than were written, as the plan's faults have it; what they hold must be found out. */
export type MayBeCorrupt = (disk: string) => boolean;

export interface CheckContext extends ViewGeometry {
  readonly mayBeCorrupt: MayBeCorrupt;
}

/** A read at main gives the newest write. */
export function faultOfNewest(
  state: MainState,
  disks: DiskSet,
  truth: Truth,
  context: CheckContext,
): string | undefined {
  return firstFault(context, (place) => faultOfBlock(newestBlock(state, disks, place), truth, place, context));
}

/** What is frozen and not sent is still there. */
export function faultOfFrozen(
  state: MainState,
  disks: DiskSet,
  image: Truth,
  context: CheckContext,
): string | undefined {
  return firstFault(context, (place) => {
    const block = frozenBlock(state, disks, place);
    return block === undefined ? undefined : faultOfBlock(block, image, place, context);
  });
}

/** What the sub shows is one image, whole. */
export function faultOfShown(
  replica: ReplicaState,
  disks: DiskSet,
  image: Truth,
  context: CheckContext,
): string | undefined {
  return firstFault(context, (place) => faultOfBlock(shownBlock(replica, disks, place), image, place, context));
}

/** What is staged of a block is of the image that it is staged for. */
export function faultOfStaged(
  replica: ReplicaState,
  disks: DiskSet,
  image: Truth,
  { place, context }: { readonly place: BlockPlace; readonly context: CheckContext },
): string | undefined {
  const block = stagedBlock(replica, disks, place);
  return block === undefined ? undefined : faultOfBlock(block, image, place, context);
}

/**
 * A block whose newest content differs from the image that the sub holds is in a difference map. `base` is that image;
 * without one, every block that is not zero is known to be allocated.
 */
export function faultOfDifference(
  state: MainState,
  disks: DiskSet,
  base: Truth | undefined,
  context: CheckContext,
): string | undefined {
  return firstFault(context, (place) => {
    const { changed, frozen, frozenChanges } = state.volume(place.volume);
    if (changed.has(place.block) || frozen.has(place.block) || frozenChanges.has(place.block)) return undefined;
    if (base === undefined && state.volume(place.volume).isAllocated(place.block)) return undefined;
    const { bytes } = newestBlock(state, disks, place);
    if (base === undefined) return isZero(bytes) ? undefined : 'holds data and is not allocated';
    return differs(bytes, base, place) ? 'differs from the image at the sub and is in no difference map' : undefined;
  });
}

function differs(bytes: Buffer, base: Truth, place: BlockPlace): boolean {
  const { first, end } = sectorsOf(place);
  for (let lba = first; lba < end; lba += 1) {
    const found = readSector(bytes, (lba - first) * sectorBytes);
    // One that is torn is in no image but one that was torn there when it was frozen.
    const isOpen = () => base.isOpen({ volume: place.volume, from: lba, end: lba + 1 });
    if (found === undefined ? !isOpen() : !base.allows(place.volume, lba, found.number)) return true;
  }
  return false;
}

/** What is wrong with the first block that something is wrong with. */
export function firstFault(
  geometry: ViewGeometry,
  faultAt: (place: BlockPlace) => string | undefined,
): string | undefined {
  const { blockBytes, volumeSectors } = geometry;
  for (const volume of volumeSectors.keys()) {
    const blocks = blocksOf(geometry, volume);
    for (let block = 0; block < blocks; block += 1) {
      const fault = faultAt({ blockBytes, volumeSectors, volume, block });
      if (fault !== undefined) return `volume ${volume}, block ${block}: ${fault}`;
    }
  }
  return undefined;
}

function faultOfBlock(viewed: ViewedBlock, truth: Truth, place: BlockPlace, context: CheckContext): string | undefined {
  const { first, end } = sectorsOf(place);
  for (let lba = first; lba < end; lba += 1) {
    const fault = faultOfSector(truth, viewed.bytes, (lba - first) * sectorBytes, { volume: place.volume, lba });
    if (fault === undefined) continue;
    // A reader gets an error in place of this: owed is that it is found out, not that it is there.
    if (context.mayBeCorrupt(viewed.disk) && isFoundOut(viewed)) return undefined;
    return `sector ${lba} ${fault} (${viewed.disk})`;
  }
  return undefined;
}

/** The sectors of a block that are in its volume. */
function sectorsOf({ blockBytes, volumeSectors, volume, block }: BlockPlace): { first: number; end: number } {
  const sectors = blockBytes / sectorBytes;
  const first = block * sectors;
  return { first, end: Math.min(first + sectors, volumeSectors[volume] ?? 0) };
}
