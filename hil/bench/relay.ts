/** A line between two ends that passes through this process: it can be slow, noisy, cut and counted. */
import { encodedFrameBytesMax } from '../../protocol/limits.js';
import type { LineCapture } from '../capture/capture-file.js';
import type { LineRecord } from '../report/run-record.js';
import { captureBytes } from '../run/lines/capture-bytes.js';
import type { Impairments } from '../run/lines/carrier.js';
import { type Emulator, joinLines } from '../run/lines/emulator.js';
import { receiveFrames } from '../run/lines/frames.js';
import type { Line } from '../run/lines/line.js';
import { LineTaps } from './line-taps.js';

export interface RelayOptions {
  readonly name: string;
  /** What stands for it in the report. */
  readonly address: string;
  readonly impairments: Impairments;
  readonly seed: string;
  /** Damage and sessions are told to `taps`. */
  readonly marked: boolean;
  readonly capture?: LineCapture | undefined;
}

export class Relay {
  readonly taps: LineTaps;
  readonly #options: RelayOptions;
  readonly #emulator: Emulator;
  readonly #ends: readonly [Line, Line];

  /** `a` and `b` are the near sides of what the two ends have open. */
  constructor(a: Line, b: Line, options: RelayOptions) {
    this.#options = options;
    this.#ends = [a, b];
    this.taps = new LineTaps({ marked: options.marked });
    const frameBytesMax = encodedFrameBytesMax;
    receiveFrames(a, { frameBytesMax, onFrame: (frame) => this.taps.there.take(frame) });
    receiveFrames(b, { frameBytesMax, onFrame: (frame) => this.taps.back.take(frame) });
    const { capture, impairments, seed } = options;
    const captured = capture === undefined ? {} : { onArrived: captureBytes(capture) };
    this.#emulator = joinLines(a, b, { ...impairments, ...captured, seed });
  }

  cut(): void {
    this.#emulator.cut();
  }

  restore(): void {
    this.#emulator.restore();
  }

  get record(): LineRecord {
    const { name, address } = this.#options;
    const { aToB, bToA } = this.#emulator;
    return { name, address, bytesSent: aToB.carriedBytes, bytesReceived: bToA.carriedBytes, ...this.taps.record };
  }

  async close(): Promise<void> {
    this.#emulator.stop();
    await Promise.all(this.#ends.map((end) => end.close()));
  }
}
