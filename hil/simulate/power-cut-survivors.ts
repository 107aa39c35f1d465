/**
 * What is on the medium after a power cut of that which was not durable: any subset of the sectors, in the newest of
 * the versions that are there; and sometimes other bytes in a sector that was being written.
 */
import { clip, type Extent, ExtentMap } from '../../firmware-sim/disk/extent-map.js';
import { sectorBytes } from '../../protocol/ids.js';
import { Random } from '../random.js';
import type { Survival } from './plan.js';
import type { UnflushedWrite } from './unflushed-writes.js';

/** The smallest part of an unflushed write that is there or not. */
export interface RiskSector {
  readonly lba: number;
  /** 1; more only in long runs of zeros (UNMAP), which are at most `zeroPartsMax` parts. */
  readonly sectors: number;
  /** Index of its write among those at risk; a later one is the newer version. */
  readonly write: number;
  /** The extent of the write that it is a part of. */
  readonly extent: Extent;
}

/** Which parts at risk are there. */
export interface Cut {
  keep(riskIndex: number): boolean;
  /** The first sector of this part becomes pseudo-random bytes, as if it were there. */
  readonly garbage?: { readonly riskIndex: number; readonly seed: number };
}

const zeroPartsMax = 64;

/** Everything that is at risk, write by write, each in ascending order. */
export function riskSectorsOf(writes: readonly UnflushedWrite[]): readonly RiskSector[] {
  const risks: RiskSector[] = [];
  for (const [write, { extents }] of writes.entries()) {
    for (const extent of extents) {
      const step = extent.data === undefined ? Math.ceil(extent.sectors / zeroPartsMax) : 1;
      for (let at = 0; at < extent.sectors; at += step) {
        risks.push({ lba: extent.first + at, sectors: Math.min(step, extent.sectors - at), write, extent });
      }
    }
  }
  return risks;
}

/** What is there after the cut: extents that don't overlap, in ascending order. */
export function survivorsOf(risks: readonly RiskSector[], cut: Cut): readonly Extent[] {
  const map = new ExtentMap();
  for (let index = 0; index < risks.length; index += 1) {
    const risk = risks[index];
    if (risk === undefined) break;
    if (cut.keep(index)) {
      // Neighbours of one extent go as one.
      const end = lastOfRun(risks, index, cut);
      const last = risks[end] ?? risk;
      map.set(clip(risk.extent, risk.lba, last.lba + last.sectors));
      placeGarbage(map, risks, cut, { from: index, to: end });
      index = end;
    } else placeGarbage(map, risks, cut, { from: index, to: index });
  }
  return map.extents;
}

function lastOfRun(risks: readonly RiskSector[], from: number, cut: Cut): number {
  const extent = risks[from]?.extent;
  let last = from;
  while (risks[last + 1]?.extent === extent && cut.keep(last + 1)) last += 1;
  return last;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

function placeGarbage(map: ExtentMap, risks: readonly RiskSector[], { garbage }: Cut, { from, to }: Range): void {
  if (garbage === undefined || garbage.riskIndex < from || garbage.riskIndex > to) return;
  const risk = risks[garbage.riskIndex];
  if (risk === undefined) return;
  const data = new Random(`garbage ${garbage.seed}`).fill(new Uint8Array(sectorBytes));
  map.set({ first: risk.lba, sectors: 1, data });
}

/** The cut that a plan asks for. */
export function cutOf(survival: Survival, writes: readonly UnflushedWrite[], risks: readonly RiskSector[]): Cut {
  const random = new Random(survival.seed);
  const kept = keptOf(survival.sectors, risks.length, random);
  const keep = (index: number) => kept[index] === 1;
  const torn = survival.torn === 'no' ? undefined : tornOf(survival.torn, writes, risks, random);
  if (torn === undefined || survival.torn === 'no') return { keep };
  if (survival.torn === 'garbage') return { keep, garbage: garbageOf(torn, risks, random) };
  tear(survival.torn, kept.subarray(torn.from, torn.to + 1), random);
  return { keep };
}

/** Sixteenths of the sectors that are there, when it is some: cuts that miss or keep just one matter too. */
const sixteenths = [1, 2, 4, 8, 12, 14, 15];

function keptOf(sectors: Survival['sectors'], count: number, random: Random): Uint8Array {
  const kept = new Uint8Array(count);
  if (sectors === 'all') kept.fill(1);
  if (sectors !== 'some') return kept;
  const limit = sixteenths[random.below(sixteenths.length)] ?? 8;
  for (let index = 0; index < count; index += 1) if (random.u32() >>> 28 < limit) kept[index] = 1;
  return kept;
}

/**
 * The write that is torn, as its range of risks: one of those under way, or, when none of them can be torn so, one of
 * those cached, which the disk may have been about to put on its medium. Undefined: nothing can be torn so.
 */
function tornOf(
  torn: Exclude<Survival['torn'], 'no'>,
  writes: readonly UnflushedWrite[],
  risks: readonly RiskSector[],
  random: Random,
): Range | undefined {
  const underWay: Range[] = [];
  const cached: Range[] = [];
  for (let from = 0, to = 0; from < risks.length; from = to + 1) {
    const write = risks[from]?.write ?? 0;
    to = from;
    while (risks[to + 1]?.write === write) to += 1;
    const can = torn === 'garbage' ? risks.slice(from, to + 1).some(isData) : to > from;
    if (can) (writes[write]?.endedAt === undefined ? underWay : cached).push({ from, to });
  }
  const candidates = underWay.length > 0 ? underWay : cached;
  return candidates.length === 0 ? undefined : candidates[random.below(candidates.length)];
}

function isData({ extent }: RiskSector): boolean {
  return extent.data !== undefined;
}

function garbageOf({ from, to }: Range, risks: readonly RiskSector[], random: Random) {
  const candidates: number[] = [];
  for (let index = from; index <= to; index += 1) {
    const risk = risks[index];
    if (risk !== undefined && isData(risk)) candidates.push(index);
  }
  return { riskIndex: candidates[random.below(candidates.length)] ?? from, seed: random.u32() };
}

/** Some of the write is there and some isn't, whatever was drawn for its sectors before. */
function tear(torn: 'prefix' | 'suffix' | 'parts', kept: Uint8Array, random: Random): void {
  if (torn === 'parts') {
    for (let index = 0; index < kept.length; index += 1) kept[index] = random.u32() >>> 31;
    const there = random.below(kept.length);
    kept[there] = 1;
    kept[(there + 1 + random.below(kept.length - 1)) % kept.length] = 0;
    return;
  }
  const border = 1 + random.below(kept.length - 1);
  kept.fill(torn === 'prefix' ? 1 : 0, 0, border);
  kept.fill(torn === 'prefix' ? 0 : 1, border);
}
