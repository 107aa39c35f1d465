/** An emulated disk in virtual time: the disk of firmware-sim over a store in memory, with times for its commands. */
import { createHash } from 'node:crypto';
import { ArmedErrors } from '../../firmware-sim/disk/armed-errors.js';
import { Disk } from '../../firmware-sim/disk/disk.js';
import type { DiskFaults } from '../../firmware-sim/disk/faults.js';
import { MemoryStore } from '../../firmware-sim/disk/memory-store.js';
import { persistAtOnce } from '../../firmware-sim/disk/persist-at-once.js';
import { sectorBytes } from '../../protocol/ids.js';
import type { Completion, MediumCommand } from '../../protocol/scsi/commands.js';
import type { KernelDisk, Schedule } from './kernel.js';

export interface DiskTimes {
  /** From the command to its end, in microseconds. */
  readonly accessUs: number;
  /** A flush, in microseconds. */
  readonly flushUs: number;
  /** A command takes effect when it ends, not when it begins: a power cut in between finds nothing of it. */
  readonly lateEffect?: boolean;
}

export class SimulatedDisk implements KernelDisk {
  readonly store: MemoryStore;
  readonly sectors: number;
  /** Errors to come, where no other faults are given. */
  readonly errors = new ArmedErrors();
  readonly #disk: Disk;
  readonly #times: DiskTimes;
  readonly #waiting = new Map<number, (completion: Completion) => void>();
  #nextTag = 1;

  constructor(
    bytes: number,
    options: { readonly store?: MemoryStore; readonly times?: DiskTimes; readonly faults?: DiskFaults } = {},
  ) {
    this.sectors = Math.floor(bytes / sectorBytes);
    this.store = options.store ?? new MemoryStore();
    this.#times = options.times ?? { accessUs: 0, flushUs: 0 };
    const { faults = this.errors } = options;
    this.#disk = new Disk({
      capacitySectors: this.sectors,
      store: this.store,
      cacheBytesMax: Number.POSITIVE_INFINITY,
      faults,
    });
  }

  begin(command: MediumCommand, schedule: Schedule, done: (completion: Completion) => void): void {
    const delayUs = this.delayUs(command);
    if (this.#times.lateEffect === true) schedule(delayUs, () => this.submit(command, done));
    else this.submit(command, (completion) => schedule(delayUs, () => done(completion)));
  }

  delayUs(command: MediumCommand): number {
    return command.op === 'synchronizeCache' ? this.#times.flushUs : this.#times.accessUs;
  }

  submit(command: MediumCommand, done: (completion: Completion) => void): void {
    const tag = this.#nextTag;
    this.#nextTag += 1;
    this.#waiting.set(tag, done);
    for (const { tag: ended, completion } of persistAtOnce(this.#disk, this.store, this.#disk.step(command, tag))) {
      this.#waiting.get(ended)?.(completion);
      this.#waiting.delete(ended);
    }
  }

  /** Unflushed writes are lost. */
  powerCut(): void {
    this.store.apply(this.#disk.powerCut());
    this.#waiting.clear();
  }

  /** A digest of every byte, durable and cached: equal as long as nothing has been written. */
  fingerprint(): string {
    const hash = createHash('sha256');
    for (const { offset, length } of this.store.allocated(0, this.sectors * sectorBytes, Number.MAX_SAFE_INTEGER)) {
      hash.update(`${offset}:`).update(this.durable(offset, length));
    }
    for (const { first, sectors, data } of this.#disk.unflushed()) {
      hash.update(`cached ${first}+${sectors}:`).update(data ?? '');
    }
    return hash.digest('hex');
  }

  /** What a host of this disk alone would find in the file: durable bytes only. */
  durable(offset: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    this.store.read(offset, bytes);
    return bytes;
  }
}
