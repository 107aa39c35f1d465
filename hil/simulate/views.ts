/**
 * What each area means at this moment, read past the controllers: the newest data at main, the frozen content that the
 * sub is still owed, the image that the sub shows. Blocks are padded with zeros past a volume's end.
 */
import type { MainState } from '../../firmware-sim/main/main-state.js';
import type { ReplicaState } from '../../firmware-sim/replica/replica-state.js';
import { zeroSlot } from '../../firmware-sim/storage/stored-blocks.js';
import type { DiskName } from '../../protocol/device.js';
import { contentDigest, sameDigest, zeroDigest } from '../../protocol/digest.js';
import { sectorBytes } from '../../protocol/ids.js';
import type { DiskSet } from './plan-bench.js';

/** A block as an area holds it, and the digest that it should have, where that is known. */
export interface ViewedBlock {
  readonly bytes: Buffer;
  readonly disk: DiskName;
  readonly digest: Uint8Array | undefined;
}

export interface ViewGeometry {
  readonly blockBytes: number;
  readonly volumeSectors: readonly number[];
}

export function blocksOf({ blockBytes, volumeSectors }: ViewGeometry, volume: number): number {
  return Math.ceil(((volumeSectors[volume] ?? 0) * sectorBytes) / blockBytes);
}

/** The newest content of a block at main. */
export function newestBlock(state: MainState, disks: DiskSet, at: BlockPlace): ViewedBlock {
  const maps = state.volume(at.volume);
  const map = maps.newest(at.block);
  if (map === undefined) return areaBlock(disks, `primary${at.volume}`, at, undefined);
  return slotBlock(disks, `shadow${at.volume}`, at, map.slotOf(at.block) ?? zeroSlot, map.digestOf(at.block));
}

/** The frozen content of a block that the sub is still owed; undefined where nothing is owed. */
export function frozenBlock(state: MainState, disks: DiskSet, at: BlockPlace): ViewedBlock | undefined {
  if (state.transfer === undefined) return undefined;
  const { frozen, sent, kept, before } = state.volume(at.volume);
  if (!frozen.has(at.block) || sent.has(at.block)) return undefined;
  const map = kept.has(at.block) ? kept : before.has(at.block) ? before : undefined;
  if (map === undefined) return areaBlock(disks, `primary${at.volume}`, at, undefined);
  return slotBlock(disks, `shadow${at.volume}`, at, map.slotOf(at.block) ?? zeroSlot, map.digestOf(at.block));
}

/** What the sub shows of a block. */
export function shownBlock(replica: ReplicaState, disks: DiskSet, at: BlockPlace): ViewedBlock {
  const { overlay, known, occupied } = replica.volume(at.volume);
  const slot = overlay.slotOf(at.block);
  if (slot !== undefined) return slotBlock(disks, `staging${at.volume}`, at, slot, overlay.digestOf(at.block));
  const digest = known.digestOf(at.block) ?? (occupied.has(at.block) ? undefined : zeroDigest);
  return areaBlock(disks, `secondary${at.volume}`, at, digest);
}

/** What has arrived of a block for the generation that the sub receives. */
export function stagedBlock(replica: ReplicaState, disks: DiskSet, at: BlockPlace): ViewedBlock | undefined {
  const { staged } = replica.volume(at.volume);
  const slot = staged.slotOf(at.block);
  return slot === undefined ? undefined : slotBlock(disks, `staging${at.volume}`, at, slot, staged.digestOf(at.block));
}

export interface BlockPlace extends ViewGeometry {
  readonly volume: number;
  readonly block: number;
}

/** Whether a read of this block would end with an error instead of this content: its digest is known and differs. */
export function isFoundOut({ bytes, digest }: ViewedBlock): boolean {
  return digest !== undefined && !sameDigest(contentDigest(bytes), digest);
}

function slotBlock(
  disks: DiskSet,
  disk: DiskName,
  { blockBytes }: BlockPlace,
  slot: number,
  digest: Uint8Array | undefined,
): ViewedBlock {
  const sectors = blockBytes / sectorBytes;
  const bytes = slot === zeroSlot ? Buffer.alloc(blockBytes) : peek(disks, disk, slot * sectors, sectors);
  return { bytes, disk, digest };
}

function areaBlock(
  disks: DiskSet,
  disk: DiskName,
  { blockBytes, volumeSectors, volume, block }: BlockPlace,
  digest: Uint8Array | undefined,
): ViewedBlock {
  const sectors = blockBytes / sectorBytes;
  const lba = block * sectors;
  const here = Math.min(sectors, (volumeSectors[volume] ?? 0) - lba);
  const found = peek(disks, disk, lba, here);
  if (here === sectors) return { bytes: found, disk, digest };
  const bytes = Buffer.alloc(blockBytes);
  found.copy(bytes);
  return { bytes, disk, digest };
}

function peek(disks: DiskSet, disk: DiskName, lba: number, sectors: number): Buffer {
  const found = disks.get(disk);
  if (found === undefined) throw new RangeError(`no disk is called ${disk}`);
  const bytes = found.peek(lba, sectors);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
