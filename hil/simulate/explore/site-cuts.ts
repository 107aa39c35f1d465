/**
 * Everything that a power cut may leave of the disks of a site: every subset of the sectors that are not durable, which
 * holds every way in which a write can be torn, and for each sector that is being written garbage in its place.
 */
import type { DiskName } from '../../../protocol/device.js';
import { Random } from '../../random.js';
import type { FaultyDisk } from '../faulty-disk.js';
import type { DiskSet } from '../plan-bench.js';

/** All subsets of so many sectors are taken; of more, a sample. */
export const riskSectorsMax = 8;
const sampledSubsets = 2 ** riskSectorsMax;

export interface SiteCut {
  /** Which of the sectors at risk are there: 0 and 1 by site order of disks; g for garbage. */
  readonly name: string;
  /** The disks after it; the ones that were cut go on untouched. */
  image(): Map<DiskName, FaultyDisk>;
}

export interface SiteCuts {
  readonly cuts: readonly SiteCut[];
  /** How many there would be without a sample. */
  readonly possible: number;
}

interface Risk {
  readonly disk: DiskName;
  /** Index on its disk. */
  readonly index: number;
  readonly hasData: boolean;
}

export function siteCuts(disks: DiskSet): SiteCuts {
  const risks = risksOf(disks);
  const subsets = risks.length <= riskSectorsMax ? allSubsets(risks.length) : someSubsets(risks.length);
  const cuts = subsets.map((kept) => cutOf(disks, risks, kept));
  for (const [garbage, { hasData }] of risks.entries()) {
    // The sector itself counts as there either way.
    if (hasData) for (const kept of subsets) if (kept[garbage] === 0) cuts.push(cutOf(disks, risks, kept, garbage));
  }
  const withData = risks.filter(({ hasData }) => hasData).length;
  const possible = 2 ** risks.length + withData * 2 ** Math.max(0, risks.length - 1);
  return { cuts, possible };
}

function risksOf(disks: DiskSet): Risk[] {
  return [...disks].flatMap(([disk, { riskSectors }]) =>
    riskSectors.map(({ extent }, index) => ({ disk, index, hasData: extent.data !== undefined })),
  );
}

function allSubsets(count: number): Uint8Array[] {
  return Array.from({ length: 2 ** count }, (_, bits) =>
    Uint8Array.from({ length: count }, (__, at) => (bits >> at) & 1),
  );
}

/** None, all, each alone, all but each, and others by a draw that is the same everywhere. */
function someSubsets(count: number): Uint8Array[] {
  const random = new Random(`subsets of ${count}`);
  const subsets = [new Uint8Array(count), new Uint8Array(count).fill(1)];
  for (let one = 0; one < count; one += 1) {
    subsets.push(Uint8Array.from({ length: count }, (_, at) => (at === one ? 1 : 0)));
    subsets.push(Uint8Array.from({ length: count }, (_, at) => (at === one ? 0 : 1)));
  }
  while (subsets.length < sampledSubsets) subsets.push(Uint8Array.from({ length: count }, () => random.below(2)));
  return subsets;
}

function cutOf(disks: DiskSet, risks: readonly Risk[], kept: Uint8Array, garbage?: number): SiteCut {
  const name = Array.from(kept, (each, at) => (at === garbage ? 'g' : each)).join('') || 'nothing at risk';
  const spoilt = garbage === undefined ? undefined : risks[garbage];
  const image = () => {
    const after = new Map<DiskName, FaultyDisk>();
    let first = 0;
    for (const [disk, each] of disks) {
      const from = first;
      first += each.riskSectors.length;
      const keep = (index: number) => kept[from + index] === 1;
      const isSpoilt = spoilt?.disk === disk;
      after.set(disk, each.afterCut(isSpoilt ? { keep, garbage: { riskIndex: spoilt.index, seed: 1 } } : { keep }));
    }
    return after;
  };
  return { name, image };
}

/** Equal for sites whose disks hold the same and have the same at risk. */
export function fingerprintOf(disks: DiskSet): string {
  let text = '';
  for (const each of disks.values()) text += each.fingerprint();
  return text;
}
