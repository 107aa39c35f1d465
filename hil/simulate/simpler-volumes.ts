/** Plans with fewer volumes, the others keep what they have; and with addresses that lie within their volume. */
import type { Fault, Operation, Plan } from './plan.js';

/** For each volume a plan without it, and without all that is done on it or happens to its disks. */
export function plansWithoutVolume(plan: Plan): readonly Plan[] {
  const { volumeSectors } = plan.configuration;
  if (volumeSectors.length === 1) return [];
  return volumeSectors.map((_, gone) => ({
    ...plan,
    configuration: { ...plan.configuration, volumeSectors: volumeSectors.filter((_, volume) => volume !== gone) },
    operations: plan.operations.flatMap((each) => operationWithout(each, gone, volumeSectors.length)),
    faults: plan.faults.flatMap((each) => faultWithout(each, gone)),
  }));
}

/** The same plan: volumes, sectors and counts that wrap around, or end with the volume, are written as they count. */
export function withinVolumes(plan: Plan): Plan {
  const { volumeSectors } = plan.configuration;
  const operations = plan.operations.map((each): Operation => {
    if (!('volume' in each)) return each;
    const volume = each.volume % volumeSectors.length;
    const capacity = volumeSectors[volume] ?? 1;
    if (each.kind !== 'write' && each.kind !== 'zero') return { ...each, volume };
    const lba = each.lba % capacity;
    return { ...each, volume, lba, sectors: Math.min(each.sectors, capacity - lba) };
  });
  return { ...plan, operations };
}

function operationWithout(operation: Operation, gone: number, volumes: number): Operation[] {
  if (!('volume' in operation)) return [operation];
  const volume = operation.volume % volumes;
  if (volume === gone) return [];
  return [{ ...operation, volume: volume > gone ? volume - 1 : volume }];
}

function faultWithout(fault: Fault, gone: number): Fault[] {
  if (fault.kind !== 'disk' || fault.disk === 'meta') return [fault];
  const volume = Number(fault.disk.slice(-1));
  if (volume === gone) return [];
  return [{ ...fault, disk: volume > gone ? `${fault.disk.slice(0, -1)}${volume - 1}` : fault.disk }];
}
