/**
 * One of the three queues at the sender: messages that wait, and their fragments that are not acknowledged yet.
 * Messages are held by reference until then; a fragment is a view of its message.
 */
import { assert } from '../ids.js';
import { unitBytes } from '../limits.js';
import { partOf } from '../part-of.js';
import type { AcknowledgementRecord } from './acknowledgement.js';
import { unitsOf, unwrapped } from './sequence.js';

export interface Fragment {
  /** First unit, and how many. */
  readonly start: number;
  readonly units: number;
  readonly bytes: Uint8Array;
  readonly first: boolean;
  readonly last: boolean;
  /** On its way, or to be repeated. */
  state: 'flying' | 'lost';
  /** The number of its latest transmission, over all queues. */
  sentOrder: number;
  /** The transmission that an acknowledgement proves to have arrived: an earlier one if a timer repeated it. */
  provenOrder: number;
  sentAtUs: number;
  transmissions: number;
  byTimer: boolean;
}

export class SendQueue {
  readonly #waiting: Uint8Array[] = [];
  /** How much of the first waiting message is cut into fragments. */
  #cutBytes = 0;
  /** Not acknowledged, in ascending order of units. */
  #fragments: Fragment[] = [];
  /** The first unit not acknowledged, and the first not used. */
  #acknowledged = 0;
  #next = 0;
  #lostCount = 0;
  /** What the latest acknowledgement could name: nothing is concluded about units from here on. */
  #coveredUntil = Number.POSITIVE_INFINITY;
  #gaps = false;
  #queuedBytes = 0;
  #queuedMessages = 0;

  push(message: Uint8Array): void {
    this.#waiting.push(message);
    this.#queuedMessages += 1;
    this.#queuedBytes += message.length;
  }

  /** Bytes of messages not acknowledged. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Messages whose end is not acknowledged. */
  get queuedMessages(): number {
    return this.#queuedMessages;
  }

  /** Nothing waits to be sent, or to be repeated. */
  get empty(): boolean {
    return this.#lostCount === 0 && this.#waiting.length === 0;
  }

  get flying(): boolean {
    return this.#fragments.length > this.#lostCount;
  }

  get lost(): boolean {
    return this.#lostCount > 0;
  }

  get fragments(): readonly Fragment[] {
    return this.#fragments;
  }

  /** The first fragment to repeat, split to at most `bytesMax`, or undefined. Counts as flying from now on. */
  repeat(bytesMax: number): Fragment | undefined {
    if (this.#lostCount === 0) return undefined;
    const index = this.#fragments.findIndex((each) => each.state === 'lost');
    const fragment = this.#split(index, bytesMax);
    fragment.state = 'flying';
    this.#lostCount -= 1;
    return fragment;
  }

  /** A new fragment of at most `bytesMax`, or undefined when nothing waits or the window is full. */
  cut(bytesMax: number, windowUnits: number): Fragment | undefined {
    const message = this.#waiting[0];
    if (message === undefined) return undefined;
    const room = windowUnits - (this.#next - this.#acknowledged);
    const wanted = Math.min(bytesMax, message.length - this.#cutBytes);
    // A sliver is only worth a frame when nothing is on its way that will make room for more.
    const length = unitsOf(wanted) <= room || this.#fragments.length > 0 ? wanted : Math.min(wanted, room * unitBytes);
    if (unitsOf(length) > room) return undefined;
    const fragment = fragmentOf(message, this.#cutBytes, length, this.#next);
    this.#fragments.push(fragment);
    this.#next += fragment.units;
    this.#cutBytes += length;
    if (fragment.last) {
      this.#waiting.shift();
      this.#cutBytes = 0;
    }
    return fragment;
  }

  /** Whether a record says less than one before has said: it is an old one, or one of them was nobody's who knows. */
  isBehind(next: number): boolean {
    return unwrapped(next, this.#acknowledged) < this.#acknowledged;
  }

  /** Takes a record and returns the fragments that it newly acknowledges; none when it is older than another was. */
  acknowledge(record: Omit<AcknowledgementRecord, 'priority'>): Fragment[] {
    const next = unwrapped(record.next, this.#acknowledged);
    if (next < this.#acknowledged || next > this.#next) return [];
    this.#acknowledged = next;
    this.#gaps = record.runs.length > 0;
    const received = receivedRanges(next, record.runs);
    this.#coveredUntil = record.complete ? Number.POSITIVE_INFINITY : (received.at(-1)?.end ?? next);
    return this.#release(next, received);
  }

  /** Marks as lost whatever was sent before `order` and could have been acknowledged; returns it. */
  loseBefore(order: number): Fragment[] {
    const head = this.#fragments[0];
    if (head === undefined || (!this.#gaps && head.state === 'flying' && head.sentOrder > order)) return [];
    return this.#lose((each) => each.sentOrder <= order && each.start < this.#coveredUntil);
  }

  /** Marks everything on its way as lost: the line was lost. */
  loseAll(): void {
    this.#lose(() => true);
  }

  /** Marks the first part of a fragment as lost, because a timer ended. */
  loseByTimer(fragment: Fragment, bytesMax: number): void {
    if (fragment.state === 'lost') return;
    const part = this.#split(this.#fragments.indexOf(fragment), bytesMax);
    part.state = 'lost';
    part.byTimer = true;
    this.#lostCount += 1;
  }

  #lose(chosen: (fragment: Fragment) => boolean): Fragment[] {
    const found = this.#fragments.filter((each) => each.state === 'flying' && chosen(each));
    for (const each of found) each.state = 'lost';
    this.#lostCount += found.length;
    return found;
  }

  #release(next: number, received: readonly Range[]): Fragment[] {
    const acknowledged: Fragment[] = [];
    const kept: Fragment[] = [];
    let range = 0;
    for (const each of this.#fragments) {
      const end = each.start + each.units;
      while (range < received.length && (received[range] as Range).end < end) range += 1;
      const arrived = end <= next || (range < received.length && (received[range] as Range).start <= each.start);
      (arrived ? acknowledged : kept).push(each);
    }
    this.#fragments = kept;
    for (const each of acknowledged) {
      this.#queuedBytes -= each.bytes.length;
      if (each.last) this.#queuedMessages -= 1;
      if (each.state === 'lost') this.#lostCount -= 1;
    }
    return acknowledged;
  }

  /** Splits the fragment at `index` when it is longer than `bytesMax`; returns its first part. */
  #split(index: number, bytesMax: number): Fragment {
    const whole = this.#fragments[index];
    assert(whole !== undefined, 'the fragment is not acknowledged');
    if (whole.bytes.length <= bytesMax) return whole;
    const units = bytesMax / unitBytes;
    const head: Fragment = { ...whole, units, bytes: whole.bytes.subarray(0, bytesMax), last: false };
    const rest = whole.bytes.subarray(bytesMax);
    const tail: Fragment = {
      ...whole,
      start: whole.start + units,
      units: unitsOf(rest.length),
      bytes: rest,
      first: false,
    };
    this.#fragments.splice(index, 1, head, tail);
    if (whole.state === 'lost') this.#lostCount += 1;
    return head;
  }
}

interface Range {
  readonly start: number;
  readonly end: number;
}

function receivedRanges(next: number, runs: readonly number[]): Range[] {
  const ranges: Range[] = [];
  let at = next;
  for (let index = 0; index + 1 < runs.length; index += 2) {
    const start = at + (runs[index] as number);
    at = start + (runs[index + 1] as number);
    ranges.push({ start, end: at });
  }
  return ranges;
}

function fragmentOf(message: Uint8Array, from: number, length: number, start: number): Fragment {
  return {
    start,
    units: unitsOf(length),
    bytes: partOf(message, from, from + length),
    first: from === 0,
    last: from + length === message.length,
    state: 'flying',
    sentOrder: 0,
    provenOrder: 0,
    sentAtUs: 0,
    transmissions: 0,
    byTimer: false,
  };
}
