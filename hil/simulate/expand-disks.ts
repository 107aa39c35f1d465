/**
 * Disk faults from a seed. Each kind has a rate of its own, and each operation of each disk a stream of random numbers
 * of its own, so that one disk more doesn't move the faults of the others. Integers only: a seed means the same
 * everywhere.
 */
import { unreachable } from '../../protocol/ids.js';
import type { Random } from '../random.js';
import { Gap } from './gap.js';
import { passingErrorsApart } from './owed.js';
import {
  type DiskEffect,
  type DiskEffectKind,
  type DiskFaultPlan,
  type DiskOperation,
  diskOperations,
  type Site,
  type Survival,
} from './plan.js';

export interface DiskFaultOptions {
  /** Faults are drawn for so many first commands of each operation on each disk. */
  readonly commands: number;
  readonly disks: readonly (readonly [Site, string])[];
  readonly kinds: readonly DiskEffectKind[];
}

/** Commands from one fault to the next, on average: equal steps of a logarithmic scale, ten of them a factor of ten. */
const distances = [3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40, 50, 63, 79, 100, 126, 159, 200];

/** Where a kind can do something. */
const operationsOf: Readonly<Record<DiskEffectKind, readonly DiskOperation[]>> = {
  error: diskOperations,
  sticky: ['read', 'write'],
  corrupt: ['read', 'write'],
  lose: ['write', 'flush'],
  misdirect: ['read', 'write'],
  stale: ['read'],
  slow: diskOperations,
  reset: diskOperations,
};

/** Draws faults of these kinds: for each kind a rate between 1/200 and 1/3 per command, and addresses at that rate. */
export function diskFaults(random: Random, { commands, disks, kinds }: DiskFaultOptions): DiskFaultPlan[] {
  const faults: DiskFaultPlan[] = [];
  for (const kind of kinds) {
    const ofKind = random.fork(kind);
    const rate = 1 / pick(distances, ofKind);
    // Every second time errors that pass when the command is given again: nothing excuses a controller that fails for them.
    const passes = kind === 'error' && ofKind.fork('passes').below(2) === 0;
    const apart = passes ? passingErrorsApart : 0;
    for (const [site, disk] of disks) {
      for (const operation of operationsOf[kind]) {
        const draws = ofKind.fork(`${site} ${disk} ${operation}`);
        const gap = new Gap(rate, draws);
        for (let nth = 1 + gap.next(); nth <= commands; nth += 1 + apart + gap.next()) {
          const effect = passes ? passingErrorOf(draws) : effectOf(kind, draws);
          // A disk that fails once fails again when the command is repeated, more often than not.
          const times = kind === 'error' ? pick(passes ? [1, 2] : [1, 1, 2, 4], draws) : 1;
          for (let again = 0; again < times && nth + again <= commands; again += 1) {
            faults.push({ kind: 'disk', site, disk, operation, nth: nth + again, effect });
          }
        }
      }
    }
  }
  return faults;
}

/** What survives a power cut: more often some than all or nothing. */
export function survivalOf(random: Random): Survival {
  const sectors = pick(['none', 'all', 'some', 'some'] as const, random);
  const torn = pick(['no', 'prefix', 'suffix', 'garbage', 'parts'] as const, random);
  return { sectors, torn, seed: random.u32() };
}

const senses = ['medium', 'hardware', 'aborted', 'busy', 'taskSetFull', 'notReady'] as const;

function passingErrorOf(random: Random): DiskEffect {
  return { kind: 'error', sense: pick(['medium', 'hardware', 'aborted', 'busy', 'taskSetFull'] as const, random) };
}

function effectOf(kind: DiskEffectKind, random: Random): DiskEffect {
  switch (kind) {
    case 'error':
      return { kind, sense: pick(senses, random) };
    case 'corrupt':
      // Half of them a single bit.
      return {
        kind,
        at: random.below(65536),
        xor: random.below(2) === 0 ? 1 << random.below(8) : 1 + random.below(255),
      };
    case 'misdirect':
      // Half of them a few blocks on, where a neighbour of the same kind is.
      return { kind, sectors: random.below(2) === 0 ? 8 * (1 + random.below(16)) : 1 + random.below(16384) };
    case 'slow':
      return { kind, us: scaled(random, { bitsMin: 8, bitsMax: 23 }) };
    case 'sticky':
    case 'lose':
    case 'stale':
    case 'reset':
      return { kind };
    default:
      return unreachable(kind);
  }
}

/** A number of `bitsMin` … `bitsMax` significant bits after the first, each length equally likely. */
function scaled(random: Random, { bitsMin, bitsMax }: { bitsMin: number; bitsMax: number }): number {
  const power = 2 ** (bitsMin + random.below(bitsMax - bitsMin));
  return power + random.below(power);
}

function pick<T>(from: readonly T[], random: Random): T {
  return from[random.below(from.length)] as T;
}
