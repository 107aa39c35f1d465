/** One direction of a line on which opens of earlier links come once more. */
import { decodeFrame } from '../../../protocol/frame/frame.js';
import type { Wire } from '../kernel.js';
import type { Delivery, LineCounts } from '../line-model.js';
import type { LinkFault } from './link-plan.js';

export interface StaleOpenFault extends LinkFault {
  readonly effect: Extract<LinkFault['effect'], { kind: 'staleOpen' }>;
}

export function isStaleOpen(fault: LinkFault): fault is StaleOpenFault {
  return fault.effect.kind === 'staleOpen';
}

/** Longer frames are not looked at: no open is as long. */
const openBytesMax = 64;

/** Whether a frame, with its delimiter, is an open. */
function isOpen(bytes: Uint8Array): boolean {
  if (bytes.length > openBytesMax) return false;
  const decoded = decodeFrame(bytes.subarray(0, -1), 0);
  return decoded.ok && decoded.frame.kind === 'open';
}

export class StaleOpensWire implements Wire {
  readonly #around: Wire;
  readonly #applied: (fault: StaleOpenFault) => void;
  /** What is still to be done, by the number of the frame from which on. */
  readonly #pending: StaleOpenFault[];
  readonly #opens: Uint8Array[] = [];
  #frames = 0;
  #carried: Uint8Array = Buffer.alloc(0);

  constructor(around: Wire, faults: readonly StaleOpenFault[], applied: (fault: StaleOpenFault) => void) {
    this.#around = around;
    this.#applied = applied;
    this.#pending = [...faults].sort((one, other) => one.frame - other.frame);
  }

  get freeAtUs(): number {
    return this.#around.freeAtUs;
  }

  get counts(): LineCounts {
    return this.#around.counts;
  }

  /** Whether the frame that is being carried is an open. */
  get carriesOpen(): boolean {
    return isOpen(this.#carried);
  }

  carry(bytes: Uint8Array, nowUs: number): readonly Delivery[] {
    this.#frames += 1;
    this.#carried = bytes;
    const stale = this.#pending.length > 0 ? this.#staleOpen() : undefined;
    this.#remember(bytes);
    return this.#around.carry(stale === undefined ? bytes : Buffer.concat([bytes, stale]), nowUs);
  }

  #staleOpen(): Uint8Array | undefined {
    for (const [index, fault] of this.#pending.entries()) {
      if (fault.frame > this.#frames) break;
      const open = this.#opens.at(-fault.effect.opensAgo);
      if (open === undefined) continue;
      this.#pending.splice(index, 1);
      this.#applied(fault);
      return open;
    }
    return undefined;
  }

  #remember(bytes: Uint8Array): void {
    const last = this.#opens.at(-1);
    if (isOpen(bytes) && (last === undefined || Buffer.compare(last, bytes) !== 0)) this.#opens.push(bytes);
  }
}
