import type { Refusal } from '../../protocol/refusals.js';
import { decodeLbaStatus } from '../../protocol/scsi/capacity-data.js';
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
      const detail = outcome.kind === 'failed' ? describeFailure(outcome.completion) : '';
      this.#then({ code: 'disk-error', detail: `${this.#area}${this.#volume}: ${detail}` });
      return;
    }
    const runs = decodeLbaStatus(outcome.data);
    for (const { lba, sectors, status } of runs) {
      if (status === 'mapped') this.#note(lba, sectors);
      this.#sector = lba + sectors;
    }
    if (runs.length === 0 || this.#sector * 512 >= this.#geometry.bytesOf(this.#volume)) {
      this.#volume += 1;
      this.#sector = 0;
    }
    this.start();
  }

  #note(lba: number, sectors: number): void {
    const { first, count } = this.#geometry.blocksTouched(lba, sectors);
    this.#found(this.#volume, first, count);
  }
}
