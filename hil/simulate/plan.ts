/**
 * A plan: one simulated run as plain JSON. A seed expands to one; a plan replays alone; shrinking deletes parts of it.
 *
 * Every fault has an address of its own ("the 7th write to the sub's staging0", "frame 12 from main to sub"), and every
 * operation a time of its own, so that deleting one does not shift the others.
 */
import { z } from 'zod';
import { isWindowBits } from '../../protocol/compression/window-bits.js';

const count = z.int().min(0);
const positive = z.int().min(1);

/** The two controllers, which have power switches, and all devices of the bench. */
export const sites = ['main', 'sub'] as const;
export type Site = (typeof sites)[number];

export const lineNames = ['host', 'remote', 'subHost'] as const;
export type LineName = (typeof lineNames)[number];
/** The hosts at main and at the sub: each is called as its line. */
export const hosts = ['host', 'subHost'] as const;
export type HostName = (typeof hosts)[number];
/** `there`: from host to controller, from main to sub. */
export const directions = ['there', 'back'] as const;
export type Direction = (typeof directions)[number];

const bytesHex = z.string().regex(/^([0-9a-f]{2})*$/);

/** What happens to one frame on its way. Offsets count from the first byte on the wire; past the end they wrap around. */
export const lineEffect = z.discriminatedUnion('kind', [
  /** Data bits flipped: numbers of bits, 8 a byte. */
  z.strictObject({ kind: z.literal('flip'), bits: z.array(count).min(1) }),
  /** A run of bytes turned into others (each xor-ed with `xor`, 1 … 255). */
  z.strictObject({ kind: z.literal('burst'), at: count, bytes: positive, xor: z.int().min(1).max(255) }),
  z.strictObject({ kind: z.literal('dropBytes'), at: count, bytes: positive }),
  z.strictObject({ kind: z.literal('duplicateBytes'), at: count, bytes: positive }),
  z.strictObject({ kind: z.literal('insertBytes'), at: count, hex: bytesHex }),
  z.strictObject({ kind: z.literal('dropFrame') }),
  z.strictObject({ kind: z.literal('duplicateFrame'), copies: z.int().min(1).max(8) }),
  /** The delimiter is lost or changed, or there is one more in the middle. */
  z.strictObject({ kind: z.literal('delimiter'), how: z.enum(['lost', 'changed', 'extra']), at: count }),
  /** The first COBS code is changed: the length of the first block. */
  z.strictObject({ kind: z.literal('length'), xor: z.int().min(1).max(255) }),
  /** One of the four bytes of the frame's check is changed. */
  z.strictObject({ kind: z.literal('checksum'), byte: z.int().min(0).max(3), xor: z.int().min(1).max(255) }),
  /** The payload is changed and the frame's check made right again: only the checks of messages and data can tell. */
  z.strictObject({ kind: z.literal('forge'), at: count, xor: z.int().min(1).max(255) }),
  /**
   * Data is changed before all checks of it are made, and they are right: only the digest of the whole image can tell.
   * One byte of a run of blocks, or its place; a run of zeros is one block shorter, or goes elsewhere. It waits for the
   * first frame with data, for a while.
   */
  z.strictObject({ kind: z.literal('forgeData'), at: count, xor: z.int().min(1).max(255) }),
  /** The frame that passed so many frames before comes once more, after this one. */
  z.strictObject({ kind: z.literal('stale'), framesAgo: positive }),
  /** The frame, and all behind it, comes so much later. */
  z.strictObject({ kind: z.literal('stall'), us: positive }),
  /** The receiver loses all bytes of the frame from this one on. */
  z.strictObject({ kind: z.literal('overrun'), at: count }),
  /** The line is lost when so many bytes of the frame have passed, for so long. */
  z.strictObject({ kind: z.literal('disconnect'), at: count, us: positive }),
]);
export type LineEffect = z.infer<typeof lineEffect>;
export type LineEffectKind = LineEffect['kind'];

export const diskOperations = ['read', 'write', 'flush'] as const;
export type DiskOperation = (typeof diskOperations)[number];

/** What happens to one command of a disk. */
const diskEffect = z.discriminatedUnion('kind', [
  /** Ends with this status, the medium as before; once. */
  z.strictObject({
    kind: z.literal('error'),
    sense: z.enum(['medium', 'hardware', 'aborted', 'busy', 'taskSetFull', 'notReady']),
  }),
  /** From here on every access to the command's first sector ends with a medium error, until the disk is healed. */
  z.strictObject({ kind: z.literal('sticky') }),
  /** One byte of the data is another on the medium (write) or in the answer (read); GOOD. */
  z.strictObject({ kind: z.literal('corrupt'), at: count, xor: z.int().min(1).max(255) }),
  /** A write that never happens, a flush that lies; GOOD. */
  z.strictObject({ kind: z.literal('lose') }),
  /** The command goes to sectors so far away, modulo the disk; GOOD. */
  z.strictObject({ kind: z.literal('misdirect'), sectors: positive }),
  /** A read gives what the sectors held before they were last written; GOOD. */
  z.strictObject({ kind: z.literal('stale') }),
  /** Takes so much longer; commands behind it may overtake it. */
  z.strictObject({
    ...{ kind: z.literal('slow'), us: positive },
    /** As soon as it is under way this controller restarts, and its disks stay on. */
    restarts: z.enum(sites).optional(),
    /** As soon as it is under way the line between the controllers is lost for so long. */
    cutsLineUs: positive.optional(),
  }),
  /** The disk has lost its power for a moment: its cache is gone, and this command and all under way end with unit attention 29h/00h. */
  z.strictObject({ kind: z.literal('reset') }),
]);
export type DiskEffect = z.infer<typeof diskEffect>;
export type DiskEffectKind = DiskEffect['kind'];

/** What is on the disks of a site when its power goes, of that which was not flushed. */
const survival = z.strictObject({
  /** Which unflushed sectors are there all the same. `some`: each by a draw of `seed`. */
  sectors: z.enum(['none', 'all', 'some']),
  /** What becomes of a write that was being made: nothing, its first or last part, other bytes, or parts of its sectors. */
  torn: z.enum(['no', 'prefix', 'suffix', 'garbage', 'parts']),
  seed: count,
});
export type Survival = z.infer<typeof survival>;

const fault = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('line'),
    line: z.enum(lineNames),
    direction: z.enum(directions),
    /** Number of the frame in this direction, from 1. */
    frame: positive,
    effect: lineEffect,
  }),
  z.strictObject({
    kind: z.literal('disk'),
    site: z.enum(sites),
    /** meta, primary0, shadow1, staging0, secondary1, … */
    disk: z.string().regex(/^(meta|(primary|shadow|staging|secondary)[0-7])$/),
    operation: z.enum(diskOperations),
    /** Number of the command among those of its kind on this disk, from 1. */
    nth: positive,
    effect: diskEffect,
  }),
  z.strictObject({
    kind: z.literal('power'),
    who: z.enum(['main', 'sub', 'both']),
    /** After so many effects (disk commands and frames) of the first of them since the start: main, unless only the sub. */
    afterEffects: positive,
    offUs: positive,
    survival,
    /** Only the controller restarts: its disks end what they were given, and their caches keep what they hold. */
    disksStayOn: z.literal(true).optional(),
    /** Comes back with its disks as they were at an earlier power on of this number (1: the first). */
    olderDisks: positive.optional(),
    /** Comes back with its disks as they were so many effects ago, or a little before, without their caches. */
    olderEffects: positive.optional(),
    /** Comes back with this area of another pair in the place of its own, which it gets back once it has refused it. */
    foreignArea: z
      .string()
      .regex(/^(shadow|staging)[0-7]$/)
      .optional(),
  }),
  /** Takes no event for so long; everything waits for it. */
  z.strictObject({ kind: z.literal('pause'), who: z.enum(sites), afterEffects: positive, us: positive }),
  /** The process of a host ends, just after something that it did; another one takes its place so much later. */
  z.strictObject({
    ...{ kind: z.literal('host'), who: z.enum(hosts), atUs: count, offUs: positive },
    /** The other one knows what was under way, and gives it again. */
    knows: z.literal(true).optional(),
    /** The controller hears that the line is gone meanwhile. */
    heard: z.literal(true).optional(),
  }),
]);
export type Fault = z.infer<typeof fault>;
export type LineFault = Extract<Fault, { kind: 'line' }>;
export type DiskFaultPlan = Extract<Fault, { kind: 'disk' }>;
export type PowerFault = Extract<Fault, { kind: 'power' }>;
export type HostFault = Extract<Fault, { kind: 'host' }>;
/** What is counted in effects of a controller. */
export type FaultByEffect = Extract<Fault, { readonly afterEffects: number }>;

/** The controller whose effects a fault is counted in. */
export function counterOf({ who }: FaultByEffect): Site {
  return who === 'sub' ? 'sub' : 'main';
}

const place = {
  ...{ atUs: count, volume: z.int().min(0).max(7), lba: count, sectors: positive },
  /** Given to main after a takeover too, by a host that has not heard of it. */
  stays: z.literal(true).optional(),
  /** Not given again when its session is lost: it has happened, or not. */
  once: z.literal(true).optional(),
  /** The host aborts it so much after it was submitted. */
  abortUs: count.optional(),
};

const part = { lba: count.optional(), sectors: positive.optional() };

/** What the hosts do. Writes that overlap one under way wait for it. */
const operation = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('write'), ...place }),
  /** UNMAP: the sectors become zeros. */
  z.strictObject({ kind: z.literal('zero'), ...place }),
  /** Writes to a block that is frozen and not sent at this time, if there is one; else to the block of `lba`. */
  z.strictObject({
    ...{ kind: z.literal('chase'), ...place },
    /** Waits until the sub has staged a block that does not count as sent at main yet; so much later it is written to. */
    stagedUs: count.optional(),
  }),
  /** At main, and at the sub: a whole volume, or these sectors of it. */
  z.strictObject({ kind: z.literal('read'), atUs: count, volume: place.volume, ...part }),
  z.strictObject({ kind: z.literal('look'), atUs: count, volume: place.volume, ...part }),
  /** VERIFY of sectors; they may lie behind those that the host writes to. */
  z.strictObject({ kind: z.literal('verify'), atUs: count, volume: place.volume, lba: count, sectors: positive }),
  /** Digests of a volume, each of so many blocks. */
  z.strictObject({
    ...{ kind: z.literal('digests'), atUs: count, site: z.enum(sites) },
    ...{ volume: place.volume, partBlocks: positive },
  }),
  /** Waits for the newest generation, or for one that is to be frozen so many freezes later. */
  z.strictObject({
    ...{ kind: z.literal('wait'), atUs: count, site: z.enum(sites), target: z.enum(['committed', 'structured']) },
    ahead: positive.optional(),
  }),
  /**
   * `follows`: as soon as the generation before is committed, as of a host that waits for it; when it fails instead, the
   * pair is resynchronized first.
   */
  z.strictObject({ kind: z.literal('freeze'), atUs: count, follows: z.literal(true).optional() }),
  /** The freeze of so many before, given once more. */
  z.strictObject({ kind: z.literal('freezeAgain'), atUs: count, ago: positive }),
  z.strictObject({ kind: z.literal('suspend'), atUs: count }),
  z.strictObject({ kind: z.literal('resync'), atUs: count }),
  z.strictObject({
    ...{ kind: z.literal('takeover'), atUs: count, force: z.boolean() },
    /** Waits until an image is committed that is not structured; so much later it comes. */
    committedUs: count.optional(),
    /** As soon as it is taken over the host there writes to so many blocks that wait to be structured, if there are any. */
    chases: positive.optional(),
  }),
  z.strictObject({ kind: z.literal('failback'), atUs: count, discard: z.boolean() }),
]);
export type Operation = z.infer<typeof operation>;
/** What changes sectors of a volume. */
export type WriteOperation = Extract<Operation, { readonly kind: 'write' | 'zero' | 'chase' }>;

const line = z.strictObject({
  /** Bits per second; 0: bytes take no time. */
  baud: count,
  latencyUs: count,
});

const windowBits = z.int().refine(isWindowBits);

const configuration = z.strictObject({
  method: z.enum(['copy', 'differential', 'streaming']),
  blockBytes: z.int().min(512).max(65536),
  /** Sectors of each volume. */
  volumeSectors: z.array(positive).min(1).max(8),
  /** Each volume is so much larger: what lies past its sectors nobody touches. */
  untouchedSectors: positive.optional(),
  /** Slots of each shadow and staging area. */
  shadowBlocks: positive,
  stagingBlocks: positive,
  sealed: z.boolean(),
  /** The largest windows of compressed runs that each takes and makes, as logarithms; 0 for none. */
  windows: z.strictObject({ main: windowBits, sub: windowBits }).optional(),
  /** Both take and send runs that the receiver may hold already. */
  heldRuns: z.boolean().optional(),
  hostLine: line,
  remoteLine: line,
  disks: z.strictObject({
    accessUs: count,
    flushUs: count,
    /** Commands take effect when they end; else when they begin. */
    late: z.boolean(),
    /** One kind of disk takes so much longer for all that it does. */
    slow: z
      .strictObject({ disk: z.enum(['meta', 'primary', 'shadow', 'staging', 'secondary']), us: positive })
      .optional(),
  }),
  /** The secondary disks have been used for something else before. */
  secondaryUsed: z.literal(true).optional(),
  /** Bytes of records after which a controller makes a snapshot. */
  journalGrowthBytes: positive,
  /** The most bytes of records that a controller writes at once; a single record may have more. */
  journalBatchBytes: positive.optional(),
  hostStallUs: positive,
  framePayloadMax: z.int().min(64).max(65536),
});
export type Configuration = z.infer<typeof configuration>;

/** A look at what a power cut would leave: the site comes back alone, on copies of its disks with these survivors. */
const crash = z.strictObject({
  site: z.enum(sites),
  /** When the site has had so many effects; unless told, at each of its disk commands. */
  afterEffects: positive.optional(),
  survival,
  /** The power goes once more when so many disk commands of its coming back have ended. */
  again: z.strictObject({ afterCommands: positive, survival }).optional(),
  /** While the power is off a byte of what lay there changes, drawn by this seed; it has to be found out. */
  rot: z.strictObject({ seed: count }).optional(),
});
export type Crash = z.infer<typeof crash>;

export const planSchema = z.strictObject({
  version: z.literal(1),
  /** Entropy of the devices and whatever has no place in the plan. */
  seed: count,
  configuration,
  operations: z.array(operation),
  faults: z.array(fault),
  /** The only crash images to look at; without it, a sample of all. */
  crash: crash.optional(),
});
export type Plan = z.infer<typeof planSchema>;
