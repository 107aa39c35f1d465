/**
 * A raw image file under an emulated disk: sparse, locked, and durable when it says so. Offset in the file is offset on
 * the disk, so `cmp`, `qemu-img` and `e2fsck` understand it.
 */
import { close, fdatasync, readSync } from 'node:fs';
import { promisify } from 'node:util';
import type { DurableStep, Store, StoreRun } from '../../../firmware-sim/disk/store.js';
import { assert } from '../../../protocol/ids.js';
import { RefusalError } from '../../../protocol/refusals.js';
import { dataRuns, punchHole } from './holes.js';
import { type OpenedImage, openImage } from './image-file.js';
import { writeRuns } from './write-runs.js';

const syncData = promisify(fdatasync);
const closeFile = promisify(close);

/** How a durable step ended: it is durable, or there is no room, or the medium failed; then it may be there in part. */
export type PersistOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: 'full' | 'io'; readonly detail: string };

export interface FileStoreOptions {
  readonly path: string;
  /** The size of a file that is made; one that exists must have it. In bytes, a multiple of 512. */
  readonly sizeBytes?: number;
  /** Opens for reading only, beside other readers. */
  readonly readOnly?: boolean;
}

interface QueuedStep {
  readonly step: DurableStep;
  readonly resolve: (outcome: PersistOutcome) => void;
}

const durable: PersistOutcome = { ok: true };
/** What a file system answers that has no room: for anybody, for this user, for this file. */
const fullCodes: readonly string[] = ['ENOSPC', 'EDQUOT', 'EFBIG'];

export class FileStore implements Store {
  readonly path: string;
  readonly sizeBytes: number;
  /** False where the system knows no locks: then nothing keeps a second process from this file. */
  readonly locked: boolean;
  readonly #fd: number;
  readonly #readOnly: boolean;
  #queued: QueuedStep[] = [];
  #busy = false;
  #working: Promise<void> = Promise.resolve();
  #closed = false;

  /**
   * Opens the file, or makes it when it is missing and a size is given. Throws RefusalError `file-missing`, `file-size`,
   * `file-in-use`, `file-unreadable`, `disk-full`.
   */
  constructor(options: FileStoreOptions) {
    const opened: OpenedImage = openImage(options);
    this.path = options.path;
    this.sizeBytes = opened.sizeBytes;
    this.locked = opened.locked;
    this.#fd = opened.fd;
    this.#readOnly = options.readOnly ?? false;
  }

  /** Throws RefusalError `file-unreadable` when the medium fails: nothing that was asked for can be given then. */
  read(offset: number, into: Buffer): void {
    assert(!this.#closed && offset + into.length <= this.sizeBytes, 'a read passes the end of the store');
    let done = 0;
    try {
      while (done < into.length) {
        const count = readSync(this.#fd, into, done, into.length - done, offset + done);
        // Somebody cut the file off while it was in use.
        if (count === 0) throw new RefusalError('file-unreadable', `${this.path} ends at ${offset + done}`);
        done += count;
      }
    } catch (error) {
      if (error instanceof RefusalError) throw error;
      throw new RefusalError('file-unreadable', `${this.path}: ${(error as Error).message}`);
    }
  }

  allocated(offset: number, length: number, runsMax: number): readonly StoreRun[] {
    assert(!this.#closed && offset + length <= this.sizeBytes, 'a range passes the end of the store');
    return dataRuns(this.#fd, { offset, length }, runsMax);
  }

  /**
   * Writes and punches, then waits until that is on the medium. Steps are carried out in the order of the calls; those
   * that come while the medium is busy share the next wait. Never rejects for what the file system answers.
   */
  persist(step: DurableStep): Promise<PersistOutcome> {
    assert(!this.#closed && !this.#readOnly, 'a step for a store that takes none');
    return new Promise((resolve) => {
      this.#queued.push({ step, resolve });
      if (!this.#busy) this.#working = this.#work();
    });
  }

  /** Finishes what was asked for, then frees the file and its lock. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#working;
    await closeFile(this.#fd);
  }

  async #work(): Promise<void> {
    this.#busy = true;
    while (this.#queued.length > 0) {
      const steps = this.#queued;
      this.#queued = [];
      const outcomes: PersistOutcome[] = [];
      for (const { step } of steps) outcomes.push(await attempt(() => this.#carryOut(step)));
      const synced = await attempt(() => syncData(this.#fd));
      steps.forEach(({ resolve }, index) => {
        const outcome = outcomes[index] ?? durable;
        resolve(outcome.ok ? synced : outcome);
      });
    }
    // In the same turn as the last look at the queue, or a step could come in between and be left lying.
    this.#busy = false;
  }

  async #carryOut({ writes, punches }: DurableStep): Promise<void> {
    for (const run of punches) await punchHole(this.#fd, run);
    await writeRuns(this.#fd, writes);
  }
}

async function attempt(work: () => Promise<void>): Promise<PersistOutcome> {
  try {
    await work();
    return durable;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
    if (code === undefined || !/^E[A-Z0-9]+$/.test(code)) throw error;
    return { ok: false, reason: fullCodes.includes(code) ? 'full' : 'io', detail: (error as Error).message };
  }
}
