/**
 * A link at the end of a modelled line, with a record of what it told.
 */
import { Link, type LinkEvent, type LinkOptions } from '../../../protocol/link/link.js';
import type { LineEnd } from './lossy-line.js';

export class LinkEnd implements LineEnd {
  link: Link;
  readonly events: LinkEvent[] = [];
  /** How many messages have arrived. */
  arrived = 0;
  /** The most bytes that were held at any time. */
  heldBytesMax = 0;
  readonly #options: LinkOptions;
  #powerOns = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.link = new Link(options);
  }

  /** Forgets everything, as a loss of power does. */
  restart(nowUs: number): void {
    this.#powerOns += 1;
    this.link = new Link({
      ...this.#options,
      entropy: Buffer.concat([this.#options.entropy, Buffer.of(this.#powerOns)]),
    });
    this.link.lineUp(nowUs);
  }

  lineUp(nowUs: number): void {
    this.link.lineUp(nowUs);
  }

  lineDown(): void {
    this.link.lineDown();
  }

  receiveFrame(frame: Uint8Array, nowUs: number): void {
    const events = this.link.receiveFrame(frame, nowUs);
    this.events.push(...events);
    this.arrived += events.filter(({ kind }) => kind === 'message').length;
    this.heldBytesMax = Math.max(this.heldBytesMax, this.link.heldBytes);
  }

  tick(nowUs: number): void {
    this.link.tick(nowUs);
  }

  transmit(nowUs: number): Uint8Array | undefined {
    return this.link.transmit(nowUs);
  }

  deadline(): number | undefined {
    return this.link.deadline();
  }

  /** Messages of one queue that have arrived. */
  messages(priority: number): Uint8Array[] {
    return this.events.flatMap((event) =>
      event.kind === 'message' && event.priority === priority ? [event.bytes] : [],
    );
  }

  count(kind: LinkEvent['kind']): number {
    return this.events.filter((event) => event.kind === kind).length;
  }
}
