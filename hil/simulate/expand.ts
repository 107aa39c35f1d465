/**
 * From a seed to a plan. Swarm: each class of fault, and each kind of operation, is on or off for a whole run, so that
 * some runs are full of one thing that others never see.
 */
import type { Method } from '../../protocol/ids.js';
import { Random } from '../random.js';
import { diskFaults, survivalOf } from './expand-disks.js';
import { lineFaults } from './expand-lines.js';
import type {
  Configuration,
  Direction,
  DiskEffectKind,
  Fault,
  LineEffectKind,
  LineName,
  Operation,
  Plan,
  Site,
} from './plan.js';

const methods: readonly Method[] = ['copy', 'differential', 'streaming'];

/** Classes of faults that can be switched off, by name. */
export const faultClasses = [
  'flip',
  'burst',
  'dropBytes',
  'duplicateBytes',
  'insertBytes',
  'dropFrame',
  'duplicateFrame',
  'delimiter',
  'length',
  'checksum',
  'forge',
  'stale line',
  'stall',
  'overrun',
  'disconnect',
  'error',
  'sticky',
  'corrupt',
  'lose',
  'misdirect',
  'stale disk',
  'slow',
  'reset',
  'power',
  'older disks',
  'pause',
] as const;
export type FaultClass = (typeof faultClasses)[number];

const lineKinds: readonly (readonly [LineEffectKind, FaultClass])[] = [
  ['flip', 'flip'],
  ['burst', 'burst'],
  ['dropBytes', 'dropBytes'],
  ['duplicateBytes', 'duplicateBytes'],
  ['insertBytes', 'insertBytes'],
  ['dropFrame', 'dropFrame'],
  ['duplicateFrame', 'duplicateFrame'],
  ['delimiter', 'delimiter'],
  ['length', 'length'],
  ['checksum', 'checksum'],
  ['forge', 'forge'],
  ['stale', 'stale line'],
  ['stall', 'stall'],
  ['overrun', 'overrun'],
  ['disconnect', 'disconnect'],
];

/** Faults of a disk that says what is wrong. */
const honestKinds: readonly (readonly [DiskEffectKind, FaultClass])[] = [
  ['error', 'error'],
  ['sticky', 'sticky'],
  ['slow', 'slow'],
  ['reset', 'reset'],
];
/** Faults of one that says GOOD. */
const lyingKinds: readonly (readonly [DiskEffectKind, FaultClass])[] = [
  ['corrupt', 'corrupt'],
  ['lose', 'lose'],
  ['misdirect', 'misdirect'],
  ['stale', 'stale disk'],
];

export interface ExpandOptions {
  /** Whether a class of faults may be on; all, unless told otherwise. */
  readonly allows?: (kind: FaultClass) => boolean;
}

export function expandPlan(seed: number, { allows = () => true }: ExpandOptions = {}): Plan {
  const random = new Random(`plan ${seed}`);
  const configuration = configurationOf(random.fork('configuration'));
  const operations = operationsOf(random.fork('operations'), configuration);
  const swarm = random.fork('swarm');
  // A third of all classes are on; every eighth run has none, to see what the work alone does.
  const none = swarm.below(8) === 0;
  const on = new Set(faultClasses.filter((kind) => swarm.below(3) === 0 && !none && allows(kind)));
  const faults = faultsOf(random.fork('faults'), configuration, operations, on);
  return { version: 1, seed, configuration, operations, faults };
}

function pick<T>(random: Random, values: readonly T[]): T {
  return values[random.below(values.length)] as T;
}

function configurationOf(random: Random): Configuration {
  const method = pick(random, methods);
  const blockBytes = pick(random, [512, 512, 1024, 2048, 4096]);
  const sectorsPerBlock = blockBytes / 512;
  const volumes = pick(random, [1, 1, 1, 2, 2, 3]);
  const volumeSectors = Array.from({ length: volumes }, () => {
    const blocks = 2 + random.below(18);
    // Some volumes end in the middle of a block.
    return blocks * sectorsPerBlock - (random.below(3) === 0 ? random.below(sectorsPerBlock) : 0);
  });
  const blocks = Math.max(...volumeSectors.map((sectors) => Math.ceil(sectors / sectorsPerBlock)));
  return {
    ...{ method, blockBytes, volumeSectors },
    // Copy needs a shadow area as large as the volume; the others live with less.
    shadowBlocks: method === 'copy' || random.below(2) === 0 ? blocks : 1 + random.below(blocks),
    // Structuring frees slots as it goes; a full image and its overlay fit twice the volume.
    stagingBlocks: random.below(4) === 0 ? blocks : 2 * blocks,
    sealed: random.below(4) === 0,
    hostLine: { baud: pick(random, [0, 0, 921_600, 3_000_000]), latencyUs: pick(random, [0, 100, 3000]) },
    remoteLine: {
      baud: pick(random, [0, 57_600, 115_200, 921_600, 3_000_000]),
      latencyUs: pick(random, [0, 200, 5000]),
    },
    disks: {
      accessUs: pick(random, [0, 20, 200, 5000]),
      flushUs: pick(random, [0, 300, 3000, 20_000]),
      late: random.below(2) === 0,
    },
    journalGrowthBytes: pick(random, [300, 2000, 8000, 1_000_000]),
    hostStallUs: pick(random, [500_000, 10_000_000]),
    framePayloadMax: pick(random, [256, 1024, 4096]),
  };
}

const operationKinds = ['write', 'zero', 'chase', 'read', 'look', 'freeze', 'suspend', 'resync'] as const;

function operationsOf(random: Random, { volumeSectors, blockBytes }: Configuration): Operation[] {
  const count = 4 + random.below(36);
  const takesOver = random.below(6) === 0;
  const weights = operationKinds.map((kind) => (kind === 'write' || kind === 'freeze' ? 4 : random.below(3)));
  const paceUs = pick(random, [200, 3000, 30_000, 200_000]);
  const operations: Operation[] = [];
  let atUs = 0;
  for (let index = 0; index < count; index += 1) {
    atUs += random.below(paceUs);
    const kind = takesOver && index > count / 2 && random.below(6) === 0 ? 'takeover' : weighted(random, weights);
    operations.push(operationOf(random, kind, atUs, { volumeSectors, blockBytes }));
    if (kind === 'takeover' && random.below(2) === 0) {
      operations.push({ kind: 'failback', atUs: atUs + random.below(2_000_000), discard: random.below(4) !== 0 });
    }
  }
  return operations.sort((a, b) => a.atUs - b.atUs);
}

function weighted(random: Random, weights: readonly number[]): (typeof operationKinds)[number] {
  let left = random.below(weights.reduce((sum, each) => sum + each, 0));
  for (const [index, weight] of weights.entries()) {
    if (left < weight) return operationKinds[index] ?? 'write';
    left -= weight;
  }
  return 'write';
}

function operationOf(
  random: Random,
  kind: (typeof operationKinds)[number] | 'takeover',
  atUs: number,
  { volumeSectors, blockBytes }: Pick<Configuration, 'volumeSectors' | 'blockBytes'>,
): Operation {
  const volume = random.below(volumeSectors.length);
  const sectors = volumeSectors[volume] ?? 1;
  const block = blockBytes / 512;
  switch (kind) {
    case 'write':
    case 'zero':
    case 'chase': {
      // Whole blocks, parts of one, and runs over several.
      const lba = random.below(2) === 0 ? random.below(Math.ceil(sectors / block)) * block : random.below(sectors);
      const length = pick(random, [1, block, block, 1 + random.below(4 * block), 1 + random.below(sectors)]);
      return { kind, atUs, volume, lba, sectors: length };
    }
    case 'read':
    case 'look':
      return { kind, atUs, volume };
    case 'takeover':
      return { kind, atUs, force: random.below(3) !== 0 };
    default:
      return { kind, atUs };
  }
}

/** Frames and commands that the faults of a plan are spread over: about as many as a run has. */
const framesMax = 400;
const commandsMax = 60;
const effectsMax = { main: 400, sub: 150 };

function faultsOf(
  random: Random,
  { volumeSectors }: Configuration,
  operations: readonly Operation[],
  on: ReadonlySet<FaultClass>,
): Fault[] {
  const kindsOn = <Kind>(kinds: readonly (readonly [Kind, FaultClass])[]) =>
    kinds.filter(([, name]) => on.has(name)).map(([kind]) => kind);
  const lines: (readonly [LineName, Direction])[] = [
    ['remote', 'there'],
    ['remote', 'back'],
    ['host', 'there'],
    ['host', 'back'],
  ];
  if (operations.some(({ kind }) => kind === 'takeover' || kind === 'look'))
    lines.push(['subHost', 'there'], ['subHost', 'back']);
  const volumes = [...volumeSectors.keys()];
  const replicas: (readonly [Site, string])[] = volumes.flatMap((volume) => [
    ['main', `shadow${volume}`] as const,
    ['sub', `staging${volume}`] as const,
    ['sub', `secondary${volume}`] as const,
  ]);
  const all: (readonly [Site, string])[] = [
    ...replicas,
    ...volumes.map((volume) => ['main', `primary${volume}`] as const),
    ['main', 'meta'],
    ['sub', 'meta'],
  ];
  // Records and primary areas have no second copy: a disk that lies about them is met in a run of its own, now and then.
  const lying = random.below(6) === 0 ? all : replicas;
  const some = (disks: typeof all) => disks.filter(() => random.below(2) === 0);
  return [
    ...lineFaults(random.fork('lines'), {
      frames: framesMax,
      lines: lines.filter(() => random.below(2) === 0),
      kinds: kindsOn(lineKinds),
    }),
    ...honestFaults(random, some(all), kindsOn(honestKinds)),
    ...diskFaults(random.fork('lying'), { commands: commandsMax, disks: some(lying), kinds: kindsOn(lyingKinds) }),
    ...(on.has('power') ? powerFaults(random.fork('power'), on.has('older disks')) : []),
    ...(on.has('pause') ? pauses(random.fork('pause')) : []),
  ];
}

/** Half of the runs have disks that are at worst busy: whoever blames them then is wrong. */
function honestFaults(
  random: Random,
  disks: readonly (readonly [Site, string])[],
  kinds: readonly DiskEffectKind[],
): Fault[] {
  const faults = diskFaults(random.fork('honest'), { commands: commandsMax, disks, kinds });
  const moods = random.fork('moods');
  if (moods.below(2) === 0) return faults;
  return faults.flatMap((fault): Fault[] => {
    if (fault.effect.kind === 'sticky') return [];
    if (fault.effect.kind !== 'error') return [fault];
    return [{ ...fault, effect: { kind: 'error', sense: pick(moods, ['busy', 'taskSetFull'] as const) } }];
  });
}

function powerFaults(random: Random, older: boolean): Fault[] {
  const count = 1 + random.below(random.below(4) === 0 ? 20 : 4);
  const faults: Fault[] = [];
  for (let index = 0; index < count; index += 1) {
    const comesBackOlder = older && random.below(4) === 0 ? { olderDisks: 1 + random.below(3) } : {};
    const who = pick(random, ['main', 'sub', 'both'] as const);
    faults.push({
      kind: 'power',
      who,
      afterEffects: 1 + random.below(effectsMax[who === 'sub' ? 'sub' : 'main']),
      offUs: pick(random, [1, 1000, 50_000, 1_000_000]),
      survival: survivalOf(random),
      ...comesBackOlder,
    });
  }
  return faults;
}

function pauses(random: Random): Fault[] {
  return Array.from({ length: 1 + random.below(4) }, () => {
    const who = pick(random, ['main', 'sub'] as const);
    const afterEffects = 1 + random.below(effectsMax[who]);
    return { kind: 'pause' as const, who, afterEffects, us: pick(random, [100, 5000, 300_000, 5_000_000]) };
  });
}
