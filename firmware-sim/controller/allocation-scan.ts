import { sectorBytes } from '../../protocol/ids.js';
import type { Refusal } from '../../protocol/refusals.js';
import { decodeLbaStatus, type LbaStatus } from '../../protocol/scsi/capacity-data.js';
import type { DiskQueue } from '../storage/disk-queue.js';
import { describeFailure, type Operation, type Outcome } from '../storage/operation.js';
import type { Geometry } from './geometry.js';

/**
 * Which blocks of a volume hold data, although nobody has written them through us: asked of the disk by GET LBA STATUS,
 * never found by reading zeros.
 */
export class AllocationScan implements Operation {
  readonly #disks: DiskQueue;
  readonly #geometry: Geometry;
  readonly #area: 'primary' | 'secondary';
  readonly #found: (volume: number, first: number, count: number) => void;
  readonly #then: (failure: Refusal | undefined) => void;
  #volume = 0;
  #sector = 0;

  constructor(
    disks: DiskQueue,
    geometry: Geometry,
    area: 'primary' | 'secondary',
    found: (volume: number, first: number, count: number) => void,
    then: (failure: Refusal | undefined) => void,
  ) {
    this.#disks = disks;
    this.#geometry = geometry;
    this.#area = area;
    this.#found = found;
    this.#then = then;
  }

  get name(): string {
    return `finding what volume ${this.#volume} holds, from sector ${this.#sector}`;
  }

  start(): void {
    if (this.#volume >= this.#geometry.volumes.length) {
      this.#then(undefined);
      return;
    }
    const command = { op: 'getLbaStatus' as const, lba: this.#sector, allocationBytes: 8 + 16 * 1024 };
    this.#disks.issue(`${this.#area}${this.#volume}`, command, this);
  }

  resume(outcome: Outcome): void {
    if (outcome.kind !== 'done') {
      // Stryker disable next-line ConditionalExpression,StringLiteral: a read ends done or failed
      const detail = outcome.kind === 'failed' ? describeFailure(outcome.completion) : '';
      this.#then({ code: 'disk-error', detail: `${this.#area}${this.#volume}: ${detail}` });
      return;
    }
    const sectors = this.#geometry.bytesOf(this.#volume) / sectorBytes;
    if (!this.#take(decodeLbaStatus(outcome.data), sectors)) {
      const detail = `GET LBA STATUS from sector ${this.#sector} on: the answer does not say what is there`;
      this.#then({ code: 'disk-error', detail: `${this.#area}${this.#volume}: ${detail}` });
      return;
    }
    if (this.#sector >= sectors) {
      this.#volume += 1;
      this.#sector = 0;
    }
    this.start();
  }

  /** Each run must say something of the sectors that come next, or the scan would never end; false when one doesn't. */
  #take(runs: readonly LbaStatus[], sectors: number): boolean {
    for (const { lba, sectors: length, status } of runs) {
      if (this.#sector >= sectors) return true;
      if (lba > this.#sector || lba + length <= this.#sector) return false;
      const end = Math.min(lba + length, sectors);
      if (status === 'mapped') this.#note(this.#sector, end - this.#sector);
      this.#sector = end;
    }
    return runs.length > 0;
  }

  #note(lba: number, sectors: number): void {
    const { first, count } = this.#geometry.blocksTouched(lba, sectors);
    this.#found(this.#volume, first, count);
  }
}
