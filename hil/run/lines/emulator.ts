/**
 * Emulates a serial line in real time over lines that are faster and better: baud rate, latency, flipped bits, lost
 * bytes, cuts. The same seed does the same to the same bytes.
 */

import type { Refusal } from '../../../protocol/refusals.js';
import type { Way } from '../../capture/pcapng.js';
import { Random } from '../../random.js';
import type { LineCounts } from '../../simulate/line-model.js';
import { Carrier, type Impairments } from './carrier.js';
import { type Line, LineEmitter } from './line.js';

export interface EmulatorOptions extends Impairments {
  readonly seed: string | number;
  /** Sees what arrives, after all that the line has done to it: `out` is from a to b, or out of the line that is wrapped. */
  readonly onArrived?: (way: Way, bytes: Uint8Array) => void;
}

/** A line that can be cut: nothing arrives in either direction until it is restored, as when a cable was pulled. */
export interface Cuttable {
  /** Cuts for `durationMs`, or until `restore`. What is on its way is lost. */
  cut(durationMs?: number): void;
  restore(): void;
}

/** Two lines joined by an emulated one. */
export interface Emulator extends Cuttable {
  readonly aToB: LineCounts;
  readonly bToA: LineCounts;
  /** Takes the emulation off; the two lines stay open. */
  stop(): void;
}

/** Carries what arrives at `a` to `b` and the other way round, with the impairments in each direction. */
export function joinLines(a: Line, b: Line, options: EmulatorOptions): Emulator {
  const random = new Random(options.seed);
  const { onArrived = () => {} } = options;
  const forth = carryBetween(a, b, options, random.fork('a to b'), (bytes) => onArrived('out', bytes));
  const back = carryBetween(b, a, options, random.fork('b to a'), (bytes) => onArrived('in', bytes));
  const cuts = new Cuts([forth.carrier, back.carrier]);
  return {
    get aToB() {
      return forth.carrier.counts;
    },
    get bToA() {
      return back.carrier.counts;
    },
    cut: (durationMs) => cuts.cut(durationMs),
    restore: () => cuts.restore(),
    stop: () => {
      cuts.restore();
      forth.stop();
      back.stop();
    },
  };
}

function carryBetween(
  from: Line,
  to: Line,
  impairments: Impairments,
  random: Random,
  onArrived: (bytes: Uint8Array) => void,
) {
  const carrier = new Carrier({
    impairments,
    random,
    // A line that is down loses what arrives there, and must not stop the wire.
    deliver: (bytes) => {
      if (to.isOpen) onArrived(bytes);
      return to.write(bytes) || !to.isOpen;
    },
    onRoom: () => from.resume(),
  });
  const take = (bytes: Uint8Array) => {
    if (!carrier.take(bytes)) from.pause();
  };
  const go = () => carrier.go();
  from.on('data', take);
  to.on('drain', go);
  to.on('lost', go);
  const stop = () => {
    from.off('data', take);
    to.off('drain', go);
    to.off('lost', go);
    carrier.stop();
    from.resume();
  };
  return { carrier, stop };
}

/** One line with the impairments in both directions, for when only one end can be wrapped. */
export class EmulatedLine extends LineEmitter implements Line, Cuttable {
  readonly #inner: Line;
  readonly #out: Carrier;
  readonly #in: Carrier;
  readonly #cuts: Cuts;

  constructor(inner: Line, options: EmulatorOptions) {
    super();
    const random = new Random(options.seed);
    const { onArrived = () => {} } = options;
    this.#inner = inner;
    this.#out = new Carrier({
      impairments: options,
      random: random.fork('a to b'),
      deliver: (bytes) => {
        if (inner.isOpen) onArrived('out', bytes);
        return inner.write(bytes) || !inner.isOpen;
      },
      onRoom: () => this.emit('drain'),
    });
    this.#in = new Carrier({
      impairments: options,
      random: random.fork('b to a'),
      deliver: (bytes) => {
        onArrived('in', bytes);
        this.emit('data', bytes);
        return true;
      },
      onRoom: () => inner.resume(),
    });
    this.#cuts = new Cuts([this.#out, this.#in]);
    this.#listen();
  }

  get name(): string {
    return this.#inner.name;
  }

  get isOpen(): boolean {
    return this.#inner.isOpen;
  }

  get trouble(): Refusal | undefined {
    return this.#inner.trouble;
  }

  get bufferedBytes(): number {
    return this.#out.bufferedBytes + this.#inner.bufferedBytes;
  }

  write(bytes: Uint8Array): boolean {
    return this.isOpen && this.#out.take(bytes);
  }

  pause(): void {
    this.#in.hold();
  }

  resume(): void {
    this.#in.go();
  }

  cut(durationMs?: number): void {
    this.#cuts.cut(durationMs);
  }

  restore(): void {
    this.#cuts.restore();
  }

  async close(): Promise<void> {
    this.#cuts.restore();
    await this.#inner.close();
  }

  #listen(): void {
    this.#inner.on('open', () => this.emit('open'));
    this.#inner.on('data', (bytes) => {
      if (!this.#in.take(bytes)) this.#inner.pause();
    });
    this.#inner.on('drain', () => this.#out.go());
    this.#inner.on('lost', (reason) => {
      this.#stopCarriers();
      this.emit('lost', reason);
    });
    this.#inner.on('closed', () => {
      this.#stopCarriers();
      this.emit('closed');
    });
  }

  #stopCarriers(): void {
    this.#out.stop();
    this.#in.stop();
    this.#inner.resume();
  }
}

/** Cuts of both directions at once, with the time of their end. */
class Cuts implements Cuttable {
  readonly #carriers: readonly Carrier[];
  #timer: NodeJS.Timeout | undefined;

  constructor(carriers: readonly Carrier[]) {
    this.#carriers = carriers;
  }

  cut(durationMs?: number): void {
    clearTimeout(this.#timer);
    for (const carrier of this.#carriers) carrier.cut = true;
    if (durationMs !== undefined) this.#timer = setTimeout(() => this.restore(), durationMs);
  }

  restore(): void {
    clearTimeout(this.#timer);
    for (const carrier of this.#carriers) carrier.cut = false;
  }
}
