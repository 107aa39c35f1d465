/**
 * An emulated disk as an initiator sees it: command descriptor blocks and data out in, status, sense and data in out.
 */
import type { UnitIdentity } from '../../protocol/scsi/unit-profile.js';
import { DeviceServer } from './device-server.js';
import { Disk, type DiskOptions, type DiskOutcome, type SurvivingExtent } from './disk.js';
import type { DurableStep } from './store.js';
import type { UnflushedExtent } from './write-cache.js';

export interface DiskUnitOptions extends DiskOptions {
  readonly identity: UnitIdentity;
}

/** Device server and disk together. Powered on from the start, with a unit attention that says so. */
export class DiskUnit {
  /** The unit without its medium: readiness, write protection, unit attentions. */
  readonly server: DeviceServer;
  readonly #disk: Disk;

  constructor(options: DiskUnitOptions) {
    this.server = new DeviceServer({ ...options, writeCacheEnabled: true });
    this.#disk = new Disk(options);
    this.server.powerOn();
  }

  /** Takes a command with all its data out, which is kept by reference and must not be changed any more. */
  execute(cdb: Uint8Array, dataOut: Uint8Array, tag: number): DiskOutcome {
    const outcome = this.server.execute(cdb, dataOut);
    if (outcome.kind === 'answer') return [{ kind: 'completed', tag, completion: outcome.completion }];
    return this.#disk.step(outcome.command, tag);
  }

  /** As `Disk.persisted`. */
  persisted(ticket: number): DiskOutcome {
    return this.#disk.persisted(ticket);
  }

  /** As `Disk.failed`. */
  failed(ticket: number, reason: 'full' | 'io'): DiskOutcome {
    return this.#disk.failed(ticket, reason);
  }

  /** As `Disk.unflushed`. */
  unflushed(): UnflushedExtent[] {
    return this.#disk.unflushed();
  }

  /** As `Disk.powerCut`; and power is on again. */
  powerCut(survivors?: (extent: UnflushedExtent) => readonly SurvivingExtent[]): DurableStep {
    this.server.powerOn();
    return this.#disk.powerCut(survivors);
  }
}
