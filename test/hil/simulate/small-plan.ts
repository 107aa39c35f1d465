/** A plan of one volume of eight sectors with these operations and faults, everything else as plain as it can be. */
import type { Fault, Operation, Plan } from '../../../hil/simulate/plan.js';

export function smallPlan(operations: readonly Operation[], faults: readonly Fault[] = []): Plan {
  return {
    version: 1,
    seed: 0,
    configuration: {
      method: 'differential',
      blockBytes: 512,
      volumeSectors: [8],
      shadowBlocks: 8,
      stagingBlocks: 16,
      sealed: false,
      hostLine: { baud: 0, latencyUs: 0 },
      remoteLine: { baud: 0, latencyUs: 0 },
      disks: { accessUs: 0, flushUs: 0, late: false },
      journalGrowthBytes: 1_000_000,
      hostStallUs: 10_000_000,
      framePayloadMax: 4096,
    },
    operations: [...operations],
    faults: [...faults],
  };
}

/** A write of one sector. */
export function writeAt(atUs: number, lba: number): Operation {
  return { kind: 'write', atUs, volume: 0, lba, sectors: 1 };
}
