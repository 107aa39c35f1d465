/**
 * The sending half of a link: picks the next fragment, finds losses from the order of transmission, and keeps one timer
 * for the tail (PROTOCOL.md, "Repeating").
 */
import { unitBytes } from '../limits.js';
import type { Priority } from '../message/message.js';
import type { AcknowledgementRecord } from './acknowledgement.js';
import { FrameSize } from './frame-size.js';
import { type PerPriority, priorities, type ReceiveLimits } from './open-frame.js';
import { RoundTrip } from './round-trip.js';
import { type Fragment, SendQueue } from './send-queue.js';

/** How many fragments are repeated when the timer has ended, besides the latest. */
const probedFragments = 4;

/**
 * A receiver never takes back what it has acknowledged. One that says less than was said before, so often and for so long,
 * lacks what the sender has let go: somebody else acknowledged it.
 */
const behindMax = 8;
const behindUsMax = 2_000_000;

export class Sender {
  readonly #queues: PerPriority<SendQueue> = [new SendQueue(), new SendQueue(), new SendQueue()];
  readonly #limits: ReceiveLimits;
  readonly #size: FrameSize;
  readonly #roundTrip = new RoundTrip();
  #nextOrder = 1;
  /** The latest transmission that is known to have arrived. */
  #provenOrder = 0;
  #timerUs: number | undefined;
  /** Acknowledgements have arrived since the timer ended last, with news or without. */
  #heardSinceTimer = true;

  /** Of each queue: acknowledgements in a row that were behind, and when the first of them came. */
  readonly #behind: PerPriority<{ count: number; sinceUs: number }> = [
    { count: 0, sinceUs: 0 },
    { count: 0, sinceUs: 0 },
    { count: 0, sinceUs: 0 },
  ];

  /** `limits`: what the peer announced. `payloadBytesMax`: the largest payload of this side, in bytes. */
  constructor(limits: ReceiveLimits, payloadBytesMax: number) {
    this.#limits = limits;
    this.#size = new FrameSize(Math.min(payloadBytesMax, limits.payloadUnitsMax * unitBytes));
  }

  /** The longest message that the peer takes, in bytes. */
  get messageBytesMax(): number {
    return this.#limits.messageBytesMax;
  }

  get queuedBytes(): number {
    return this.#queues[0].queuedBytes + this.#queues[1].queuedBytes + this.#queues[2].queuedBytes;
  }

  /** Messages whose end is not acknowledged. */
  get queuedMessages(): number {
    return this.#queues.reduce((sum, queue) => sum + queue.queuedMessages, 0);
  }

  /** The payload that frames have at present, in bytes. */
  get payloadBytes(): number {
    return this.#size.bytes;
  }

  push(message: Uint8Array, priority: Priority): void {
    this.#queues[priority].push(message);
  }

  /** The next fragment to put on the line, or undefined when there is none now. */
  transmit(nowUs: number): { readonly priority: Priority; readonly fragment: Fragment } | undefined {
    for (const priority of priorities) {
      const queue = this.#queues[priority];
      if (queue.empty) continue;
      const fragment = queue.repeat(this.#size.bytes) ?? this.#fresh(queue, priority);
      if (fragment === undefined) continue;
      this.#sent(fragment, nowUs);
      return { priority, fragment };
    }
    return undefined;
  }

  acknowledge(records: readonly AcknowledgementRecord[], nowUs: number): void {
    this.#heardSinceTimer = true;
    for (const { priority, next } of records) this.#compare(priority, next, nowUs);
    const acknowledged: Fragment[] = [];
    for (const record of records) acknowledged.push(...this.#queues[record.priority].acknowledge(record));
    // Only the newest transmission measures the line: what lay past the reach of acknowledgements is told late.
    let newest: Fragment | undefined;
    for (const each of acknowledged) {
      this.#size.carried(each.bytes.length);
      if (each.provenOrder <= this.#provenOrder) continue;
      this.#provenOrder = each.provenOrder;
      newest = each;
    }
    if (newest?.transmissions === 1) this.#roundTrip.sample(nowUs - newest.sentAtUs);
    for (const queue of this.#queues) {
      for (const each of queue.loseBefore(this.#provenOrder)) this.#size.lost(each.bytes.length);
    }
    if (acknowledged.length > 0) this.#heard(nowUs);
  }

  /** The link runs again: what the peer has not received in order is repeated, if `repeatAll` says that the line was lost. */
  resume(next: PerPriority<number>, repeatAll: boolean, nowUs: number): void {
    for (const priority of priorities) {
      const queue = this.#queues[priority];
      this.#compare(priority, next[priority], nowUs);
      queue.acknowledge({ next: next[priority], runs: [], complete: false });
      if (repeatAll) queue.loseAll();
    }
    this.#heard(nowUs);
  }

  /** What the receiver said last is less than it had said before. */
  get isInDoubt(): boolean {
    return this.#behind.some(({ count }) => count > 0);
  }

  /** Whether the receiver goes on lacking what was acknowledged in its name. */
  isContradicted(nowUs: number): boolean {
    return this.#behind.some(({ count, sinceUs }) => count >= behindMax && nowUs - sinceUs >= behindUsMax);
  }

  #compare(priority: Priority, next: number, nowUs: number): void {
    const behind = this.#behind[priority];
    if (!this.#queues[priority].isBehind(next)) behind.count = 0;
    else {
      if (behind.count === 0) behind.sinceUs = nowUs;
      behind.count += 1;
    }
  }

  /** When `tick` wants to be called. */
  get deadlineUs(): number | undefined {
    return this.#timerUs;
  }

  /** Repeats the ends of what is unacknowledged when the timer has ended; returns whether it has. */
  tick(nowUs: number): boolean {
    if (this.#timerUs === undefined || nowUs < this.#timerUs) return false;
    // A line that is only noisy is no reason to wait longer each time.
    this.#roundTrip.silent(!this.#heardSinceTimer);
    this.#heardSinceTimer = false;
    this.#timerUs = nowUs + this.#roundTrip.timeoutUs;
    // What waits to be repeated says that the line takes nothing at present: it need not be told more.
    if (this.#queues.some((queue) => queue.lost)) return true;
    this.#size.timedOut();
    this.#probe();
    return true;
  }

  #fresh(queue: SendQueue, priority: Priority): Fragment | undefined {
    if (this.#roundTrip.waiting && priority !== 0) return undefined;
    return queue.cut(this.#size.bytes, this.#limits.windowUnits);
  }

  #sent(fragment: Fragment, nowUs: number): void {
    fragment.sentOrder = this.#nextOrder;
    if (!fragment.byTimer) fragment.provenOrder = this.#nextOrder;
    this.#nextOrder += 1;
    fragment.byTimer = false;
    fragment.sentAtUs = nowUs;
    fragment.transmissions += 1;
    this.#timerUs ??= nowUs + this.#roundTrip.timeoutUs;
  }

  #heard(nowUs: number): void {
    this.#roundTrip.heard();
    const unacknowledged = this.#queues.some((queue) => queue.fragments.length > 0);
    this.#timerUs = unacknowledged ? nowUs + this.#roundTrip.timeoutUs : undefined;
  }

  /** Marks for repetition the first fragments, and the one sent last: its arrival proves what was lost before it. */
  #probe(): void {
    const bytesMax = this.#size.bytes;
    const first = this.#queues.find((queue) => queue.flying);
    if (first === undefined) return;
    const heads = first.fragments.slice(0, probedFragments);
    let latest: { readonly queue: SendQueue; readonly fragment: Fragment } | undefined;
    for (const queue of this.#queues) {
      for (const each of queue.fragments) {
        if (each.sentOrder > (latest?.fragment.sentOrder ?? 0)) latest = { queue, fragment: each };
      }
    }
    for (const each of heads) first.loseByTimer(each, bytesMax);
    if (latest !== undefined && !heads.includes(latest.fragment)) latest.queue.loseByTimer(latest.fragment, bytesMax);
  }
}
