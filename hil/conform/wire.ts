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

/** A line as wire, in real time. */
export class LineWire implements Wire {
  readonly baud: number | undefined;
  readonly reopen: (() => Promise<void>) | undefined;
  readonly #open: () => Line;
  #line: Line;
  #listener: WireListener | undefined;

  constructor({ open, baud, canReopen }: LineWireOptions) {
    this.baud = baud;
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

  write(bytes: Uint8Array): void {
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
