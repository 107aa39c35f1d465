/** What a controller does with its areas at power on, before it takes the first command. */

import type { DiskName } from '../../protocol/device.js';
import type { Refusal } from '../../protocol/refusals.js';
import type { DiskQueue } from '../storage/disk-queue.js';
import { describeFailure, type Operation, type Outcome } from '../storage/operation.js';
import { type AreaStamp, decodeStamp, encodeStamp, sameStamp } from './area-stamp.js';

/** Stamps areas that have none with the pair's id, and refuses those of another pair. */
export class StampAreas implements Operation {
  readonly #disks: DiskQueue;
  readonly #areas: { readonly disk: DiskName; readonly lba: number; readonly stamp: AreaStamp }[];
  readonly #then: (failure: Refusal | undefined) => void;
  // Stryker disable next-line StringLiteral: set by start
  #phase: 'reading' | 'writing' = 'reading';

  constructor(
    disks: DiskQueue,
    areas: readonly { readonly disk: DiskName; readonly lba: number; readonly stamp: AreaStamp }[],
    then: (failure: Refusal | undefined) => void,
  ) {
    this.#disks = disks;
    this.#areas = [...areas];
    this.#then = then;
  }

  get name(): string {
    return `stamps of areas (${this.#phase})`;
  }

  start(): void {
    const area = this.#areas[0];
    // Stryker disable next-line StringLiteral: for people; what counts is that it is not writing
    this.#phase = 'reading';
    if (area === undefined) this.#then(undefined);
    else this.#disks.issue(area.disk, { op: 'read', lba: area.lba, sectors: 1 }, this);
  }

  resume(outcome: Outcome): void {
    const area = this.#areas[0];
    // Stryker disable next-line ConditionalExpression: what has been read or written is an area's
    if (area === undefined) return;
    if (outcome.kind !== 'done') {
      // Stryker disable next-line ConditionalExpression,StringLiteral: what a disk is asked for ends done or failed
      const detail = outcome.kind === 'failed' ? describeFailure(outcome.completion) : '';
      this.#then({ code: 'disk-error', detail: `${area.disk}: ${detail}` });
      return;
    }
    if (this.#phase === 'writing') {
      this.#next();
      return;
    }
    const found = decodeStamp(outcome.data);
    if (found === undefined) {
      this.#phase = 'writing';
      this.#disks.issue(area.disk, { op: 'write', lba: area.lba, data: encodeStamp(area.stamp), fua: true }, this);
    } else if (sameStamp(found, area.stamp)) this.#next();
    else this.#then({ code: 'foreign-area', detail: `${area.disk} belongs to another pair or place` });
  }

  #next(): void {
    this.#areas.shift();
    this.start();
  }
}

/**
 * Flushes disks one after the other: whatever a disk's cache holds from before a restart is settled one way. At the end it
 * says which disks did not flush: what those hold may still be lost.
 */
export class FlushAll implements Operation {
  readonly #disks: DiskQueue;
  readonly #names: DiskName[];
  readonly #then: (failed: readonly DiskName[]) => void;
  readonly #failed: DiskName[] = [];
  #flushing: DiskName | undefined;

  constructor(disks: DiskQueue, names: readonly DiskName[], then: (failed: readonly DiskName[]) => void) {
    this.#disks = disks;
    this.#names = [...names];
    this.#then = then;
  }

  get name(): string {
    return 'settling the disks';
  }

  start(): void {
    this.#next();
  }

  resume(outcome: Outcome): void {
    if (outcome.kind === 'failed' && this.#flushing !== undefined) this.#failed.push(this.#flushing);
    this.#next();
  }

  #next(): void {
    this.#flushing = this.#names.shift();
    if (this.#flushing === undefined) this.#then(this.#failed);
    else this.#disks.flush(this.#flushing, this);
  }
}
