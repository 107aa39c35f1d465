/**
 * A plan for the link out of a seed. Each plan has a scene, a line, and its own few kinds of faults, so that rare things
 * come together in some plans instead of drowning in all of them.
 */
import { unreachable } from '../../../protocol/ids.js';
import { sequenceModulus, unitBytes, windowUnitsMax } from '../../../protocol/limits.js';
import type { Priority } from '../../../protocol/message/message.js';
import { type Cipher, ciphers } from '../../../protocol/session/ciphers.js';
import { Random } from '../../random.js';
import { frameFaults } from '../expand-lines.js';
import { type Direction, directions, type LineEffectKind } from '../plan.js';
import { envelopeBytes } from './link-end.js';
import {
  downgrades,
  type End,
  type EndConfiguration,
  ends,
  impersonations,
  type Layer,
  type LinkFault,
  type LinkOperation,
  type LinkPlan,
  layers,
  type Sealing,
  type Tampering,
} from './link-plan.js';
import { parcelBytesMax } from './parcel.js';

/** What a plan is after, besides its faults. */
interface Scene {
  /** Bits per second that the line may have, 0 for no time; and its latencies, in microseconds. */
  readonly bauds: readonly number[];
  readonly latenciesUs: readonly number[];
  readonly payloads: readonly number[];
  readonly windows: readonly number[];
  /** Messages are up to so many bytes, and together about so many. */
  readonly messageBytes: readonly number[];
  readonly totalBytes: number;
  /** Frames to which faults are addressed: from the first on, or in a stretch of so many somewhere in these. */
  readonly faultyFrames: readonly number[];
  readonly kinds: readonly LineEffectKind[];
  readonly restarts: number;
  readonly layers: readonly Layer[];
  /** So many frames at most are tampered with in each direction. */
  readonly tampered: number;
}

const noise: readonly LineEffectKind[] = [
  ...(['flip', 'burst', 'dropBytes', 'duplicateBytes', 'insertBytes', 'dropFrame', 'duplicateFrame'] as const),
  ...(['delimiter', 'length', 'checksum', 'forge', 'stale', 'stall', 'overrun', 'disconnect'] as const),
];

const scenes: Readonly<Record<string, Scene>> = {
  ordinary: {
    bauds: [0, 19_200, 115_200, 1_000_000, 3_000_000, 12_000_000],
    latenciesUs: [0, 50, 1_000, 20_000, 200_000],
    payloads: [64, 128, 512, 4096, 65_536],
    windows: [64, 640, 4096, 65_536, windowUnitsMax * unitBytes],
    messageBytes: [0, 64, 300, 5_000, 20_000],
    totalBytes: 30_000,
    faultyFrames: [30, 300, 3_000],
    kinds: noise,
    restarts: 3,
    layers,
    tampered: 12,
  },
  /** More units than sequence numbers, in one queue of one session. */
  wrap: {
    bauds: [12_000_000, 50_000_000],
    latenciesUs: [0, 300],
    payloads: [16_384, 65_536],
    windows: [65_536, windowUnitsMax * unitBytes],
    messageBytes: [parcelBytesMax],
    totalBytes: 1.25 * sequenceModulus * unitBytes,
    faultyFrames: [200, 800],
    kinds: noise.filter((kind) => kind !== 'disconnect'),
    restarts: 0,
    layers,
    tampered: 4,
  },
  /** Many gaps at once in a long window: more than an acknowledgement can name. */
  gaps: {
    bauds: [3_000_000, 12_000_000],
    latenciesUs: [50_000, 200_000],
    payloads: [64, 128],
    windows: [65_536, windowUnitsMax * unitBytes],
    messageBytes: [300, 70_000],
    totalBytes: 60_000,
    faultyFrames: [3_000],
    kinds: ['dropFrame', 'checksum', 'flip', 'disconnect'],
    restarts: 1,
    layers: ['link', 'clear'],
    tampered: 0,
  },
  /** Lines that are lost in the middle of frames, frames of earlier links, sides that start anew. */
  outages: {
    bauds: [0, 115_200, 1_000_000],
    latenciesUs: [0, 1_000, 100_000],
    payloads: [256, 4096],
    windows: [4096, 65_536],
    messageBytes: [300, 5_000],
    totalBytes: 10_000,
    faultyFrames: [100, 1_000],
    kinds: ['disconnect', 'stale', 'duplicateFrame', 'stall', 'overrun'],
    restarts: 8,
    layers,
    tampered: 0,
  },
  /** Somebody on the line: forged, exchanged and repeated messages, few and small, of which many fit each other. */
  tampered: {
    bauds: [0, 115_200, 3_000_000],
    latenciesUs: [0, 1_000, 20_000],
    payloads: [512, 4096],
    windows: [4096, 65_536],
    messageBytes: [20, 40, 300],
    totalBytes: 12_000,
    faultyFrames: [30, 100],
    kinds: ['forge', 'dropFrame', 'stale', 'disconnect', 'checksum'],
    restarts: 4,
    layers: ['clear', 'sealed', 'sealed', 'sealed'],
    tampered: 40,
  },
};
/** How often each scene comes. */
const weights = [
  ...(['ordinary', 'ordinary', 'ordinary', 'outages', 'outages', 'tampered', 'tampered', 'rare'] as const),
] as const;

/** The same seed gives the same plan, everywhere. */
export function expandLinkPlan(seed: number): LinkPlan {
  const random = new Random(`link ${seed}`);
  const chosen = pick(random, weights);
  const scene = scenes[chosen === 'rare' ? pick(random, ['wrap', 'gaps', 'gaps']) : chosen] as Scene;
  const layer = pick(random, scene.layers);
  const messageBytes = pick(random, scene.messageBytes);
  const baud = pick(random, scene.bauds);
  const configuration = {
    layer,
    baud,
    latencyUs: pick(random, scene.latenciesUs),
    deliveryBytesMax: random.below(4) === 0 ? pick(random, [100, 1000]) : 0,
    sealing: sealingOf(random.fork('sealing')),
    a: endOf(random, scene, baud, messageBytes + envelopeBytes[layer]),
    b: endOf(random, scene, baud, messageBytes + envelopeBytes[layer]),
  };
  return {
    version: 1,
    subject: 'link',
    seed,
    configuration,
    operations: operationsOf(random.fork('operations'), scene, messageBytes),
    faults: faultsOf(random.fork('faults'), scene, configuration),
  };
}

function endOf(random: Random, scene: Scene, baud: number, messageBytes: number): EndConfiguration {
  // A frame that takes longer than a few seconds is nobody's choice.
  const payloads = scene.payloads.filter((bytes) => baud === 0 || bytes <= baud / 4);
  return {
    framePayloadMax: pick(random, payloads),
    windowBytes: pick(random, scene.windows),
    messageBytesMax: Math.max(messageBytes, 128) + random.below(2) * 64,
  };
}

function operationsOf(random: Random, scene: Scene, messageBytes: number): LinkOperation[] {
  const spanUs = pick(random, [0, 10_000, 1_000_000, 30_000_000]);
  const oneWay = scene === scenes.wrap;
  const operations: LinkOperation[] = [];
  let left = random.below(4) === 0 && !oneWay ? scene.totalBytes / 20 : scene.totalBytes;
  for (let sends = 0; left > 0 && sends < 150; sends += 1) {
    const side: End = oneWay && random.below(8) > 0 ? 'a' : pick(random, ends);
    const bytes = oneWay && side === 'a' ? messageBytes - random.below(3) : below(random, messageBytes);
    const priority = oneWay && side === 'a' ? 2 : (random.below(3) as Priority);
    operations.push({ kind: 'send', atUs: random.below(spanUs + 1), side, priority, bytes });
    if (!oneWay || side === 'a') left -= bytes + 100;
  }
  const restarts = random.below(3) === 0 || scene === scenes.outages ? random.below(scene.restarts + 1) : 0;
  for (let count = 0; count < restarts; count += 1) {
    const atUs = random.below(2 * spanUs + 2_000_000);
    operations.push({ kind: 'restart', atUs, side: pick(random, ends), offUs: below(random, 10_000_000) });
  }
  return operations;
}

function faultsOf(random: Random, scene: Scene, configuration: LinkPlan['configuration']): LinkFault[] {
  if (random.below(10) === 0) return [];
  const one = random.below(4) === 0 ? pick(random, directions) : undefined;
  const odds = pick(random, [2, 3, 5]);
  const kinds = scene.kinds.filter(
    (kind) => random.below(odds) === 0 && (kind !== 'forge' || configuration.layer !== 'link'),
  );
  const frames = pick(random, scene.faultyFrames);
  return directions.flatMap((direction) => {
    if (one !== undefined && direction !== one) return [];
    const faults: LinkFault[] = [
      ...frameFaults(random, direction, { frames, kinds }).map((each) => ({ direction, ...each })),
      ...(scene === scenes.gaps ? combOf(random.fork(`comb ${direction}`), direction) : []),
      ...(scene === scenes.outages ? blackoutOf(random.fork(`blackout ${direction}`), direction) : []),
      ...(scene === scenes.outages ? staleOpensOf(random, direction) : []),
      ...(configuration.layer === 'sealed'
        ? tamperingOf(random.fork(`tampering ${direction}`), direction, frames, scene)
        : []),
      ...(configuration.layer === 'sealed' && scene === scenes.tampered
        ? downgradeOf(random.fork('both'), direction)
        : []),
    ];
    return faults.filter((each) => withinReach(each, configuration));
  });
}

/** Every second to sixth frame is lost, for a while. */
function combOf(random: Random, direction: Direction): LinkFault[] {
  if (random.below(3) === 0) return [];
  const first = 1 + random.below(200);
  const step = 2 + random.below(5);
  return Array.from({ length: 1 + random.below(100) }, (_, index) => {
    return { direction, frame: first + step * index, effect: { kind: 'dropFrame' } };
  });
}

/** A line that nobody calls lost, and that carries nothing for so many frames. */
function blackoutOf(random: Random, direction: Direction): LinkFault[] {
  if (random.below(2) === 0) return [];
  const first = 1 + random.below(60);
  return Array.from({ length: 1 + below(random, 120) }, (_, index) => {
    return { direction, frame: first + index, effect: { kind: 'dropFrame' } };
  });
}

/** Opens of earlier links, at frames that are few enough for a link that starts anew. */
function staleOpensOf(random: Random, direction: Direction): LinkFault[] {
  // Every second time both sides hear them at the same frames, and may be in doubt together.
  const alike = random.fork('stale opens');
  const drawn = alike.below(2) === 0 ? alike : random.fork(`stale opens ${direction}`);
  return Array.from({ length: drawn.below(8) }, () => {
    const frame = 1 + below(drawn, 500);
    return { direction, frame, effect: { kind: 'staleOpen', opensAgo: 1 + below(drawn, 8) } };
  });
}

/** Whoever tampers does so with some frames of a sealed session. */
function tamperingOf(random: Random, direction: Direction, frames: number, { tampered }: Scene): LinkFault[] {
  return Array.from({ length: random.below(tampered + 1) }, () => {
    return { direction, frame: 1 + random.below(frames), effect: tamperingEffect(random) };
  });
}

/** Mostly a message of the same queue that is not long past: another session has other keys in any case. */
function replay(random: Random): Tampering {
  const from = pick(random, ['queue', 'queue', 'queue', 'same way', 'other way'] as const);
  return { kind: 'replay', messagesAgo: 1 + below(random, from === 'queue' ? 6 : 60), from };
}

/** How often each kind comes. */
const tamperings = [
  ...(['replay', 'replay', 'replay', 'replay', 'forgeMessage', 'reorder', 'reorder', 'reorder', 'cut'] as const),
  ...(['unseal', 'refuse', 'impersonate', 'downgrade'] as const),
] as const;

/** Now and then both hellos lose the same cipher, the one that the ends would choose. */
function downgradeOf(random: Random, direction: Direction): LinkFault[] {
  if (random.below(3) > 0) return [];
  const frame = random.below(2) === 0 ? 1 : 1 + random.below(30);
  return [{ direction, frame, effect: { kind: 'downgrade', without: ciphers[0] } }];
}

/** Mostly all ciphers, else such that one is left; keys that last for few messages, or for all. */
function sealingOf(random: Random): Sealing {
  const all: Cipher[] = [...ciphers];
  const one = [pick(random, ciphers)];
  const [a, b] = pick(random, [[all, all] as const, [all, all] as const, [one, all] as const, [all, one] as const]);
  return { a, b, rekeyMessages: pick(random, [1, 2, 3, 5, 20, 2 ** 20]) };
}

function tamperingEffect(random: Random): Tampering {
  const kind = pick(random, tamperings);
  switch (kind) {
    case 'replay':
      return replay(random);
    case 'forgeMessage':
      return { kind, at: random.below(2 ** 16), xor: 1 + random.below(255) };
    case 'cut':
      return { kind, bytes: 1 + below(random, 40) };
    case 'reorder':
    case 'unseal':
      return { kind };
    case 'refuse':
      return { kind, code: pick(random, ['wrong-key', 'version-mismatch', 'capability-missing']) };
    case 'impersonate':
      return { kind, as: pick(random, impersonations) };
    case 'downgrade':
      return { kind, without: pick(random, downgrades) };
    default:
      return unreachable(kind);
  }
}

/**
 * Whether a frame that comes once more is still told from a new one by its number. Lines do not reorder, and what is
 * half of all numbers old does not come again on any; no link with numbers of 16 bits could tell.
 */
function withinReach({ effect }: LinkFault, { a, b }: LinkPlan['configuration']): boolean {
  if (effect.kind !== 'stale') return true;
  const frameBytes = Math.min(a.framePayloadMax, b.framePayloadMax);
  const reachBytes = effect.framesAgo * frameBytes + Math.max(a.windowBytes, b.windowBytes);
  return reachBytes <= (sequenceModulus / 2) * unitBytes;
}

/** A number up to `most`, small ones more often. */
function below(random: Random, most: number): number {
  const octaves = 32 - Math.clz32(most);
  return Math.min(most, random.below(2 ** random.below(octaves + 1)));
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random.below(from.length)] as T;
}
