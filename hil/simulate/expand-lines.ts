/**
 * Faults of lines out of random numbers: for each kind a rate of its own, for each frame that it meets an effect. Integer
 * arithmetic only, so that a seed expands to the same faults everywhere.
 */
import { unreachable } from '../../protocol/ids.js';
import type { Random } from '../random.js';
import { Gap } from './gap.js';
import type { Direction, LineEffect, LineEffectKind, LineFault, LineName } from './plan.js';
import { strangeFrame } from './strange-frame.js';

export interface LineFaultOptions {
  /** Frames 1 … `frames` of each direction are addressed. */
  readonly frames: number;
  readonly lines: readonly (readonly [LineName, Direction])[];
  /** The kinds that happen at all. */
  readonly kinds: readonly LineEffectKind[];
}

/** One frame in so many is met: steps of a factor of about the square root of 2, each equally likely. */
const framesPerFault = [10, 14, 20, 28, 40, 57, 80, 113, 160, 226, 320, 453, 640, 905, 1280, 1810, 2000] as const;

/** Forgeries wait for data, which is in few frames. */
const framesPerForgery = [5, 10, 20, 40, 80] as const;

/** Faults in the order of kinds, then of lines, then of frames. The same generator gives the same faults. */
export function lineFaults(random: Random, options: LineFaultOptions): LineFault[] {
  return options.lines.flatMap(([line, direction]) => {
    const faults = frameFaults(random, `${line}/${direction}`, options);
    return faults.map((each): LineFault => ({ kind: 'line', line, direction, ...each }));
  });
}

/** The faults of one direction, which is called `name`; a kind has the same rate in all of them. */
export function frameFaults(
  random: Random,
  name: string,
  { frames, kinds }: Pick<LineFaultOptions, 'frames' | 'kinds'>,
): { readonly frame: number; readonly effect: LineEffect }[] {
  return kinds.flatMap((kind) => {
    const rate = 1 / pick(random.fork(kind), kind === 'forgeData' ? framesPerForgery : framesPerFault);
    const drawn = random.fork(`${kind}/${name}`);
    const gap = new Gap(rate, drawn);
    const faults: { frame: number; effect: LineEffect }[] = [];
    for (let frame = 1 + gap.next(); frame <= frames; frame += 1 + gap.next()) {
      faults.push({ frame, effect: drawLineEffect(drawn, kind) });
    }
    return faults;
  });
}

/** One effect of a kind. */
export function drawLineEffect(random: Random, kind: LineEffectKind): LineEffect {
  switch (kind) {
    case 'flip':
      return { kind, bits: Array.from({ length: upTo(random, 4) }, () => 8 * offset(random) + random.below(8)) };
    case 'burst':
      return { kind, at: offset(random), bytes: upTo(random, 8), xor: xor(random) };
    case 'dropBytes':
    case 'duplicateBytes':
      return { kind, at: offset(random), bytes: upTo(random, 8) };
    case 'insertBytes':
      return random.below(3) === 0
        ? { kind, at: 0, hex: strangeFrame(random).toString('hex') }
        : { kind, at: offset(random), hex: random.fill(Buffer.alloc(upTo(random, 6))).toString('hex') };
    case 'duplicateFrame':
      return { kind, copies: upTo(random, 3) };
    case 'delimiter':
      return { kind, how: pick(random, ['lost', 'changed', 'extra'] as const), at: offset(random) };
    case 'length':
      return { kind, xor: xor(random) };
    case 'checksum':
      return { kind, byte: random.below(4), xor: xor(random) };
    case 'forge':
    case 'forgeData':
      return { kind, at: offset(random), xor: xor(random) };
    case 'dropFrame':
    case 'stale':
    case 'stall':
    case 'overrun':
    case 'disconnect':
      return frameEffect(random, kind);
    default:
      return unreachable(kind);
  }
}

function frameEffect(random: Random, kind: 'dropFrame' | 'stale' | 'stall' | 'overrun' | 'disconnect'): LineEffect {
  switch (kind) {
    case 'dropFrame':
      return { kind };
    case 'stale':
      return { kind, framesAgo: Math.min(upTo(random, 6), 60) };
    case 'stall':
      return { kind, us: durationUs(random, 3_000_000) };
    case 'overrun':
      return { kind, at: offset(random) };
    case 'disconnect':
      return { kind, at: offset(random), us: durationUs(random, 20_000_000) };
    default:
      return unreachable(kind);
  }
}

/** An offset in a frame: near its start, where header and first code lie, or anywhere in frames of any length. */
function offset(random: Random): number {
  return random.below(4) === 0 ? random.below(12) : random.below(2 ** 17);
}

/** 1 … 2^`octaves`, small numbers more often. */
function upTo(random: Random, octaves: number): number {
  return 1 + random.below(2 ** random.below(octaves + 1));
}

/** From a millisecond to `maxUs`, each octave equally likely. */
function durationUs(random: Random, maxUs: number): number {
  const leastUs = 1000;
  const octaves = 32 - Math.clz32(Math.floor(maxUs / leastUs) - 1);
  const fromUs = leastUs * 2 ** random.below(octaves);
  return Math.min(maxUs, fromUs + random.below(fromUs));
}

function xor(random: Random): number {
  return 1 + random.below(255);
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random.below(from.length)] as T;
}
