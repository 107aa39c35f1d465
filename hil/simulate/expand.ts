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
  HostName,
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

/** Classes that some runs are about: what they lead to takes long, and little else may come in between. */
const themes: readonly FaultClass[] = [
  ...(['forge data', 'forge data', 'overtaken', 'overtaken', 'overtaken', 'sticky', 'sticky'] as const),
  ...(['error', 'older disks', 'foreign area', 'restart', 'power', 'host process'] as const),
];
const themeOneOf = 3;
const besideThemeOneOf = 25;

export interface ExpandOptions {
  /** Whether a class of faults may be on; all, unless told otherwise. */
  readonly allows?: (kind: FaultClass) => boolean;
}

export function expandPlan(seed: number, { allows = () => true }: ExpandOptions = {}): Plan {
  const random = new Random(`plan ${seed}`);
  const theme = themeOf(random.fork('theme'), allows);
  const configuration = configurationOf(random.fork('configuration'), theme);
  const operations = operationsOf(random.fork('operations'), configuration, theme === 'host process');
  const swarm = random.fork('swarm');
  const oneOf = theme === undefined ? pick(swarm, oneClassOf) : besideThemeOneOf;
  const on = new Set(faultClasses.filter((kind) => swarm.below(oneOf) === 0 && oneOf < never && allows(kind)));
  if (theme !== undefined) on.add(theme);
  const faults = faultsOf(random.fork('faults'), { configuration, operations, on, theme });
  return { version: 1, seed, configuration, operations, faults };
}

function pick<T>(random: Random, values: readonly T[]): T {
  return values[random.below(values.length)] as T;
}

function themeOf(random: Random, allows: (kind: FaultClass) => boolean): FaultClass | undefined {
  if (random.below(themeOneOf) > 0) return undefined;
  const theme = pick(random, themes);
  return allows(theme) ? theme : undefined;
}

function configurationOf(random: Random, theme: FaultClass | undefined): Configuration {
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
    ...untouchedOf(random.fork('untouched'), method),
    // Copy needs a shadow area as large as the volume; the others live with less.
    shadowBlocks: method === 'copy' || random.below(2) === 0 ? blocks : 1 + random.below(blocks),
    // Structuring frees slots as it goes; a full image and its overlay fit twice the volume.
    stagingBlocks: random.below(4) === 0 ? blocks : 2 * blocks - roomLess(random.fork('room'), blocks),
    // Nothing can be forged where everything is sealed.
    sealed: random.below(4) === 0 && theme !== 'forge data',
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
      ...slowerDisk(random.fork('slow'), theme),
    },
    ...(random.below(4) === 0 ? { secondaryUsed: true } : {}),
    journalGrowthBytes: pick(random, [300, 2000, 8000, 1_000_000]),
    ...batchesOf(random.fork('batches')),
    hostStallUs: pick(random, [500_000, 10_000_000]),
    // Most messages of some pairs fit one frame: what is changed in one has to be found out by more than its parts.
    framePayloadMax: pick(random, [256, 1024, 4096, 65536]),
  };
}

/** What staging lacks of room for two images: nearly full it gives the same slots to one after the other. */
function roomLess(random: Random, blocks: number): number {
  return random.below(3) === 0 ? random.below(blocks) : 0;
}

/** Some volumes are past the 32 bits of a number of bytes. A copy needs a shadow area as large. */
function untouchedOf(random: Random, method: Method): Pick<Configuration, 'untouchedSectors'> {
  return method !== 'copy' && random.below(16) === 0 ? { untouchedSectors: 2 ** 23 } : {};
}

/** Most pairs do not compress: it takes time, and the other runs are the more. */
function windowsOf(random: Random): Pick<Configuration, 'windows'> {
  if (random.below(6) !== 0) return {};
  const windowBits = () => pick(random, [0, 9, 10, 12, 15, 15]);
  return { windows: { main: windowBits(), sub: windowBits() } };
}

/** Records that were appended together, and snapshots, take several writes, between which the power may go. */
function batchesOf(random: Random): Pick<Configuration, 'journalBatchBytes'> {
  return random.below(2) === 0 ? { journalBatchBytes: pick(random, [1, 150, 600]) } : {};
}

/** What outlives the process that asked for it takes long. */
function slowerDisk(random: Random, theme: FaultClass | undefined): Pick<Configuration['disks'], 'slow'> {
  if (theme === 'host process') return { slow: { disk: 'primary', us: pick(random, [3000, 30_000, 100_000]) } };
  if (random.below(3) === 0) return {};
  const disk = pick(random, ['meta', 'primary', 'primary', 'shadow', 'staging', 'secondary'] as const);
  return { slow: { disk, us: pick(random, [300, 3000, 30_000, 100_000]) } };
}

/** Frames and commands that the faults of a plan are spread over: about as many as a run has. */
const framesMax = 400;
const commandsMax = 60;
const effectsMax = { main: 400, sub: 150 };

interface FaultContext {
  readonly configuration: Configuration;
  readonly operations: readonly Operation[];
  /** The classes that are on, and the one that the run is about. */
  readonly on: ReadonlySet<FaultClass>;
  readonly theme: FaultClass | undefined;
}

function faultsOf(random: Random, { configuration, operations, on, theme }: FaultContext): Fault[] {
  const { volumeSectors } = configuration;
  const takesOver = operations.some(({ kind }) => kind === 'takeover');
  const kindsOn = <Kind>(kinds: readonly (readonly [Kind, FaultClass])[]) =>
    kinds.filter(([, name]) => on.has(name)).map(([kind]) => kind);
  const lines: (readonly [LineName, Direction])[] = [
    ['remote', 'there'],
    ['remote', 'back'],
    ['host', 'there'],
    ['host', 'back'],
  ];
  if (takesOver || operations.some((each) => each.kind === 'look' || ('site' in each && each.site === 'sub')))
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
  // Where a run is about bad sectors, or about what disks refuse, one kind of disk has them: elsewhere they would end what they lead to.
  const bad = pick(random.fork('bad'), ['primary', 'primary', 'shadow', 'shadow', 'staging', 'secondary']);
  const honest = theme === 'sticky' || theme === 'error' ? all.filter(([, disk]) => disk.startsWith(bad)) : some(all);
  return [
    ...lineFaults(random.fork('lines'), {
      frames: framesMax,
      lines: lines.filter(() => random.below(2) === 0 || theme === 'forge data'),
      kinds: kindsOn(lineKinds),
    }),
    ...honestFaults(random, honest, { kinds: kindsOn(honestKinds), theme }).map((fault) =>
      on.has('restart') ? withRestart(random, fault) : fault,
    ),
    ...diskFaults(random.fork('lying'), { commands: commandsMax, disks: some(lying), kinds: kindsOn(lyingKinds) }),
    ...(on.has('power') || on.has('older disks')
      ? powerFaults(random.fork('power'), on.has('older disks') && !takesOver)
      : []),
    ...(on.has('restart') ? restarts(random.fork('restart')) : []),
    ...(on.has('pause') ? pauses(random.fork('pause')) : []),
    ...(on.has('foreign area') ? foreignAreas(random.fork('foreign'), volumes.length) : []),
    ...(on.has('host process') ? hostProcesses(random.fork('hosts'), operations, theme) : []),
    ...(on.has('overtaken') ? overtaken(random.fork('overtaken'), all, takesOver) : []),
  ];
}

/** Half of the runs have disks that are at worst busy: whoever blames them then is wrong. */
function honestFaults(
  random: Random,
  disks: readonly (readonly [Site, string])[],
  { kinds, theme }: { readonly kinds: readonly DiskEffectKind[]; readonly theme: FaultClass | undefined },
): Fault[] {
  const faults = diskFaults(random.fork('honest'), { commands: commandsMax, disks, kinds });
  const moods = random.fork('moods');
  if (moods.below(2) === 0 || theme === 'error' || theme === 'sticky') return faults;
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

/** `older`: some come back with disks of before. No takeover survives that, once somebody has heard of it. */
function powerFaults(random: Random, older: boolean): PowerFault[] {
  const count = 1 + random.below(random.below(4) === 0 ? 20 : 4);
  const moments = random.fork('moments');
  const faults: PowerFault[] = [];
  for (let index = 0; index < count; index += 1) {
    const comesBackOlder = older && random.below(4) === 0 ? { olderDisks: 1 + random.below(3) } : {};
    const who = pick(random, ['main', 'sub', 'both'] as const);
    const moment = older && moments.below(3) === 0 ? { olderEffects: pick(moments, [4, 8, 16, 32, 64]) } : {};
    faults.push({
      kind: 'power',
      who,
      afterEffects: 1 + random.below(effectsMax[who === 'sub' ? 'sub' : 'main']),
      offUs: pick(random, [1, 1000, 50_000, 1_000_000]),
      survival: survivalOf(random),
      ...('olderEffects' in moment ? moment : comesBackOlder),
      ...('olderEffects' in moment && moments.below(2) === 0 ? { who: 'sub' as const } : {}),
    });
    // Soon after, with the disks as they were a moment ago: what has been told since then never happened.
    if (older && random.below(2) === 0) {
      const [fault] = faults.slice(-1) as [PowerFault];
      const powerOns = 2 + faults.filter((each) => each.afterEffects < fault.afterEffects).length;
      const olderDisks = random.below(2) === 0 ? powerOns : 1 + random.below(index + 2);
      const soon = { afterEffects: fault.afterEffects + 1 + random.below(60), olderDisks };
      const { olderEffects: _, ...again } = fault;
      faults.push({ ...again, ...soon });
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

/** A controller that is switched on with an area of another pair. */
function foreignAreas(random: Random, volumes: number): Fault[] {
  return Array.from({ length: 1 + random.below(2) }, () => {
    const who = pick(random, ['main', 'sub'] as const);
    const area = who === 'main' ? 'shadow' : 'staging';
    return {
      ...{ kind: 'power' as const, who, afterEffects: 1 + random.below(effectsMax[who]), survival: survivalOf(random) },
      ...{ offUs: pick(random, [1, 1000, 50_000]), foreignArea: `${area}${random.below(volumes)}` },
    };
  });
}

/**
 * Processes of a host that end soon after something that one did, and others that take their places. Or one process for each
 * thing that is asked, as of somebody who types: their requests all have the same numbers.
 */
function hostProcesses(random: Random, operations: readonly Operation[], theme: FaultClass | undefined): Fault[] {
  const end = (operation: Operation, afterUs: number, offUs: number) => ({
    ...{ kind: 'host' as const, who: hostOf(operation), atUs: operation.atUs + afterUs, offUs },
    ...(random.below(2) === 0 ? { knows: true as const } : {}),
    ...(random.below(2) === 0 ? { heard: true as const } : {}),
  });
  if (theme === 'host process' && random.below(2) === 0)
    return operations.filter(({ kind }) => !writes.has(kind)).map((each) => end(each, 0, 1));
  return Array.from({ length: 1 + random.below(4) }, () => {
    const afterUs = random.below(pick(random, [1, 300, 3000, 30_000]));
    return end(pick(random, operations), afterUs, pick(random, [1, 1000, 50_000, 1_000_000]));
  });
}

const writes: ReadonlySet<Operation['kind']> = new Set(['write', 'zero', 'chase']);

/** Who gives an operation. */
function hostOf(operation: Operation): HostName {
  const atSub = operation.kind === 'look' || operation.kind === 'takeover' || operation.kind === 'failback';
  return atSub || ('site' in operation && operation.site === 'sub') ? 'subHost' : 'host';
}

/** Writes that a disk holds for long: meanwhile a controller restarts, or the line goes and a session opens anew. */
function overtaken(random: Random, all: readonly (readonly [Site, string])[], takesOver: boolean): Fault[] {
  const kind = pick(
    random,
    takesOver ? ['staging', 'secondary', 'secondary'] : ['primary', 'shadow', 'staging', 'staging', 'staging'],
  );
  const disks = all.filter(([, disk]) => disk.startsWith(kind));
  const oneOf = pick(random, [2, 5, 12]);
  const slow = disks.flatMap(([site, disk]) =>
    Array.from({ length: commandsMax }, (_, index) => index + 1).flatMap((nth): Fault[] => {
      if (random.below(oneOf) > 0) return [];
      const us = pick(random, [10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 8_000_000]);
      const meanwhile = pick(random, [
        ...[{}, {}, { restarts: 'main' }, { restarts: site }],
        ...[{ cutsLineUs: 1000 }, { cutsLineUs: 50_000 }],
      ] as const);
      return [{ kind: 'disk', site, disk, operation: 'write', nth, effect: { kind: 'slow', us, ...meanwhile } }];
    }),
  );
  // Or the generation fails meanwhile, since main cannot read it.
  const unreadable = kind === 'staging' && random.below(3) === 0 ? all.filter(([site]) => site === 'main') : [];
  return [...slow, ...unreadable.flatMap(([site, disk]) => (disk === 'meta' ? [] : unreadableOf(random, site, disk)))];
}

/** Reads that fail, however often they are tried again. */
function unreadableOf(random: Random, site: Site, disk: string): Fault[] {
  return Array.from({ length: 2 }, () => 1 + random.below(20)).flatMap((first) =>
    [0, 1, 2].map(
      (again): Fault => ({
        ...{ kind: 'disk', site, disk, operation: 'read', nth: first + again },
        effect: { kind: 'error', sense: 'medium' },
      }),
    ),
  );
}

function pauses(random: Random): Fault[] {
  return Array.from({ length: 1 + random.below(4) }, () => {
    const who = pick(random, ['main', 'sub'] as const);
    const afterEffects = 1 + random.below(effectsMax[who]);
    return { kind: 'pause' as const, who, afterEffects, us: pick(random, [100, 5000, 300_000, 5_000_000]) };
  });
}
