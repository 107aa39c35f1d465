/**
 * The receiving half of a link: three queues, and when to acknowledge what (PROTOCOL.md, "Acknowledgements").
 */
import { unitBytes } from '../limits.js';
import { encodeAcknowledgement } from './acknowledgement.js';
import { type PerPriority, priorities, type ReceiveLimits } from './open-frame.js';
import { type DataFrame, ReceiveQueue, type Taken } from './receive-queue.js';
import { acknowledgementDelayUs } from './round-trip.js';
import { wrapped } from './sequence.js';

const acknowledgedBytes = 8192;
/** Gaps and repetitions are told at once, but not for every frame of a noisy line. */
const hurriedBytes = 1024;
const hurriedUs = 2000;
/** Any acknowledgement may be lost, so news are told so many times. */
const tellings = 4;

export class Receiver {
  readonly #queues: PerPriority<ReceiveQueue>;
  readonly #acknowledgeBytes: number;
  /** How many more acknowledgements name each queue. */
  readonly #tellings: [number, number, number] = [0, 0, 0];
  /** Bytes on the line since the last acknowledgement. */
  #bytes = 0;
  #lastUs = 0;
  #dueUs: number | undefined;
  #pending = false;

  constructor(limits: ReceiveLimits) {
    this.#queues = [new ReceiveQueue(limits), new ReceiveQueue(limits), new ReceiveQueue(limits)];
    this.#acknowledgeBytes = Math.min(acknowledgedBytes, (limits.windowUnits * unitBytes) / 4);
  }

  /** For each queue the first unit not received in order, modulo 2^16. */
  get next(): PerPriority<number> {
    return [wrapped(this.#queues[0].next), wrapped(this.#queues[1].next), wrapped(this.#queues[2].next)];
  }

  /** Bytes of payload held, in all queues. */
  get heldBytes(): number {
    return this.#queues[0].heldBytes + this.#queues[1].heldBytes + this.#queues[2].heldBytes;
  }

  take(frame: DataFrame, nowUs: number): Taken {
    const taken = this.#queues[frame.priority].take(frame);
    this.#tellings[frame.priority] = tellings;
    this.#bytes += frame.payload.length + 1;
    const hurried = taken.outcome === 'gap' || taken.outcome === 'repeated' || taken.outcome === 'frame-window';
    if (this.#bytes >= this.#acknowledgeBytes) this.#pending = true;
    else if (hurried && this.#bytes >= hurriedBytes) this.#pending = true;
    else this.#dueBy(hurried ? Math.max(nowUs, this.#lastUs + hurriedUs) : nowUs + acknowledgementDelayUs);
    return taken;
  }

  get deadlineUs(): number | undefined {
    return this.#pending ? undefined : this.#dueUs;
  }

  /** The payload of an acknowledgement when one is due. */
  transmit(nowUs: number): Buffer | undefined {
    this.tick(nowUs);
    if (!this.#pending) return undefined;
    this.#pending = false;
    this.#dueUs = undefined;
    this.#bytes = 0;
    this.#lastUs = nowUs;
    const told = priorities.filter((priority) => this.#tellings[priority] > 0);
    for (const priority of told) this.#tellings[priority] -= 1;
    const next = this.next;
    return encodeAcknowledgement(
      told.map((priority) => ({ priority, next: next[priority], runs: this.#queues[priority].runs })),
    );
  }

  tick(nowUs: number): void {
    if (this.#dueUs !== undefined && nowUs >= this.#dueUs) this.#pending = true;
  }

  #dueBy(dueUs: number): void {
    this.#dueUs = Math.min(this.#dueUs ?? dueUs, dueUs);
  }
}
