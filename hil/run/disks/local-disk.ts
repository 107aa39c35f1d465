/** An emulated disk in this process, over memory or over a file that it makes durable with fdatasync. */
import { ArmedErrors } from '../../../firmware-sim/disk/armed-errors.js';
import { Disk, type DiskOutcome } from '../../../firmware-sim/disk/disk.js';
import { MemoryStore } from '../../../firmware-sim/disk/memory-store.js';
import type { DurableStep, Store } from '../../../firmware-sim/disk/store.js';
import { assert, sectorBytes } from '../../../protocol/ids.js';
import { RefusalError } from '../../../protocol/refusals.js';
import type { Completion, MediumCommand } from '../../../protocol/scsi/commands.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';
import { FileStore, type FileStoreOptions, type PersistOutcome } from '../stores/file-store.js';
import type { DiskPort } from './disk-port.js';

/** A store, and how a step becomes durable in it: `then` is called once, at once or later. */
export interface Medium {
  readonly store: Store;
  readonly sizeBytes: number;
  persist(step: DurableStep, then: (outcome: PersistOutcome) => void): void;
  close(): Promise<void>;
}

/** A medium that lives as long as this process. Its steps are durable at once. */
export function memoryMedium(sizeBytes: number, store: MemoryStore = new MemoryStore()): Medium {
  return {
    store,
    sizeBytes,
    persist: (step, then) => {
      store.apply(step);
      then({ ok: true });
    },
    close: async () => {},
  };
}

/** A medium in a raw image file. Throws as FileStore does. */
export function fileMedium(options: FileStoreOptions): Medium {
  const store = new FileStore(options);
  return {
    store,
    sizeBytes: store.sizeBytes,
    persist: (step, then) => void store.persist(step).then(then),
    close: () => store.close(),
  };
}

export interface LocalDiskOptions {
  readonly medium: Medium;
  /** Told when the medium fails: what a person can do something about. */
  readonly onTrouble?: (detail: string) => void;
}

export class LocalDisk implements DiskPort {
  readonly sectors: number;
  readonly errors = new ArmedErrors();
  readonly #medium: Medium;
  readonly #onTrouble: (detail: string) => void;
  readonly #disk: Disk;
  readonly #pending = new Map<number, (completion: Completion) => void>();
  #nextTag = 1;
  #closing: Promise<void> | undefined;

  constructor({ medium, onTrouble = () => {} }: LocalDiskOptions) {
    this.#medium = medium;
    this.#onTrouble = onTrouble;
    this.sectors = medium.sizeBytes / sectorBytes;
    this.#disk = new Disk({ capacitySectors: this.sectors, store: medium.store, faults: this.errors });
  }

  submit(command: MediumCommand, done: (completion: Completion) => void): void {
    const tag = this.#nextTag;
    this.#nextTag += 1;
    this.#pending.set(tag, done);
    this.#carryOut(this.#step(command, tag));
  }

  close(): Promise<void> {
    this.#closing ??= new Promise<void>((flushed) => {
      this.submit({ op: 'synchronizeCache', lba: 0, sectors: 0 }, () => flushed());
    }).then(() => this.#medium.close());
    return this.#closing;
  }

  #step(command: MediumCommand, tag: number): DiskOutcome {
    try {
      return this.#disk.step(command, tag);
    } catch (error) {
      // A file under the disk that cannot be read is what an unreadable sector is to firmware.
      if (!(error instanceof RefusalError)) throw error;
      this.#onTrouble(error.refusal.detail);
      return [{ kind: 'completed', tag, completion: checkCondition('unrecoveredReadError') }];
    }
  }

  #carryOut(outcome: DiskOutcome): void {
    for (const effect of outcome) {
      if (effect.kind === 'completed') this.#complete(effect.tag, effect.completion);
      else this.#medium.persist(effect, (result) => this.#persisted(effect.ticket, result));
    }
  }

  #complete(tag: number, completion: Completion): void {
    const done = this.#pending.get(tag);
    assert(done !== undefined, `command ${tag} is under way`);
    this.#pending.delete(tag);
    done(completion);
  }

  #persisted(ticket: number, result: PersistOutcome): void {
    if (result.ok) this.#carryOut(this.#disk.persisted(ticket));
    else {
      this.#onTrouble(result.detail);
      this.#carryOut(this.#disk.failed(ticket, result.reason));
    }
  }
}
