/**
 * One run of blocks on its way into staging: written to fresh slots, flushed, recorded, then acknowledged. A block
 * that staging already holds for this generation takes a new slot; the map switches to it with the record.
 */
import { digestsAt, sameDigest } from '../../protocol/digest.js';
import { blockNumber, type Generation, volumeNumber } from '../../protocol/ids.js';
import { digestBytes } from '../../protocol/message/messages.js';
import type { Operation, Outcome } from '../storage/operation.js';
import type { SlotRun } from '../storage/slot-allocator.js';
import { type StoredBlocks, zeroSlot } from '../storage/stored-blocks.js';
import type { Receiver } from './receiver.js';

export interface ArrivedRun {
  readonly run: number;
  /** Which session of the line it came in. */
  readonly session: number;
  readonly generation: Generation;
  readonly volume: number;
  readonly first: number;
  readonly count: number;
  readonly digests: Uint8Array;
  /** Empty for a run of zeros. */
  readonly data: Uint8Array;
  /** Of a run of which only parts are staged: how many of them are on their way. */
  readonly parts?: { left: number };
}

/** The parts of a run whose contents `staged` does not hold. */
export function missingParts(arrived: ArrivedRun, staged: StoredBlocks): ArrivedRun[] {
  const { first, count, digests, data } = arrived;
  const blockBytes = data.length / count;
  const isHeld = (index: number) => {
    const held = staged.digestOf(first + index);
    return held !== undefined && sameDigest(held, digestsAt(digests, index));
  };
  const parts: ArrivedRun[] = [];
  const left = { left: 0 };
  for (let index = 0; index < count; ) {
    let end = index;
    while (end < count && !isHeld(end)) end += 1;
    if (end > index) {
      const of = (bytes: Uint8Array, each: number) => bytes.subarray(index * each, end * each);
      const part = {
        first: first + index,
        count: end - index,
        digests: of(digests, digestBytes),
        data: of(data, blockBytes),
      };
      parts.push({ ...arrived, ...part, parts: left });
    }
    index = end + 1;
  }
  left.left = parts.length;
  return parts;
}

export class StageRun implements Operation {
  readonly #receiver: Receiver;
  readonly arrived: ArrivedRun;
  readonly #slots: readonly SlotRun[];
  #phase: 'writing' | 'flushing' | 'recording' = 'writing';
  #waitingFor = 0;
  #failed = false;

  constructor(receiver: Receiver, arrived: ArrivedRun, slots: readonly SlotRun[]) {
    this.#receiver = receiver;
    this.arrived = arrived;
    this.#slots = slots;
  }

  get name(): string {
    return `staging run ${this.arrived.run} (${this.#phase})`;
  }

  start(): void {
    const { volume, data, count } = this.arrived;
    if (data.length === 0) {
      this.#record();
      return;
    }
    const { geometry, board, staging } = this.#receiver;
    this.#waitingFor = this.#slots.length;
    const blockBytes = data.length / count;
    let at = 0;
    for (const { first, count: slots } of this.#slots) {
      const part = data.subarray(at, at + slots * blockBytes);
      board.disks.issue(staging(volume), geometry.writeSlots(first, part), this);
      at += part.length;
    }
  }

  resume(outcome: Outcome): void {
    if (outcome.kind === 'failed') this.#failed = true;
    this.#waitingFor -= 1;
    if (this.#waitingFor > 0) return;
    if (this.#failed) {
      this.#receiver.stagingFailed(this.arrived, this.#slots);
      return;
    }
    if (this.#phase === 'writing') {
      this.#phase = 'flushing';
      this.#waitingFor = 1;
      this.#receiver.board.disks.flush(this.#receiver.staging(this.arrived.volume), this);
    } else if (this.#phase === 'flushing') this.#record();
    else this.#receiver.staged(this.arrived);
  }

  #record(): void {
    // Stryker disable next-line StringLiteral: for people; what counts is that it is neither of the others
    this.#phase = 'recording';
    const { generation, digests, count } = this.arrived;
    const volume = volumeNumber(this.arrived.volume);
    const runs: readonly SlotRun[] = this.#slots.length > 0 ? this.#slots : [{ first: zeroSlot, count }];
    this.#waitingFor = runs.length;
    let done = 0;
    for (const { first: slot, count: blocks } of runs) {
      const part = digestsAt(digests, done, blocks);
      const first = blockNumber(this.arrived.first + done);
      this.#receiver.board.record(
        { kind: 'staged', generation, volume, first, count: blocks, slot, digests: part },
        this,
      );
      done += blocks;
    }
    this.#receiver.recorded(this.arrived);
  }
}
