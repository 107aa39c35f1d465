/** What the hosts do, from a seed. */
import type { Random } from '../random.js';
import { questionsOf } from './expand-questions.js';
import type { Configuration, Operation, WriteOperation } from './plan.js';

const operationKinds = ['write', 'zero', 'chase', 'read', 'look', 'suspend', 'resync'] as const;

/** How much there is of the others is drawn below this. */
const weightMax = { zero: 7, read: 4, look: 4, suspend: 2, resync: 4 } as const;

/** Operations in order of time; `asks`: with questions all the while. */
export function operationsOf(random: Random, configuration: Configuration, asks = false): Operation[] {
  const context = {
    ...{ configuration, places: placesOf(random.fork('places'), configuration), takesOver: random.below(4) === 0 },
    ...{ aborts: abortsOf(random.fork('aborts')), watches: random.fork('watches') },
    weights: operationKinds.map((kind) => (kind === 'write' || kind === 'chase' ? 6 : random.below(weightMax[kind]))),
  };
  const operations = random.below(3) === 0 ? anyOrder(random, context) : inRounds(random, context);
  operations.push(...questionsOf(random.fork('questions'), { configuration, asks }, operations));
  return operations.sort((a, b) => a.atUs - b.atUs);
}

/** Anything at any time. */
function anyOrder(random: Random, context: OperationContext): Operation[] {
  const count = 4 + random.below(36);
  const gapUs = pick(random, [200, 3000, 30_000, 200_000]);
  const operations: Operation[] = [];
  let atUs = 0;
  for (let index = 0; index < count; index += 1) {
    atUs += random.below(gapUs);
    if (context.takesOver && index > count / 2 && random.below(6) === 0)
      operations.push(...takeover(random, atUs, context));
    else
      operations.push(operationOf(random, random.below(5) === 0 ? 'freeze' : anyKind(random, context), atUs, context));
  }
  return operations;
}

/** Some work, a freeze, more work while its image is on its way, and perhaps some rest: what a day looks like. */
function inRounds(random: Random, context: OperationContext): Operation[] {
  const operations: Operation[] = [];
  const rounds = 2 + random.below(6);
  let atUs = 0;
  for (let round = 0; round < rounds; round += 1) {
    const beforeGapUs = pick(random, [50, 500, 2000, 20_000]);
    const before = Array.from({ length: random.below(3) === 0 ? 0 : random.below(10) }, () => {
      atUs += random.below(beforeGapUs);
      return operationOf(random, pick(random, ['write', 'write', 'chase', 'zero']), atUs, context);
    });
    const imageUs = imageUsOf(context.configuration, round === 0 ? undefined : before);
    const after = 1 + random.below(8);
    const gapUs = 1 + Math.floor((imageUs * pick(random, [1, 1, 2, 4])) / after);
    atUs += random.below(3000);
    operations.push(...before, freeze(random, atUs));
    for (let index = 0; index < after; index += 1) {
      atUs += random.below(gapUs);
      operations.push(operationOf(random, anyKind(random, context), atUs, context));
    }
    if (context.takesOver && round > 0 && random.below(3) === 0) operations.push(...takeover(random, atUs, context));
    if (random.below(2) === 0) {
      operations.push(...hurry(random, atUs, context));
      atUs = operations.at(-1)?.atUs ?? atUs;
    }
    atUs += pick(random, [0, 0, imageUs, 5 * imageUs]);
  }
  return operations;
}

/** Freeze upon freeze, with hardly any work between them: what one generation left to do meets the next. */
function hurry(random: Random, fromUs: number, context: OperationContext): Operation[] {
  let atUs = fromUs;
  return Array.from({ length: 1 + random.below(4) }, (): Operation[] => {
    const gapUs = pick(random, [100, 3000, 30_000]);
    const work = Array.from({ length: random.below(4) }, () => {
      atUs += random.below(gapUs);
      return operationOf(random, pick(random, ['write', 'chase']), atUs, context);
    });
    atUs += random.below(gapUs);
    return [...work, { kind: 'freeze', atUs, follows: true }];
  }).flat();
}

function freeze(random: Random, atUs: number): Operation {
  return { kind: 'freeze', atUs, ...(random.below(2) === 0 ? { follows: true as const } : {}) };
}

/** How many of its writes a host aborts: one in so many, if any. */
function abortsOf(random: Random): Aborts {
  return { random, oneOf: pick(random, [0, 0, 0, 0, 2, 4]) };
}

/** Some time after a write was submitted, while it is on its way, at the disks, or waits for something. */
function abortOf({ random, oneOf }: Aborts): { readonly abortUs?: number } {
  if (oneOf === 0 || random.below(oneOf) > 0) return {};
  return { abortUs: pick(random, [0, 300, 3000, 10_000, 30_000, 200_000]) };
}

interface Aborts {
  readonly random: Random;
  readonly oneOf: number;
}

function takeover(random: Random, atUs: number, { watches }: OperationContext): Operation[] {
  const failback = { kind: 'failback' as const, atUs: atUs + random.below(2_000_000), discard: random.below(4) !== 0 };
  // While an image is being structured, more often than not.
  const waits = watches.below(3) === 0 ? {} : { committedUs: pick(watches, [0, 0, 500, 5000]) };
  const chases = watches.below(3) === 0 ? {} : { chases: 1 + watches.below(8) };
  return [
    { kind: 'takeover', atUs, force: random.below(3) !== 0, ...waits, ...chases },
    ...(random.below(2) === 0 ? [failback] : []),
  ];
}

/** About how long an image of these writes is on its way; of all there is, unless they are told. */
function imageUsOf(configuration: Configuration, writes?: readonly Operation[]): number {
  const { volumeSectors, blockBytes, remoteLine, disks } = configuration;
  const all = volumeSectors.reduce((sum, sectors) => sum + sectors, 0);
  const written = writes?.reduce((sum, each) => sum + ('sectors' in each ? (each.sectors ?? 0) : 0), 0) ?? all;
  const bytes = 512 * Math.min(all, written) + blockBytes;
  const lineUs = remoteLine.baud === 0 ? 0 : Math.ceil((bytes * 10_000_000) / remoteLine.baud);
  const commandUs = disks.accessUs + disks.flushUs + (disks.slow?.us ?? 0);
  return Math.min(20_000_000, Math.max(lineUs, 8 * commandUs) + 10 * remoteLine.latencyUs + 500);
}

type Place = Pick<WriteOperation, 'volume' | 'lba' | 'sectors'>;

/** Where the host writes: half of the runs come back to a few places again and again. */
function placesOf(random: Random, configuration: Configuration): readonly Place[] {
  return random.below(2) === 0 ? [] : Array.from({ length: 1 + random.below(4) }, () => placeOf(random, configuration));
}

/** Whole blocks, parts of one, and runs over several. */
function placeOf(random: Random, { volumeSectors, blockBytes }: Configuration): Place {
  const volume = random.below(volumeSectors.length);
  const sectors = volumeSectors[volume] ?? 1;
  const block = blockBytes / 512;
  const lba = random.below(2) === 0 ? random.below(Math.ceil(sectors / block)) * block : random.below(sectors);
  const length = pick(random, [1, block, block, 1 + random.below(4 * block), 1 + random.below(sectors)]);
  return { volume, lba, sectors: length };
}

function anyKind(random: Random, { weights }: OperationContext): (typeof operationKinds)[number] {
  let left = random.below(weights.reduce((sum, each) => sum + each, 0));
  for (const [index, weight] of weights.entries()) {
    if (left < weight) return operationKinds[index] ?? 'write';
    left -= weight;
  }
  return 'write';
}

interface OperationContext {
  readonly configuration: Configuration;
  readonly places: readonly Place[];
  readonly takesOver: boolean;
  readonly aborts: Aborts;
  /** Draws which takeovers wait for an image. */
  readonly watches: Random;
  readonly weights: readonly number[];
}

function operationOf(
  random: Random,
  kind: (typeof operationKinds)[number] | 'freeze',
  atUs: number,
  { configuration, places, takesOver, aborts }: OperationContext,
): Operation {
  switch (kind) {
    case 'write':
    case 'zero':
    case 'chase': {
      const known = random.below(4) > 0 && places.length > 0 ? pick(random, places) : undefined;
      const place = known ?? placeOf(random, configuration);
      const stays = takesOver && random.below(4) === 0 ? ({ stays: true } as const) : {};
      const once = random.below(4) === 0 ? ({ once: true } as const) : {};
      const write = { kind, atUs, ...place, ...stays, ...once, ...abortOf(aborts) };
      if (kind !== 'chase' || random.below(2) === 0) return write;
      return { ...write, kind, stagedUs: pick(random, [0, 0, 1, 50, 500, 5000]) };
    }
    case 'read':
    case 'look':
      return { kind, atUs, volume: random.below(configuration.volumeSectors.length) };
    case 'freeze':
      return freeze(random, atUs);
    default:
      return { kind, atUs };
  }
}

function pick<T>(random: Random, values: readonly T[]): T {
  return values[random.below(values.length)] as T;
}
