/**
 * What a plan is owed. Some faults nobody can survive: a disk that says it has made its cache durable and has not, or that
 * writes elsewhere, takes what it held with it. What is owed is decided from the plan alone, before it runs, never from
 * how a run went.
 */
import type { RefusalCode } from '../../protocol/refusals.js';
import {
  type DiskEffectKind,
  type DiskFaultPlan,
  type Fault,
  type LineFault,
  type Plan,
  type PowerFault,
  type Site,
  sites,
} from './plan.js';

export interface Owed {
  /** Main gives the newest data, keeps what is frozen, and misses no change. */
  readonly hostData: boolean;
  /** The sub shows exactly one image, never an older one than before. */
  readonly image: boolean;
  /** Once everything is healthy the next generation is structured within the time stated. */
  readonly alive: boolean;
  /**
   * What staging spoilt of an image that is taken over is nowhere else: it is given back once hosts have written all of it
   * again, and they can.
   */
  readonly rewrites: boolean;
  /** What main counts as sent the sub has, when it comes to count so: it gives nothing up by itself. */
  readonly sentIsThere: boolean;
  /** What the sub stages is what main has frozen: nothing changes it on its way. */
  readonly stagedIsFrozen: boolean;
  /** Some disk has given reason to say that disks fail. One that is busy, slow, or was without power has not. */
  readonly mayBlame: boolean;
  /** Content may be lost, or arrive changed: a generation may fail for it. */
  readonly mayLose: boolean;
  /**
   * The sub may give its staging up, for it is full, and a power cut keep main from hearing so: main only sees that nothing is
   * held any more, and a generation may fail for lost content.
   */
  readonly mayGiveUpUnheard: boolean;
  /** Something gives a generation reason to fail so. */
  mayFail(reason: RefusalCode): boolean;
  /** A controller whose disks refuse what it cannot do without stops, and says so. */
  mayHalt(site: Site): boolean;
  /** Which disks may hold other bytes than were written to them. */
  mayBeCorrupt(site: Site, disk: string): boolean;
}

/** Faults after which a disk holds, or gives, other bytes than were written, and says GOOD. */
const lies: ReadonlySet<DiskEffectKind> = new Set(['corrupt', 'lose', 'misdirect', 'stale']);
/** Those that change what is on the medium, not only what is read from it once. */
const lastingLies: ReadonlySet<DiskEffectKind> = new Set(['corrupt', 'lose', 'misdirect']);

export function owedTo(plan: Plan): Owed {
  const { faults } = plan;
  const lying = faults.filter((each) => each.kind === 'disk' && lies.has(each.effect.kind));
  const lie = (site: Site, prefix: string) =>
    lying.some((each) => each.kind === 'disk' && each.site === site && each.disk.startsWith(prefix));
  const refusing = refusalsOf(plan);
  const refuses = (site: Site) => refusing.some((each) => each.site === site);
  const older = (site: Site) => faults.some((each) => isOlder(each, site));
  const foreign = (site: Site) =>
    faults.some((each) => each.kind === 'power' && each.foreignArea !== undefined && isAt(each, site));
  const forges = faults.some(isForged);
  // What was spoilt on its way to a host or from it is refused with the command, and not tried again.
  const forgesHosts = faults.some((each) => isForged(each) && each.line !== 'remote');
  // The records of a controller are the only ones of their kind, and its primary area is nobody's record.
  const mainLies = lie('main', 'meta') || lie('main', 'primary');
  // After a takeover the secondary area is such an area too.
  const takesOver = plan.operations.some(({ kind }) => kind === 'takeover');
  const subLies = lie('sub', 'meta') || (takesOver && lie('sub', 'secondary'));
  const hostData = !mainLies && !older('main') && !(takesOver && subLies);
  const image = !mainLies && !subLies;
  // The shadow area is the only place of what was deferred: when it lies, that data is gone. A main that has forgotten
  // what it had sent sends nothing more until somebody has looked at it.
  // Staging that holds spoilt blocks of an image keeps their slots until the next one is committed beside it.
  const staged = !lie('sub', 'staging') || holdsTwo(plan);
  // What comes back in a failback is held in the shadow area first.
  // And what main's disks refused of it is only tried again when main is switched off and on.
  const comesBack = !takesOver || (holdsOne(plan) && !refuses('main'));
  const alive = image && hostData && !lie('main', 'shadow') && staged && comesBack;
  const mayLose = lying.length > 0 || sites.some((site) => refuses(site) || older(site)) || forges;
  const mayGiveUpUnheard = !holdsTwo(plan) && faults.some(isRestart);
  const reasons: ReadonlyMap<RefusalCode, boolean> = new Map([
    ['taken-over', takesOver],
    ['staging-full', !holdsTwo(plan)],
    ['shadow-full', plan.configuration.method !== 'copy'],
    ['frozen-content-lost', mayGiveUpUnheard],
  ]);
  return {
    ...{ hostData, image, alive },
    rewrites: takesOver && lie('sub', 'staging'),
    sentIsThere: hostData && image && !refuses('sub') && !older('sub') && !forges,
    stagedIsFrozen: hostData && image && !forges && lying.length === 0,
    ...{ mayLose, mayGiveUpUnheard },
    mayBlame: lying.length > 0 || refuses('main') || refuses('sub') || forgesHosts,
    // Disks that fail, lie or are of another pair, and forgeries, give reasons of many kinds.
    mayFail: (reason) => mayLose || sites.some(foreign) || reasons.get(reason) === true,
    mayHalt: (site) => refuses(site) || lie(site, '') || older(site) || foreign(site),
    mayBeCorrupt: (site, disk) =>
      lying.some((each) => each.kind === 'disk' && each.site === site && each.disk === disk && isLasting(each)),
  };
}

/** Whether staging has room for one whole image beside another. */
function holdsTwo({ configuration }: Plan): boolean {
  const { blockBytes, volumeSectors, stagingBlocks } = configuration;
  return volumeSectors.every((sectors) => stagingBlocks >= 2 * Math.ceil((sectors * 512) / blockBytes));
}

/** Whether the shadow area has room for a whole image. */
function holdsOne({ configuration }: Plan): boolean {
  const { blockBytes, volumeSectors, shadowBlocks } = configuration;
  return volumeSectors.every((sectors) => shadowBlocks >= Math.ceil((sectors * 512) / blockBytes));
}

function isForged(fault: Fault): fault is LineFault {
  return fault.kind === 'line' && fault.effect.kind === 'forgeData';
}

function isOlder(fault: Fault, site: Site): boolean {
  return fault.kind === 'power' && (fault.olderDisks ?? fault.olderEffects) !== undefined && isAt(fault, site);
}

/** A controller forgets what it has not recorded. */
function isRestart(fault: Fault): boolean {
  return (
    fault.kind === 'power' ||
    (fault.kind === 'disk' && fault.effect.kind === 'slow' && fault.effect.restarts !== undefined)
  );
}

function isAt({ who }: PowerFault, site: Site): boolean {
  return who === site || who === 'both';
}

/** A controller gives a command to its disk so often before it takes an error for an answer. */
const tries = 3;
/** A command that is given again comes behind those that the disk has, which are fewer. */
export const passingErrorsApart = 64;

/** What may end a command for good: an error that passes does only where there are as many as a command is tried. */
function refusalsOf({ faults }: Plan): DiskFaultPlan[] {
  const onDisks = faults.filter((each) => each.kind === 'disk');
  const passing = onDisks.filter(isPassing);
  const alike = (one: DiskFaultPlan, other: DiskFaultPlan) =>
    one.site === other.site &&
    one.disk === other.disk &&
    one.operation === other.operation &&
    Math.abs(one.nth - other.nth) < passingErrorsApart;
  return onDisks.filter((each) => {
    if (isPassing(each)) return passing.filter((other) => alike(each, other)).length >= tries;
    return each.effect.kind === 'sticky' || (each.effect.kind === 'error' && each.effect.sense === 'notReady');
  });
}

/** Ends one command, and not the same one when it is given again. */
function isPassing({ effect }: DiskFaultPlan): boolean {
  return effect.kind === 'error' && passingSenses.has(effect.sense);
}

const passingSenses: ReadonlySet<string> = new Set(['medium', 'hardware', 'aborted']);

function isLasting(fault: Fault): boolean {
  return fault.kind === 'disk' && (lastingLies.has(fault.effect.kind) || fault.operation === 'read');
}
