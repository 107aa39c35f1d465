/**
 * One picked run on its way from a disk to the line: read, digested (or checked against the digest that is known),
 * then sent in parts: blocks of zeros as ranges, all others with their content.
 */
import { contentDigests, digestsAt, sameDigest, zeroDigest } from '../../protocol/digest.js';
import type { Operation, Outcome } from '../storage/operation.js';
import type { Outgoing, PickedRun, Sender } from './sender.js';

export class SendRun implements Operation {
  readonly #sender: Sender;
  readonly outgoing: Outgoing;
  readonly picked: PickedRun;
  /** Its contents are not sent before the receiver has said that it does not hold them. */
  readonly isOffered: boolean;
  #known: Uint8Array | undefined;
  /** The receiver refused blocks of it before. */
  suspect = false;
  /** Overwritten since it was picked. */
  stale = false;
  /** The session that it was picked for has ended. */
  lost = false;

  constructor(sender: Sender, outgoing: Outgoing, picked: PickedRun, isOffered: boolean) {
    this.#sender = sender;
    this.outgoing = outgoing;
    this.picked = picked;
    this.isOffered = isOffered;
  }

  get name(): string {
    return `sending ${this.picked.volume}:${this.picked.first}+${this.picked.count}`;
  }

  start(): void {
    const { disk, command, digests } = this.outgoing.locate(this.picked);
    this.#known = digests === undefined ? undefined : Uint8Array.from(digests);
    if (this.#known !== undefined && isAllZero(this.#known)) {
      this.#sendParts(this.#known, new Uint8Array(0));
      return;
    }
    this.#sender.disks.issue(disk, command, this);
  }

  resume(outcome: Outcome): void {
    const { volume, first, count } = this.picked;
    if (outcome.kind !== 'done') {
      this.#sender.read(this, 0);
      this.outgoing.unreadable(volume, first, count, false);
    } else if (this.lost || this.stale) {
      this.#sender.read(this, 0);
      this.outgoing.returned(volume, first, count);
    } else this.#digest(outcome.data);
  }

  #digest(read: Uint8Array): void {
    const { volume, first, count } = this.picked;
    const data = padded(read, count * this.outgoing.blockBytes);
    // The receiver checks what it gets against these digests: a known one is computed again only if it refused.
    const known = this.#known;
    this.suspect = this.#sender.takeSuspicion(this.picked);
    const trusted = known !== undefined && !this.suspect;
    const digests = trusted ? known : contentDigests(data, this.outgoing.blockBytes);
    if (known !== undefined && !sameDigest(digests, known)) {
      this.#sender.read(this, 0);
      this.outgoing.unreadable(volume, first, count, true);
      return;
    }
    this.#sendParts(digests, data);
  }

  #sendParts(digests: Uint8Array, data: Uint8Array): void {
    const { first, count } = this.picked;
    const { blockBytes } = this.outgoing;
    this.#sender.read(this, count);
    for (let at = 0; at < count; ) {
      const zero = isZeroAt(digests, at);
      let end = at + 1;
      while (end < count && isZeroAt(digests, end) === zero) end += 1;
      const content = zero ? new Uint8Array(0) : data.subarray(at * blockBytes, end * blockBytes);
      this.#sender.send(this, first + at, end - at, digestsAt(digests, at, end - at), content);
      at = end;
    }
  }
}

function isZeroAt(digests: Uint8Array, index: number): boolean {
  return sameDigest(digestsAt(digests, index), zeroDigest);
}

function isAllZero(digests: Uint8Array): boolean {
  return digests.every((byte) => byte === 0);
}

function padded(data: Uint8Array, bytes: number): Uint8Array {
  // Stryker disable next-line ConditionalExpression: a copy has the same bytes
  if (data.length === bytes) return data;
  const whole = new Uint8Array(bytes);
  whole.set(data);
  return whole;
}
