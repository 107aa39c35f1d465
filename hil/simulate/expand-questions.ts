/** What hosts ask while they work, from a seed: each soon after something else has happened, where it may matter. */
import type { Random } from '../random.js';
import { type Configuration, type Operation, type Site, sites } from './plan.js';

const kinds = ['read', 'look', 'verify', 'digests', 'wait', 'freezeAgain'] as const;
const questionsMax = 10;
/** Of hosts that ask all the while. */
const askedMax = 40;
/** Sectors of a VERIFY: a disk that takes 100 ms for each transfer gets through them long before anybody counts it as stuck. */
const verifiedMax = 2 ** 19;

/** In half of the runs some of these kinds, asked again and again; `asks`: all the while. */
export function questionsOf(
  random: Random,
  { configuration, asks }: { readonly configuration: Configuration; readonly asks: boolean },
  operations: readonly Operation[],
): readonly Operation[] {
  if (operations.length === 0 || (random.below(2) === 0 && !asks)) return [];
  const asked = kinds.filter(() => random.below(2) === 0);
  if (asked.length === 0) return [];
  const freezes = operations.filter(({ kind }) => kind === 'freeze');
  const frozen = freezes.length === 0 ? operations : freezes;
  return Array.from({ length: 1 + random.below(asks ? askedMax : questionsMax) }, () => {
    const { atUs } = pick(random, asks && random.below(2) === 0 ? frozen : operations);
    return questionOf(random, pick(random, asked), { configuration, atUs: atUs + random.below(pick(random, soonUs)) });
  });
}

const soonUs = [1, 500, 5000, 50_000, 500_000];

function questionOf(
  random: Random,
  kind: (typeof kinds)[number],
  { configuration, atUs }: { readonly configuration: Configuration; readonly atUs: number },
): Operation {
  const { volumeSectors, untouchedSectors = 0 } = configuration;
  const volume = random.below(volumeSectors.length);
  const site: Site = pick(random, sites);
  switch (kind) {
    case 'read':
    case 'look': {
      const sectors = volumeSectors[volume] ?? 1;
      const part = { lba: random.below(sectors), sectors: 1 + random.below(sectors) };
      return { kind, atUs, volume, ...(random.below(2) === 0 ? part : {}) };
    }
    case 'verify': {
      const sectors = (volumeSectors[volume] ?? 1) + untouchedSectors;
      const lba = random.below(2) === 0 ? 0 : random.below(sectors);
      return { kind, atUs, volume, lba, sectors: 1 + random.below(Math.min(verifiedMax, sectors)) };
    }
    case 'freezeAgain':
      return { kind, atUs, ago: 1 + random.below(4) };
    case 'digests':
      return { kind, atUs, site, volume, partBlocks: 1 + random.below(8) };
    case 'wait': {
      const target = random.below(2) === 0 ? 'committed' : 'structured';
      return { kind, atUs, site, target, ...(random.below(3) === 0 ? { ahead: 1 + random.below(2) } : {}) };
    }
  }
}

function pick<T>(random: Random, values: readonly T[]): T {
  return values[random.below(values.length)] as T;
}
