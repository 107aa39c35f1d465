/**
 * What a host does to its volumes, from a seed: the same plan gives the same operations, everywhere and every time.
 */
import { assert, sectorBytes, unreachable } from '../../protocol/ids.js';
import { Random } from './random.js';

/**
 * - `sequential`: each volume from its beginning to its end, and again.
 * - `random`: anywhere, evenly.
 * - `hot-spot`: few blocks often, most blocks rarely (Zipf-like), spread over the volume.
 * - `overwrite-in-flight`: bursts of writes that overlap, sent without waiting for one another.
 */
export const profiles = ['sequential', 'random', 'hot-spot', 'overwrite-in-flight'] as const;
export type Profile = (typeof profiles)[number];

export interface WorkloadPlan {
  readonly profile: Profile;
  /** 32 bits. */
  readonly seed: number;
  /** Sizes in bytes, multiples of the block size. */
  readonly volumes: readonly number[];
  readonly blockBytes: number;
  readonly operations: number;
  /** The longest write or unmap, in blocks. */
  readonly runBlocksMax: number;
  /** How many of 100 operations touch parts of blocks. */
  readonly partialPercent: number;
  /** How many of 100 operations unmap. */
  readonly unmapPercent: number;
}

/** What a plan leaves open. */
export const planDefaults = { runBlocksMax: 16, partialPercent: 20, unmapPercent: 2 } as const;

/** Offset and length are multiples of 512; an operation never passes the end of its volume. */
export interface Operation {
  readonly kind: 'write' | 'unmap';
  /** Number of the operation, from 1 on; the `write` of its stamps. */
  readonly number: number;
  readonly volume: number;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  /** Send it although an earlier operation on the same place is not answered yet. Otherwise wait for that one. */
  readonly inFlight: boolean;
}

/** The operations of a plan, one after the other. */
export function* workload(plan: WorkloadPlan): Generator<Operation, void, undefined> {
  const random = new Random(plan.seed);
  const cursors = plan.volumes.map(() => 0);
  let previous: Operation | undefined;
  for (let number = 1; number <= plan.operations; number += 1) {
    const burst = plan.profile === 'overwrite-in-flight' && previous !== undefined && random.chance(2, 3);
    const place = burst && previous ? previous : nextPlace(plan, random, cursors);
    const span = random.chance(plan.partialPercent, 100)
      ? inSectors(plan, random, place)
      : inBlocks(plan, random, place);
    cursors[place.volume] = span.offsetBytes + span.lengthBytes;
    const kind = random.chance(plan.unmapPercent, 100) ? 'unmap' : 'write';
    previous = { kind, number, volume: place.volume, ...span, inFlight: burst };
    yield previous;
  }
}

interface Place {
  readonly volume: number;
  readonly offsetBytes: number;
}
interface Span {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

function sizeOf(plan: WorkloadPlan, volume: number): number {
  const bytes = plan.volumes[volume];
  assert(bytes !== undefined && bytes >= plan.blockBytes, `volume ${volume} has a block`);
  return bytes;
}

function nextPlace(plan: WorkloadPlan, random: Random, cursors: readonly number[]): Place {
  const volume = random.below(plan.volumes.length);
  const blocks = sizeOf(plan, volume) / plan.blockBytes;
  const at = (block: number): Place => ({ volume, offsetBytes: block * plan.blockBytes });
  switch (plan.profile) {
    case 'sequential':
      return { volume, offsetBytes: (cursors[volume] ?? 0) % sizeOf(plan, volume) };
    case 'random':
    case 'overwrite-in-flight':
      return at(random.below(blocks));
    case 'hot-spot':
      return at(scattered(random.rank(blocks), blocks));
    default:
      return unreachable(plan.profile);
  }
}

/** Spreads neighbouring ranks over the volume: a prime stride, so that no two ranks meet (unless it divides the size). */
const scattered = (rank: number, blocks: number): number => (rank * 104_729) % blocks;

/** One to `runBlocksMax` blocks; short runs are as likely as long ones. From a place within a block: up to a boundary. */
function inBlocks(plan: WorkloadPlan, random: Random, { volume, offsetBytes }: Place): Span {
  const start = offsetBytes - (offsetBytes % plan.blockBytes);
  const from = plan.profile === 'sequential' ? offsetBytes : start;
  const end = start + random.between(1, plan.runBlocksMax) * plan.blockBytes;
  return { offsetBytes: from, lengthBytes: Math.min(end, sizeOf(plan, volume)) - from };
}

/** One sector up to two blocks, beginning at any sector of the block. */
function inSectors(plan: WorkloadPlan, random: Random, { volume, offsetBytes }: Place): Span {
  const sectors = plan.blockBytes / sectorBytes;
  const start = offsetBytes - (offsetBytes % plan.blockBytes);
  const from = plan.profile === 'sequential' ? offsetBytes : start + random.below(sectors) * sectorBytes;
  const lengthBytes = random.between(1, 2 * sectors) * sectorBytes;
  return { offsetBytes: from, lengthBytes: Math.min(lengthBytes, sizeOf(plan, volume) - from) };
}
