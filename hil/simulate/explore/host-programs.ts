/**
 * Every host program of a few steps over three blocks in two volumes: writes and UNMAPs of one block, and freezes. Reads
 * are not among the steps: they change nothing, and what a read would give is checked after every one of them.
 */
import type { Operation } from '../plan.js';

/** w: write, u: UNMAP, of block 0, 1 or 2; f: freeze. */
export const programSteps = ['w0', 'w1', 'w2', 'u0', 'u1', 'u2', 'f'] as const;
export type ProgramStep = (typeof programSteps)[number];
export type HostProgram = readonly ProgramStep[];

/** Blocks of a sector each: two in volume 0, one in volume 1. */
export const programVolumeSectors: readonly number[] = [2, 1];
const blocks = [
  { volume: 0, lba: 0 },
  { volume: 0, lba: 1 },
  { volume: 1, lba: 0 },
] as const;

export const programStepsMax = 3;

/** All programs of 0 … `stepsMax` steps, shorter ones first. */
export function hostPrograms(stepsMax = programStepsMax): readonly HostProgram[] {
  let longest: readonly HostProgram[] = [[]];
  const all = [...longest];
  for (let steps = 1; steps <= stepsMax; steps += 1) {
    longest = longest.flatMap((program) => programSteps.map((step) => [...program, step]));
    all.push(...longest);
  }
  return all;
}

/**
 * Whether a program on volumes that are all zeros stands for itself: one that touches block 1 and not block 0 does what
 * the same program with block 0 does. Firmware compares the numbers of blocks of a volume with each other only, for
 * their order and for runs of neighbours, and there is only one that it ever hears of. On volumes that have been written
 * all blocks are known, and none stands for another. So do those that touch both: their order makes a difference.
 */
export function standsForItself(program: HostProgram): boolean {
  const touches = (block: string) => program.some((step) => step.endsWith(block));
  return !touches('1') || touches('0');
}

/** The operations of a program, the first at `fromUs`, each `gapUs` after the one before. */
export function operationsOf(
  program: HostProgram,
  { fromUs, gapUs }: { readonly fromUs: number; readonly gapUs: number },
): Operation[] {
  return program.map((step, index) => operationOf(step, fromUs + index * gapUs));
}

function operationOf(step: ProgramStep, atUs: number): Operation {
  if (step === 'f') return { kind: 'freeze', atUs };
  const place = blocks[Number(step[1]) as 0 | 1 | 2];
  return { kind: step.startsWith('w') ? 'write' : 'zero', atUs, ...place, sectors: 1 };
}
