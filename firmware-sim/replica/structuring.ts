/**
 * What becomes of a committed image: run by run its blocks go from staging to the image area, and when none is left the image is
 * structured. What cannot be placed stays in staging, and is tried again when somebody says so.
 */
import type { DiskName } from '../../protocol/device.js';
import { digestsAt } from '../../protocol/digest.js';
import type { RefusalCode } from '../../protocol/refusals.js';
import type { Board } from '../controller/board.js';
import type { Geometry } from '../controller/geometry.js';
import type { Operation } from '../storage/operation.js';
import type { RangeLocks } from '../storage/range-locks.js';
import type { StoredRun } from '../storage/stored-blocks.js';
import { PlaceRun } from './place-run.js';
import { Recorded } from './recorded.js';
import type { ReplicaRecord } from './replica-records.js';
import type { ReplicaState } from './replica-state.js';

/** Blocks that are structured as one. */
const placeBlocksMax = 16;
/** This many runs are under way at once. */
const placingMax = 4;

export interface StructuringOptions {
  readonly board: Board<ReplicaRecord>;
  readonly state: ReplicaState;
  readonly geometry: Geometry;
  readonly staging: (volume: number) => DiskName;
  readonly image: (volume: number) => DiskName;
  /** Locks of the image's blocks, shared with whoever reads and writes them for a host. */
  readonly locks: RangeLocks<Operation>;
  /** That the image is structured is durable. */
  readonly onSettled: () => void;
}

export class Structuring {
  readonly board: Board<ReplicaRecord>;
  readonly state: ReplicaState;
  readonly geometry: Geometry;
  readonly staging: (volume: number) => DiskName;
  readonly image: (volume: number) => DiskName;
  readonly locks: RangeLocks<Operation>;
  readonly #onSettled: () => void;
  #placing = new Set<PlaceRun>();
  #place = { volume: 0, block: 0 };
  /** Blocks of runs that could not be placed as one: each is tried by itself, so that only the spoilt ones stay. */
  #singles: { readonly volume: number; readonly block: number }[] = [];
  #settling = false;
  /** A committed block could not be structured: the image is not whole, and only a full generation mends it. */
  damaged = false;

  constructor(options: StructuringOptions) {
    this.board = options.board;
    this.state = options.state;
    this.geometry = options.geometry;
    this.staging = options.staging;
    this.image = options.image;
    this.locks = options.locks;
    this.#onSettled = options.onSettled;
  }

  /** A generation has been committed. */
  begin(): void {
    this.damaged = false;
    this.#singles = [];
    this.#place = { volume: 0, block: 0 };
  }

  /** Continues whatever can go on; called at the end of every step of the controller. */
  pump(): void {
    this.#startPlacing();
    this.#settle();
  }

  /**
   * Places the next of what staging holds of these blocks now, at most `atOnce` of them as one, for an operation that holds
   * their lock and is resumed with how it ended. False: nothing to place.
   */
  placeFor(asker: Operation, volume: number, first: number, count: number, atOnce = count): boolean {
    const run = this.state.volume(volume).overlay.nextRun(first, atOnce);
    if (run === undefined || run.first >= first + count) return false;
    const within = { ...run, count: Math.min(run.count, first + count - run.first) };
    new PlaceRun(this, volume, { ...within, digests: digestsAt(run.digests, 0, within.count) }, asker).start();
    return true;
  }

  /** What could not be structured is tried again: the disk may have been mended, or have failed just once. */
  placeAgain(): void {
    if (this.damaged) this.#place = { volume: 0, block: 0 };
  }

  /** Some of the image cannot be structured, and all the rest has been. */
  get stuck(): boolean {
    const { volumes, overlaid } = this.state;
    return this.isFailed && overlaid > 0 && this.#place.volume >= volumes.length;
  }

  /** Some of the image cannot be structured, and nothing of it is under way. */
  get isFailed(): boolean {
    return this.damaged && this.#placing.size === 0 && this.#singles.length === 0;
  }

  /** Committed blocks leave staging, one after the other; where some are spoilt, the others do. */
  get makesRoom(): boolean {
    return this.state.overlaid > 0 && !this.stuck;
  }

  placed(place: PlaceRun): void {
    this.#placing.delete(place);
  }

  /** Others have placed some of a run's blocks while it waited for their lock: what is left is looked for again. */
  placedByOthers(place: PlaceRun): void {
    this.#placing.delete(place);
    this.#place = { volume: 0, block: 0 };
  }

  placeFailed(place: PlaceRun, code: RefusalCode): void {
    this.#placing.delete(place);
    const { volume, run } = place;
    if (run.count > 1) {
      // Who asked for it does the same.
      if (!place.isAskedFor) this.#singles.push(...blocksOf(run).map((block) => ({ volume, block })));
      return;
    }
    // Once it is known, a full copy mends it: what is tried again meanwhile suspends nobody.
    const known = this.damaged;
    this.damaged = true;
    if (!known) this.board.suspend(code, `volume ${volume}, block ${run.first}`);
  }

  unlock(holder: Operation, nowUs: number): void {
    for (const next of this.locks.release(holder)) next.resume({ kind: 'locked' }, nowUs);
  }

  #startPlacing(): void {
    while (this.#placing.size < placingMax) {
      const next = this.#nextToPlace();
      if (next === undefined) return;
      const place = new PlaceRun(this, next.volume, next.run);
      this.#placing.add(place);
      place.start();
    }
  }

  /** Each block is tried once in a pass; what could not be placed stays in the overlay until `placeAgain`. */
  #nextToPlace(): { readonly volume: number; readonly run: StoredRun } | undefined {
    for (let next = this.#singles.shift(); next !== undefined; next = this.#singles.shift()) {
      const { volume, block } = next;
      const run = this.state.volume(volume).overlay.nextRun(block, 1);
      if (run?.first === block) return { volume, run };
    }
    for (; this.#place.volume < this.state.volumes.length; this.#place = { volume: this.#place.volume + 1, block: 0 }) {
      const { volume, block } = this.#place;
      const run = this.state.volume(volume).overlay.nextRun(block, placeBlocksMax);
      if (run === undefined) continue;
      this.#place.block = run.first + run.count;
      return { volume, run };
    }
    return undefined;
  }

  #settle(): void {
    const { committed, structured, overlaid } = this.state;
    if (structured === committed || overlaid > 0 || this.#placing.size > 0 || this.#settling) return;
    this.#settling = true;
    this.board.record(
      { kind: 'settled', generation: committed },
      new Recorded('end of structuring', () => this.#settled()),
    );
  }

  #settled(): void {
    this.#settling = false;
    this.damaged = false;
    this.board.mark('structured', { generation: this.state.structured });
    this.board.send('remote', { kind: 'structured', generation: this.state.structured });
    this.#onSettled();
  }
}

const blocksOf = ({ first, count }: StoredRun): number[] => Array.from({ length: count }, (_, index) => first + index);
