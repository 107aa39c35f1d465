/**
 * From a seed to a plan. Swarm: each class of fault, and each kind of operation, is on or off for a whole run, so that
 * some runs are full of one thing that others never see.
 */
import type { Method } from '../../protocol/ids.js';
import { Random } from '../random.js';
import { diskFaults, survivalOf } from './expand-disks.js';
import { lineFaults } from './expand-lines.js';
import { operationsOf } from './expand-operations.js';
import { type FaultClass, faultClasses } from './fault-classes.js';
import type {
  Configuration,
  Direction,
  DiskEffectKind,
  Fault,
  LineEffectKind,
  LineName,
  Operation,
  Plan,
  PowerFault,
  Site,
} from './plan.js';

const methods: readonly Method[] = ['copy', 'differential', 'differential', 'streaming'];

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
  ['forgeData', 'forge data'],
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

/**
 * One class in so many is on: where many are, little else happens than coming back from them; where there are few, or
 * none, the work goes on into states that others never reach.
 */
const never = 1000;
const oneClassOf = [3, 3, 6, 12, 12, 25, never] as const;

export interface ExpandOptions {
  /** Whether a class of faults may be on; all, unless told otherwise. */
  readonly allows?: (kind: FaultClass) => boolean;
}

export function expandPlan(seed: number, { allows = () => true }: ExpandOptions = {}): Plan {
  const random = new Random(`plan ${seed}`);
  const configuration = configurationOf(random.fork('configuration'));
  const operations = operationsOf(random.fork('operations'), configuration);
  const swarm = random.fork('swarm');
  const oneOf = pick(swarm, oneClassOf);
  const on = new Set(faultClasses.filter((kind) => swarm.below(oneOf) === 0 && oneOf < never && allows(kind)));
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
    ...windowsOf(random.fork('windows')),
    ...(random.fork('held').below(2) === 0 ? { heldRuns: true } : {}),
    hostLine: { baud: pick(random, [0, 0, 921_600, 3_000_000]), latencyUs: pick(random, [0, 100, 3000]) },
    remoteLine: {
      baud: pick(random, [0, 57_600, 115_200, 921_600, 3_000_000]),
      latencyUs: pick(random, [0, 200, 5000]),
    },
    disks: {
      accessUs: pick(random, [0, 20, 200, 5000]),
      flushUs: pick(random, [0, 300, 3000, 20_000]),
      late: random.below(2) === 0,
      ...slowerDisk(random.fork('slow')),
    },
    ...(random.below(4) === 0 ? { secondaryUsed: true } : {}),
    journalGrowthBytes: pick(random, [300, 2000, 8000, 1_000_000]),
    hostStallUs: pick(random, [500_000, 10_000_000]),
    framePayloadMax: pick(random, [256, 1024, 4096]),
  };
}

/** Most pairs do not compress: it takes time, and the other runs are the more. */
function windowsOf(random: Random): Pick<Configuration, 'windows'> {
  if (random.below(6) !== 0) return {};
  const windowBits = () => pick(random, [0, 9, 10, 12, 15, 15]);
  return { windows: { main: windowBits(), sub: windowBits() } };
}

function slowerDisk(random: Random): Pick<Configuration['disks'], 'slow'> {
  if (random.below(3) === 0) return {};
  const disk = pick(random, ['meta', 'primary', 'primary', 'shadow', 'staging', 'secondary'] as const);
  return { slow: { disk, us: pick(random, [300, 3000, 30_000, 100_000]) } };
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
    ...honestFaults(random, some(all), kindsOn(honestKinds)).map((fault) =>
      on.has('restart') ? withRestart(random, fault) : fault,
    ),
    ...diskFaults(random.fork('lying'), { commands: commandsMax, disks: some(lying), kinds: kindsOn(lyingKinds) }),
    ...(on.has('power') || on.has('older disks') ? powerFaults(random.fork('power'), on.has('older disks')) : []),
    ...(on.has('restart') ? restarts(random.fork('restart')) : []),
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

/** Two things at once: a command that takes long, and a controller that restarts meanwhile. */
function withRestart(random: Random, fault: Fault): Fault {
  if (fault.kind !== 'disk' || fault.effect.kind !== 'slow' || random.below(2) === 0) return fault;
  return { ...fault, effect: { ...fault.effect, restarts: pick(random, ['main', 'sub'] as const) } };
}

function powerFaults(random: Random, older: boolean): PowerFault[] {
  const count = 1 + random.below(random.below(4) === 0 ? 20 : 4);
  const faults: PowerFault[] = [];
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
    // Soon after, with the disks as they were a moment ago: what has been told since then never happened.
    if (older && random.below(2) === 0) {
      const [fault] = faults.slice(-1) as [PowerFault];
      const powerOns = 2 + faults.filter((each) => each.afterEffects < fault.afterEffects).length;
      const olderDisks = random.below(2) === 0 ? powerOns : 1 + random.below(index + 2);
      const soon = { afterEffects: fault.afterEffects + 1 + random.below(60), olderDisks };
      faults.push({ ...fault, ...soon });
    }
  }
  return faults;
}

/** A controller that restarts while its disks stay on. */
function restarts(random: Random): Fault[] {
  return Array.from({ length: 1 + random.below(4) }, () => {
    const who = pick(random, ['main', 'sub', 'both'] as const);
    return {
      ...{ kind: 'power' as const, who, afterEffects: 1 + random.below(effectsMax[who === 'sub' ? 'sub' : 'main']) },
      ...{ offUs: pick(random, [1, 1000, 50_000]), survival: { sectors: 'all', torn: 'no', seed: 0 } as const },
      disksStayOn: true as const,
    };
  });
}

function pauses(random: Random): Fault[] {
  return Array.from({ length: 1 + random.below(4) }, () => {
    const who = pick(random, ['main', 'sub'] as const);
    const afterEffects = 1 + random.below(effectsMax[who]);
    return { kind: 'pause' as const, who, afterEffects, us: pick(random, [100, 5000, 300_000, 5_000_000]) };
  });
}
