/** What may survive a power cut, as a plan can say it: a few classes, and which of all images they make. */
import type { DiskName } from '../../../protocol/device.js';
import type { FaultyDisk } from '../faulty-disk.js';
import type { Survival } from '../plan.js';
import type { DiskSet } from '../plan-bench.js';
import { fingerprintOf, siteCuts } from './site-cuts.js';

/** The first ones tell the most: nothing that was not durable is there, or all of it. */
export const survivals: readonly Survival[] = [
  { sectors: 'none', torn: 'no', seed: 0 },
  { sectors: 'all', torn: 'no', seed: 0 },
  ...[1, 2, 3, 4].map((seed) => ({ sectors: 'some', torn: 'no', seed }) as const),
  { sectors: 'none', torn: 'garbage', seed: 1 },
];
/** How many of them are run first. */
export const plainSurvivals = 2;

/** What each of `survivals` leaves of a site, as the bench of a plan cuts its power. */
export function fingerprintsAfter(disks: DiskSet): readonly string[] {
  return survivals.map((survival) => fingerprintAfter(disks, survival));
}

function fingerprintAfter(disks: DiskSet, survival: Survival): string {
  let { seed } = survival;
  const after = new Map<DiskName, FaultyDisk>();
  for (const [name, disk] of disks) {
    after.set(name, disk.afterPowerCut({ ...survival, seed }));
    seed += 1;
  }
  return fingerprintOf(after);
}

const drawsMax = 500;

/** A survival of a plan that leaves an image with this fingerprint, if a few draws find one. */
export function survivalLeaving(fingerprint: string, disks: DiskSet): Survival | undefined {
  for (let seed = 0; seed < drawsMax; seed += 1) {
    for (const sectors of ['none', 'all', 'some'] as const) {
      const survival: Survival = { sectors, torn: 'no', seed };
      if (fingerprintAfter(disks, survival) === fingerprint) return survival;
    }
  }
  return undefined;
}

/** How many different images a cut may leave, torn sectors of other garbage counted as one. */
export function imagesPossible(disks: DiskSet): number {
  const { cuts, possible } = siteCuts(disks);
  if (possible > cuts.length) return possible;
  return new Set(cuts.map(({ image }) => fingerprintOf(image()))).size;
}
