/**
 * One of the three queues at the receiver: puts fragments in order and joins them to messages. Holds no more than the
 * window that was announced, plus one message.
 */
import type { Frame } from '../frame/frame.js';
import { unitBytes } from '../limits.js';
import type { RefusalCode } from '../refusals.js';
import type { ReceiveLimits } from './open-frame.js';
import { unitsOf, unwrapped } from './sequence.js';

export type DataFrame = Extract<Frame, { readonly kind: 'data' }>;

/** What became of a frame, and the messages that it completed. */
export interface Taken {
  readonly outcome: 'taken' | 'gap' | 'repeated' | RefusalCode;
  readonly messages: readonly Uint8Array[];
}

interface Held {
  readonly start: number;
  readonly end: number;
  readonly frame: DataFrame;
}

export class ReceiveQueue {
  readonly #limits: ReceiveLimits;
  #next = 0;
  /** Out of order, ascending, without overlaps. */
  readonly #held: Held[] = [];
  /** Fragments of the message that is not complete; undefined between messages and while one is dropped. */
  #parts: Uint8Array[] | undefined;
  #partBytes = 0;

  constructor(limits: ReceiveLimits) {
    this.#limits = limits;
  }

  /** The first unit not received in order. */
  get next(): number {
    return this.#next;
  }

  /** Bytes of payload held. */
  get heldBytes(): number {
    return this.#held.reduce((sum, { frame }) => sum + frame.payload.length, this.#partBytes);
  }

  /** From `next` on: missing, received, missing, received, … in units. */
  get runs(): number[] {
    const runs: number[] = [];
    let end = this.#next;
    for (const each of this.#held) {
      if (each.start === end && runs.length > 0) runs[runs.length - 1] = (runs.at(-1) ?? 0) + each.end - each.start;
      else runs.push(each.start - end, each.end - each.start);
      end = each.end;
    }
    return runs;
  }

  take(frame: DataFrame): Taken {
    const { length } = frame.payload;
    const whole = length > 0 && length % unitBytes === 0;
    if (!frame.last && !whole) return nothing('frame-length');
    if (length > this.#limits.payloadUnitsMax * unitBytes) return nothing('frame-length');
    const start = unwrapped(frame.sequence, this.#next);
    const end = start + unitsOf(length);
    if (end > this.#next + this.#limits.windowUnits) return nothing('frame-window');
    const index = this.#placeOf(start);
    const behind = index === 0 ? this.#next : (this.#held[index - 1] as Held).end;
    const ahead = this.#held[index]?.start ?? Number.POSITIVE_INFINITY;
    if (start < behind || end > ahead) return nothing('repeated');
    if (start > this.#next) {
      const gap = start > behind && index === this.#held.length;
      this.#held.splice(index, 0, { start, end, frame });
      return nothing(gap ? 'gap' : 'taken');
    }
    return this.#advance(frame, end);
  }

  /** Where a fragment that starts there belongs among the held ones; nearly always at their end. */
  #placeOf(start: number): number {
    let low = 0;
    let high = this.#held.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#held[middle] as Held).start < start) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #advance(frame: DataFrame, end: number): Taken {
    const messages: Uint8Array[] = [];
    let fits = this.#join(frame, messages);
    this.#next = end;
    let count = 0;
    for (const each of this.#held) {
      if (each.start !== this.#next) break;
      fits = this.#join(each.frame, messages) && fits;
      this.#next = each.end;
      count += 1;
    }
    // Stryker disable next-line ConditionalExpression,EqualityOperator: of nothing, nothing is taken; this is faster
    if (count > 0) this.#held.splice(0, count);
    return { outcome: fits ? 'taken' : 'link-message-length', messages };
  }

  /** Adds the next fragment in order; false when its message became too long and is dropped. */
  #join({ first, last, payload }: DataFrame, messages: Uint8Array[]): boolean {
    if (first) {
      this.#parts = [];
      this.#partBytes = 0;
    }
    if (this.#parts === undefined) return true;
    this.#partBytes += payload.length;
    const fits = this.#partBytes <= this.#limits.messageBytesMax;
    if (fits) this.#parts.push(payload);
    // A message of one fragment is handed on as it arrived; others are copied once.
    if (fits && last) messages.push(first ? payload : Buffer.concat(this.#parts, this.#partBytes));
    if (last || !fits) {
      this.#parts = undefined;
      this.#partBytes = 0;
    }
    return fits;
  }
}

function nothing(outcome: Taken['outcome']): Taken {
  return { outcome, messages: [] };
}
