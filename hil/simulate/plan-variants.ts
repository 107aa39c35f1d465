/**
 * Plans as large as a given one in which something happens a little earlier or later: where an operation is gone, what
 * was found may need another moment.
 */
import type { Fault, Operation, Plan } from './plan.js';

/** With more faults there would be too many combinations. */
const shiftedFaultsMax = 3;
const gapsUs = [0, 1000, 10_000, 100_000, 1_000_000];

/** Faults up to two numbers earlier, in all combinations, and operations at other times, one by one. */
export function variantsOf(plan: Plan): readonly Plan[] {
  return [
    ...shiftsOf(plan.faults).map((faults) => ({ ...plan, faults })),
    ...gapsOf(plan.operations).map((operations) => ({ ...plan, operations })),
  ];
}

function shiftsOf(faults: readonly Fault[]): Fault[][] {
  if (faults.length > shiftedFaultsMax) return [];
  let combinations: Fault[][] = [[]];
  for (const fault of faults) {
    combinations = combinations.flatMap((before) => [0, 1, 2].map((less) => [...before, earlier(fault, less)]));
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
  }
}

function gapsOf(operations: readonly Operation[]): Operation[][] {
  return operations.flatMap((operation, index) => {
    const beforeUs = operations[index - 1]?.atUs ?? 0;
    return gapsUs.map((gapUs) => {
      const laterUs = beforeUs + gapUs - operation.atUs;
      return operations.map((each, at) => (at < index ? each : { ...each, atUs: each.atUs + laterUs }));
    });
  });
}
