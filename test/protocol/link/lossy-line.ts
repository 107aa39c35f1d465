/**
 * A line in virtual time between two machines that send and receive frames: finite rate and latency, and on demand
 * spoilt bits, dropped bytes, repeated and stale frames, cuts. It never reorders what is sent.
 */
import { type Deframed, Deframer } from '../../../protocol/frame/deframer.js';

/** What stands at an end: a link or an endpoint. */
export interface LineEnd {
  lineUp(nowUs: number): void;
  lineDown(nowUs: number): void;
  receiveFrame(frame: Uint8Array, nowUs: number): void;
  tick(nowUs: number): void;
  transmit(nowUs: number): Uint8Array | undefined;
  deadline(): number | undefined;
}

export interface LineFaults {
  readonly bitErrorRate: number;
  readonly byteDropRate: number;
  readonly frameRepeatRate: number;
  /** How often a frame of the past arrives once more before the one that is sent. */
  readonly staleFrameRate: number;
}

export const noFaults: LineFaults = { bitErrorRate: 0, byteDropRate: 0, frameRepeatRate: 0, staleFrameRate: 0 };

/** A small seeded generator (mulberry32): 0 ≤ x < 1. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Way {
  readonly from: LineEnd;
  readonly to: LineEnd;
  readonly arrivals: { readonly atUs: number; readonly bytes: Uint8Array }[];
  readonly deframer: Deframer;
  readonly past: Uint8Array[];
  freeUs: number;
  idle: boolean;
  /** Bytes and frames handed over by the sender. */
  sentBytes: number;
  sentFrames: number;
}

export interface LineOptions {
  readonly bytesPerSecond: number;
  readonly latencyUs: number;
  readonly seed: number;
}

export class LossyLine {
  readonly ways: readonly [Way, Way];
  readonly #options: LineOptions;
  readonly #random: () => number;
  faults: LineFaults = noFaults;
  nowUs = 0;
  #up = false;

  constructor(a: LineEnd, b: LineEnd, options: LineOptions) {
    this.ways = [wayOf(a, b), wayOf(b, a)];
    this.#options = options;
    this.#random = seeded(options.seed);
  }

  up(): void {
    this.#up = true;
    for (const way of this.ways) way.from.lineUp(this.nowUs);
    this.#wake();
  }

  /** Cuts the line; `told` says whether the ends notice. What was under way is lost. */
  cut(told = true): void {
    this.#up = false;
    for (const way of this.ways) {
      way.arrivals.length = 0;
      if (told) way.from.lineDown(this.nowUs);
      if (told) way.deframer.reset();
    }
  }

  /** Mends a cut that the ends did not notice. */
  mend(): void {
    this.#up = true;
    this.#wake();
  }

  /** Lets time pass until `done` or `untilUs`; returns whether it was done. */
  run(untilUs: number, done: () => boolean = () => false): boolean {
    this.#wake();
    for (;;) {
      this.#step();
      if (done()) return true;
      const next = this.#nextUs();
      if (next === undefined || next > untilUs) {
        this.nowUs = untilUs;
        return done();
      }
      this.nowUs = Math.max(this.nowUs, next);
    }
  }

  #step(): void {
    for (const way of this.ways) {
      const deadline = way.from.deadline();
      if (deadline !== undefined && deadline <= this.nowUs) {
        way.from.tick(this.nowUs);
        this.#wake();
      }
    }
    for (const way of this.ways) this.#deliver(way);
    for (const way of this.ways) this.#send(way);
  }

  #nextUs(): number | undefined {
    const times = this.ways.flatMap((way) => [
      way.arrivals[0]?.atUs,
      way.idle ? undefined : way.freeUs,
      way.from.deadline(),
    ]);
    const known = times.filter((each) => each !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  }

  #deliver(way: Way): void {
    while (way.arrivals[0] !== undefined && way.arrivals[0].atUs <= this.nowUs) {
      const { bytes } = way.arrivals.shift() as { readonly bytes: Uint8Array };
      for (const found of way.deframer.push(bytes)) this.#hand(way, found);
      this.#wake();
    }
  }

  #hand(way: Way, found: Deframed): void {
    if (found.kind === 'frame') way.to.receiveFrame(found.encoded, this.nowUs);
  }

  #send(way: Way): void {
    while (!way.idle && way.freeUs <= this.nowUs) {
      const frame = way.from.transmit(this.nowUs);
      way.idle = frame === undefined;
      if (frame === undefined) return;
      way.sentBytes += frame.length;
      way.sentFrames += 1;
      way.freeUs = this.nowUs + Math.ceil((frame.length * 1e6) / this.#options.bytesPerSecond);
      if (this.#up) way.arrivals.push({ atUs: way.freeUs + this.#options.latencyUs, bytes: this.#damage(way, frame) });
    }
  }

  #damage(way: Way, frame: Uint8Array): Uint8Array {
    const { faults } = this;
    if (faults === noFaults) return frame;
    const sent = [frame];
    if (this.#random() < faults.staleFrameRate && way.past.length > 0) {
      sent.unshift(way.past[Math.floor(this.#random() * way.past.length)] as Uint8Array);
    }
    if (this.#random() < faults.frameRepeatRate) sent.push(frame);
    if (faults.staleFrameRate > 0 && way.past.length < 4096) way.past.push(frame);
    const bytes = Buffer.concat(sent);
    this.#spoil(bytes, faults.bitErrorRate * 8, (at) => {
      bytes[at] = (bytes[at] as number) ^ (1 << Math.floor(this.#random() * 8));
    });
    const dropped = new Set<number>();
    this.#spoil(bytes, faults.byteDropRate, (at) => dropped.add(at));
    return dropped.size === 0 ? bytes : bytes.filter((_, at) => !dropped.has(at));
  }

  /** Calls `spoil` for offsets that are chosen with probability `rate` each. */
  #spoil(bytes: Uint8Array, rate: number, spoil: (at: number) => void): void {
    if (rate === 0) return;
    const step = (): number => Math.floor(Math.log(1 - this.#random()) / Math.log(1 - rate));
    for (let at = step(); at < bytes.length; at += 1 + step()) spoil(at);
  }

  #wake(): void {
    for (const way of this.ways) way.idle = false;
  }
}

function wayOf(from: LineEnd, to: LineEnd): Way {
  return {
    from,
    to,
    arrivals: [],
    deframer: new Deframer(),
    past: [],
    freeUs: 0,
    idle: false,
    sentBytes: 0,
    sentFrames: 0,
  };
}
