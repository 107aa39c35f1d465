/**
 * What the conformance suite has of the line to the device: bytes, a clock and timers. A real line in real time, or a
 * model in virtual time.
 */
import type { Refusal } from '../../protocol/refusals.js';
import { nowUs } from '../run/clock.js';
import type { Line } from '../run/lines/line.js';

export interface Wire {
  readonly name: string;
  /** Bits per second where the line has a baud rate; undefined for lines that carry bytes as fast as they come. */
  readonly baud: number | undefined;
  readonly isOpen: boolean;
  /** Why it is not open. */
  readonly trouble: Refusal | undefined;
  nowUs(): number;
  /** How long it takes until all that was written has left, in microseconds: 0 without a baud rate. */
  drainUs(): number;
  write(bytes: Uint8Array): void;
  /** Takes what arrives from here on, and is told when the line goes up or down. */
  listen(listener: WireListener): void;
  /** Calls back once after so long; the result calls it off. */
  after(delayUs: number, callback: () => void): () => void;
  /** Closes the line and begins to open it again; undefined where that is nothing that the device would see. */
  readonly reopen: (() => Promise<void>) | undefined;
  close(): Promise<void>;
}

export interface WireListener {
  arrived(bytes: Uint8Array): void;
  /** The line has gone up or down. */
  changed(): void;
}

export interface LineWireOptions {
  /** Makes the line, again after each `reopen`. */
  readonly open: () => Line;
  readonly baud: number | undefined;
  /** Whether the device notices that the line was closed and opened: true for sockets. */
  readonly canReopen: boolean;
}

/** Start and stop bit with it. */
export const bitsPerByte = 10;

/** From here on times are as long as the checks have them; a slower line stretches them all. */
const baudUsual = 115_200;

/** By how much times have to be longer on this line. */
export function slowness({ baud = baudUsual }: Pick<Wire, 'baud'>): number {
  return Math.max(1, baudUsual / baud);
}

/** When a line of so many bits per second has carried what was given to it. */
export class Drain {
  readonly #byteUs: number;
  #emptyAtUs = 0;

  constructor(baud: number | undefined) {
    this.#byteUs = baud === undefined ? 0 : (bitsPerByte * 1e6) / baud;
  }

  /** Bytes are given to the line now; gives the time at which the last of them has left. */
  give(bytes: number, nowUs: number): number {
    this.#emptyAtUs = Math.max(this.#emptyAtUs, nowUs) + bytes * this.#byteUs;
    return this.#emptyAtUs;
  }

  /** How long it takes until it is empty. */
  leftUs(nowUs: number): number {
    return Math.max(0, this.#emptyAtUs - nowUs);
  }
}

/** A line as wire, in real time. */
export class LineWire implements Wire {
  readonly baud: number | undefined;
  readonly #drain: Drain;
  readonly reopen: (() => Promise<void>) | undefined;
  readonly #open: () => Line;
  #line: Line;
  #listener: WireListener | undefined;

  constructor({ open, baud, canReopen }: LineWireOptions) {
    this.baud = baud;
    this.#drain = new Drain(baud);
    this.#open = open;
    this.#line = this.#attached();
    this.reopen = canReopen ? () => this.#again() : undefined;
  }

  get name(): string {
    return this.#line.name;
  }

  get isOpen(): boolean {
    return this.#line.isOpen;
  }

  get trouble(): Refusal | undefined {
    return this.#line.trouble;
  }

  nowUs(): number {
    return nowUs();
  }

  drainUs(): number {
    return this.#drain.leftUs(nowUs());
  }

  write(bytes: Uint8Array): void {
    this.#drain.give(bytes.length, nowUs());
    this.#line.write(bytes);
  }

  listen(listener: WireListener): void {
    this.#listener = listener;
  }

  after(delayUs: number, callback: () => void): () => void {
    const timer = setTimeout(callback, Math.ceil(delayUs / 1000));
    return () => clearTimeout(timer);
  }

  close(): Promise<void> {
    return this.#line.close();
  }

  #attached(): Line {
    const line = this.#open();
    line.on('data', (bytes) => this.#listener?.arrived(bytes));
    line.on('open', () => this.#listener?.changed());
    line.on('lost', () => this.#listener?.changed());
    return line;
  }

  async #again(): Promise<void> {
    await this.#line.close();
    this.#listener?.changed();
    this.#line = this.#attached();
  }
}
