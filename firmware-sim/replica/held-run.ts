/**
 * A run that the receiver may hold already: its blocks are read from the image, and when they have the digest that the run
 * is named by they go into staging as if they had come over the line. What is being structured meanwhile may be read half
 * old and half new: then the digest is another.
 */
import { contentDigests, runDigest, sameDigest } from '../../protocol/digest.js';
import type { MessageNamed } from '../../protocol/message/messages.js';
import type { Operation, Outcome } from '../storage/operation.js';
import type { Receiver } from './receiver.js';
import type { ArrivedRun } from './stage-run.js';

export class HeldRun implements Operation {
  readonly #receiver: Receiver;
  readonly #message: MessageNamed<'heldRun'>;
  readonly #session: number;

  constructor(receiver: Receiver, message: MessageNamed<'heldRun'>, session: number) {
    this.#receiver = receiver;
    this.#message = message;
    this.#session = session;
  }

  get name(): string {
    return `looking for run ${this.#message.run}`;
  }

  start(): void {
    const { geometry, board, image } = this.#receiver;
    const { volume, first, count } = this.#message;
    board.disks.issue(image(volume), geometry.readVolume(volume, first, count), this);
  }

  resume(outcome: Outcome): void {
    const arrived = outcome.kind === 'done' ? this.#arrived(outcome.data) : undefined;
    this.#receiver.looked(this.#message, this.#session, arrived);
  }

  /** The run as if it had arrived; undefined when the image does not hold it. */
  #arrived(read: Uint8Array): ArrivedRun | undefined {
    const { digest, ...run } = this.#message;
    const { blockBytes } = this.#receiver.geometry;
    const data = this.#receiver.geometry.padded(read, run.count);
    const digests = contentDigests(data, blockBytes);
    return sameDigest(runDigest(digests), digest) ? { ...run, session: this.#session, digests, data } : undefined;
  }
}
