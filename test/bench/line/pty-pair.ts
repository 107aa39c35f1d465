/** Two PTYs with an emulated line between them. */

import type { Way } from '../../../hil/capture/pcapng.js';
import { type Emulator, joinLines } from '../../../hil/run/lines/emulator.js';
import { openPtyLine, type PtyLine } from '../../../hil/run/lines/open-line.js';
import type { TransferSettings } from './goodput.js';

export class PtyPair {
  /** Our ends. */
  readonly a: PtyLine;
  readonly b: PtyLine;
  readonly #emulator: Emulator;
  readonly #baud: number;

  /** `onArrived` sees what arrives at an end; `out`: at b. */
  constructor(
    { baud, latencyMs, bitErrorRate, dropRate, seed }: TransferSettings,
    onArrived: (way: Way, bytes: Uint8Array) => void = () => {},
  ) {
    this.#baud = baud;
    this.a = openPtyLine({ kind: 'pty' });
    this.b = openPtyLine({ kind: 'pty' });
    const impairments = { baud, latencyUs: latencyMs * 1000, bitErrorRate, dropRate };
    this.#emulator = joinLines(this.a, this.b, { ...impairments, seed, onArrived });
  }

  /** What a controller opens. */
  get addressA(): string {
    return `serial:${this.a.path}?baud=${this.#baud}`;
  }

  get addressB(): string {
    return `serial:${this.b.path}?baud=${this.#baud}`;
  }

  cut(ms: number): void {
    this.#emulator.cut(ms);
  }

  async close(): Promise<void> {
    this.#emulator.stop();
    await Promise.all([this.a.close(), this.b.close()]);
  }
}
