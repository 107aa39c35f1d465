/**
 * Joins the fragments of one direction to messages, as their receiver does, also when the capture began in the middle
 * of a link.
 */
import {
  framePayloadBytesMax,
  linkMessageBytesMax,
  sequenceModulus,
  unitBytes,
  windowUnitsMax,
} from '../../../protocol/limits.js';
import type { PerPriority } from '../../../protocol/link/open-frame.js';
import { type DataFrame, ReceiveQueue, type Taken } from '../../../protocol/link/receive-queue.js';
import type { Priority } from '../../../protocol/message/message.js';

interface Queue {
  /** The number on the line of its first unit. */
  readonly start: number;
  readonly receive: ReceiveQueue;
}

export interface Assembled {
  /** `headless`: the beginning of the message, or what stands before it, was never heard. */
  readonly outcome: Taken['outcome'] | 'headless';
  readonly messages: readonly Uint8Array[];
}

const limits = {
  windowUnits: windowUnitsMax,
  payloadUnitsMax: framePayloadBytesMax / unitBytes,
  messageBytesMax: linkMessageBytesMax,
};
const headless: Assembled = { outcome: 'headless', messages: [] };

export class Assembler {
  #mark: number | undefined;
  #queues = new Map<number, Queue>();
  /** By mark of a link: what its receiver said that it waits for. */
  readonly #awaited = new Map<number, PerPriority<number>>();

  /** The receiver of these frames has said in an open what it waits for. */
  await(mark: number, next: PerPriority<number>): void {
    this.#awaited.set(mark, next);
  }

  /** Whether a frame of this mark is the first of its link. */
  isFresh(mark: number): boolean {
    return mark !== this.#mark;
  }

  /** Takes a frame that is good, or may be. */
  take(frame: DataFrame, mark: number): Assembled {
    if (this.isFresh(mark)) {
      this.#mark = mark;
      this.#queues = new Map();
    }
    const known = this.#queues.get(frame.priority) ?? this.#awaitedQueue(frame.priority, mark);
    const isKnown = known !== undefined && !isPastHole(known, frame.sequence);
    const queue = isKnown ? known : this.#beginWith(frame);
    return queue === undefined ? headless : queue.receive.take(relativeTo(queue.start, frame));
  }

  /** From what the receiver waits for: what comes before may come again. */
  #awaitedQueue(priority: Priority, mark: number): Queue | undefined {
    const start = this.#awaited.get(mark)?.[priority];
    return start === undefined ? undefined : this.#at(priority, start);
  }

  /** From a frame that begins a message, when nothing before it is known. */
  #beginWith({ priority, first, sequence }: DataFrame): Queue | undefined {
    return first ? this.#at(priority, sequence) : undefined;
  }

  #at(priority: number, start: number): Queue {
    const queue = { start, receive: new ReceiveQueue(limits) };
    this.#queues.set(priority, queue);
    return queue;
  }
}

/** Nobody sends so far past what the receiver has, or repeats so much: frames between were never captured. */
function isPastHole({ start, receive }: Queue, sequence: number): boolean {
  const ahead = (sequence - start - receive.next) & (sequenceModulus - 1);
  return ahead > windowUnitsMax && ahead < sequenceModulus - windowUnitsMax;
}

function relativeTo(start: number, frame: DataFrame): DataFrame {
  return { ...frame, sequence: (frame.sequence - start + sequenceModulus) % sequenceModulus };
}
