/**
 * Plans as large as a given one in which something happens a little earlier or later: where an operation is gone, what
 * was found may need another moment.
 */
import type { Fault, Operation, Plan } from './plan.js';

/** How much earlier each fault may be, by the number of faults; with more there would be too many combinations. */
const earlierMax = [0, 8, 4, 2];
/** With more operations there would be too many times. */
const operationsMax = 9;
const gapsUs = [0, 1000, 10_000, 100_000, 1_000_000];

/** Faults some numbers earlier, in all combinations, and operations at other times, one by one. */
export function variantsOf(plan: Plan): readonly Plan[] {
  return [
    ...shiftsOf(plan.faults).map((faults) => ({ ...plan, faults })),
    ...gapsOf(plan.operations).map((operations) => ({ ...plan, operations })),
  ];
}

function shiftsOf(faults: readonly Fault[]): Fault[][] {
  const most = earlierMax[faults.length];
  if (most === undefined) return [];
  const shifts = Array.from({ length: most + 1 }, (_, less) => less);
  let combinations: Fault[][] = [[]];
  for (const fault of faults) {
    combinations = combinations.flatMap((before) => shifts.map((less) => [...before, earlier(fault, less)]));
  }
  return combinations.slice(1);
}

function earlier(fault: Fault, less: number): Fault {
  switch (fault.kind) {
    case 'line':
      return { ...fault, frame: Math.max(1, fault.frame - less) };
    case 'disk':
      return { ...fault, nth: Math.max(1, fault.nth - less) };
    case 'power':
    case 'pause':
      return { ...fault, afterEffects: Math.max(1, fault.afterEffects - less) };
    case 'host':
      return { ...fault, atUs: Math.max(0, fault.atUs - less) };
  }
}

function gapsOf(operations: readonly Operation[]): Operation[][] {
  if (operations.length > operationsMax) return [];
  return operations.flatMap((operation, index) => {
    const beforeUs = operations[index - 1]?.atUs ?? 0;
    return gapsUs.map((gapUs) => {
      const laterUs = beforeUs + gapUs - operation.atUs;
      return operations.map((each, at) => (at < index ? each : { ...each, atUs: each.atUs + laterUs }));
    });
  });
}
