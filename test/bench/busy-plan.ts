/** A plan without faults in which a host keeps a pair busy: small writes all over a volume, and freezes among them. */
import type { Operation, Plan } from '../../hil/simulate/plan.js';
import type { Method } from '../../protocol/ids.js';

const volumeSectors = 256;
const writeEveryUs = 50;
/** Writes from one freeze to the next. */
const writesPerGeneration = 99;

/** Lines and disks take no time: what there is to do is what takes the processor's. */
export function busyPlan(method: Method, operationCount: number): Plan {
  const line = { baud: 0, latencyUs: 0 };
  return {
    version: 1,
    seed: 1,
    configuration: {
      ...{ method, blockBytes: 512, volumeSectors: [volumeSectors], sealed: false, framePayloadMax: 4096 },
      ...{ shadowBlocks: volumeSectors, stagingBlocks: 2 * volumeSectors, hostLine: line, remoteLine: line },
      ...{ disks: { accessUs: 0, flushUs: 0, late: false }, journalGrowthBytes: 1_000_000, hostStallUs: 10_000_000 },
    },
    operations: Array.from({ length: operationCount }, (_, index) => operationAt(index)),
    faults: [],
  };
}

function operationAt(index: number): Operation {
  const atUs = 100_000 + index * writeEveryUs;
  if (index % (writesPerGeneration + 1) === writesPerGeneration) return { kind: 'freeze', atUs };
  // A prime step visits all sectors, far from one another.
  return { kind: 'write', atUs, volume: 0, lba: (index * 101) % volumeSectors, sectors: 1 };
}
