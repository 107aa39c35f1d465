/**
 * The durable records of a controller: what is appended here survives a power cut, in order, or did not happen.
 *
 * One batch is on its way at a time, written with FUA; records that come meanwhile share the next one, as far as they
 * fit: of records that were appended together the first ones may be all that a power cut leaves. When a half is
 * full, or has grown far past its snapshot, a snapshot of the state begins the other half; the old half is marked
 * retired before anything new is appended, so that a damaged new half is never mistaken for an older, whole one.
 *
 * Records do not wait for a snapshot, which may be long: between its parts they go to the half that still counts, and are
 * written behind the snapshot, as more of it, before its end makes the new half count.
 *
 *     old half   … records ──────► records ──────► records                    ► retired
 *     new half        snapshot, snapshot, snapshot, snapshot, those records, end ► records …
 */
import { sectorBytes } from '../../protocol/ids.js';
import type { DiskQueue } from './disk-queue.js';
import { type BatchPlace, batchPayloadBytesMax, encodeBatch, sectorsOf } from './journal-format.js';
import { done, type Operation, type Outcome } from './operation.js';

/** What the journal needs of the state that its records make up. */
export interface JournalState<R> {
  encode(record: R): Uint8Array;
  /** Takes a record that is durable now. */
  apply(record: R): void;
  /** The whole state as records. */
  snapshot(): Iterable<R>;
}

/** Where recovery found the end of the records; a fresh disk has none. */
export interface JournalPosition {
  readonly half: 0 | 1;
  readonly checkpoint: number;
  readonly sequence: number;
  readonly atSector: number;
  readonly stamp: Uint8Array;
  /** The highest checkpoint number that either half has ever been given, that of a snapshot cut short included. */
  readonly checkpointMax?: number;
  /** An older half that was not retired: the power went before. */
  readonly superseded?: { readonly half: 0 | 1; readonly checkpoint: number };
}

/** Why: the meta disk refuses a write for good, or a snapshot does not fit a half. */
export type JournalLoss = 'refused' | 'full';

interface Waiting<R> {
  readonly record: R;
  readonly encoded: Uint8Array;
  readonly operation: Operation | undefined;
}

/** The most bytes of a part of a snapshot, unless a single record has more: records wait for one that is being written. */
const partBytesMax = 64 * 1024;

/** Parts of a snapshot from one batch of records beside it to the next: it has to come to its end, however many come. */
const partsBetween = 2;

/** A half is rewritten as a snapshot when its records pass this, or twice the snapshot, whichever is more; in bytes. */
const growthBytesMinDefault = 4 * 1024 * 1024;

export class Journal<R> implements Operation {
  readonly #disks: DiskQueue;
  readonly #state: JournalState<R>;
  readonly #halfSectors: number;
  readonly #growthBytesMin: number;
  readonly #batchBytesMax: number;
  readonly #partBytesMax: number;
  readonly #onLost: (why: JournalLoss) => void;
  #position: JournalPosition;
  #phase: 'idle' | 'appending' | 'snapshotting' | 'retiring' | 'full' = 'idle';
  #queue: Waiting<R>[] = [];
  #inFlight: readonly Waiting<R>[] = [];
  #inFlightSectors = 0;
  // Stryker disable next-line ArrayDeclaration: each snapshot is a new one
  #snapshot: Uint8Array[] = [];
  #snapshotBytes = 0;
  /** Of the snapshot under way, what is not written yet, in bytes. */
  #snapshotLeftBytes = 0;
  /** Where the half that the snapshot replaces takes the next records; undefined when nothing is in it. */
  #replaced: JournalPosition | undefined;
  /** Parts of the snapshot written since records went between them. */
  #partsSince = 0;
  #afterCheckpoint: Operation | undefined;
  #appendedBytes = 0;
  /** Nothing has been appended to this half yet. */
  #fresh = false;
  #checkpointMax: number;
  /** To be retired before anything is appended. */
  #oldHalf: { readonly half: 0 | 1; readonly checkpoint: number } | undefined;

  constructor(options: {
    readonly disks: DiskQueue;
    readonly state: JournalState<R>;
    readonly sectors: number;
    readonly position: JournalPosition;
    readonly growthBytesMin?: number;
    /** The most bytes of records in one batch, unless a single record has more; at most `batchPayloadBytesMax`, the default. */
    readonly batchBytesMax?: number;
    /** Nothing can be made durable any more. */
    readonly onLost: (why: JournalLoss) => void;
  }) {
    this.#disks = options.disks;
    this.#state = options.state;
    this.#halfSectors = Math.floor(options.sectors / 2);
    this.#growthBytesMin = options.growthBytesMin ?? growthBytesMinDefault;
    this.#batchBytesMax = options.batchBytesMax ?? batchPayloadBytesMax;
    this.#partBytesMax = Math.min(this.#batchBytesMax, partBytesMax);
    this.#position = options.position;
    this.#checkpointMax = options.position.checkpointMax ?? options.position.checkpoint;
    this.#oldHalf = options.position.superseded;
    this.#onLost = options.onLost;
  }

  get name(): string {
    return `journal (${this.#phase})`;
  }

  /** Nothing is waiting to become durable. */
  get idle(): boolean {
    // Stryker disable next-line ConditionalExpression: between two steps nothing is queued while it is idle
    return this.#phase === 'idle' && this.#queue.length === 0;
  }

  /** Whose records are not durable yet, by name, and the journal itself. */
  inHand(): string[] {
    const operations = [...this.#inFlight, ...this.#queue].flatMap(({ operation = [] }) => operation);
    return this.idle ? [] : [this.name, ...operations.map(({ name }) => name)];
  }

  /** Makes a record durable, then applies it to the state, then resumes the operation. */
  append(record: R, operation?: Operation): void {
    this.#queue.push({ record, encoded: this.#state.encode(record), operation });
    this.#advance();
  }

  /** Begins a half with a snapshot: the first thing that happens to a fresh disk. `then` is resumed when it counts. */
  checkpoint(then?: Operation): void {
    this.#afterCheckpoint = then;
    this.#snapshot = [...this.#state.snapshot()].map((each) => this.#state.encode(each));
    this.#snapshotBytes = bytesOf(this.#snapshot);
    this.#snapshotLeftBytes = this.#snapshotBytes;
    this.#replaced = this.#position.sequence > 0 ? this.#position : undefined;
    this.#partsSince = partsBetween;
    const { half, checkpoint, stamp } = this.#position;
    this.#oldHalf = { half, checkpoint };
    // Never a number again that a snapshot cut short may have left behind on the disk.
    this.#checkpointMax += 1;
    this.#position = { half: half === 0 ? 1 : 0, checkpoint: this.#checkpointMax, sequence: 0, atSector: 0, stamp };
    this.#appendedBytes = 0;
    this.#fresh = true;
    this.#phase = 'snapshotting';
    this.#writeSnapshotPart();
  }

  resume(outcome: Outcome, nowUs: number): void {
    if (outcome.kind === 'failed') {
      this.#onLost('refused');
      return;
    }
    const phase = this.#phase;
    if (phase === 'snapshotting' && this.#inFlight.length > 0) {
      this.#appendedBeside(nowUs);
      return;
    }
    this.#moveOn();
    if (phase === 'snapshotting') {
      this.#partsSince += 1;
      this.#goOnWithSnapshot();
      return;
    }
    if (phase === 'retiring') this.#retired(nowUs);
    this.#phase = 'idle';
    this.#tell(nowUs);
    this.#advance();
  }

  #retired(nowUs: number): void {
    this.#oldHalf = undefined;
    const then = this.#afterCheckpoint;
    this.#afterCheckpoint = undefined;
    then?.resume(done, nowUs);
  }

  #moveOn(): void {
    if (this.#phase !== 'retiring') this.#position = this.#next(this.#position);
  }

  /** Where the next batch goes after the one in flight. */
  #next({ half, checkpoint, sequence, atSector, stamp }: JournalPosition): JournalPosition {
    return { half, checkpoint, sequence: sequence + 1, atSector: atSector + this.#inFlightSectors, stamp };
  }

  #goOnWithSnapshot(): void {
    if (this.#snapshot.length > 0) {
      if (!this.#appendBeside()) this.#writeSnapshotPart();
      return;
    }
    // Stryker disable next-line ConditionalExpression: a snapshot follows an old half
    if (this.#oldHalf !== undefined) this.#retire(this.#oldHalf);
  }

  /** Records that have come meanwhile, if both halves have room for them: in the new one they follow the snapshot. */
  #appendBeside(): boolean {
    const replaced = this.#replaced;
    if (replaced === undefined || this.#queue.length === 0 || this.#partsSince < partsBetween) return false;
    const batch = this.#takeBatch();
    const bytes = bytesOf(batch.map((each) => each.encoded));
    if (replaced.atSector + sectorsOf(bytes) > this.#halfSectors) return false;
    if (this.#position.atSector + this.#sectorsOfParts(this.#snapshotLeftBytes + bytes) > this.#halfSectors)
      return false;
    this.#queue.splice(0, batch.length);
    this.#inFlight = batch;
    this.#partsSince = 0;
    const encoded = batch.map((each) => each.encoded);
    this.#write('records', encoded, replaced);
    return true;
  }

  #appendedBeside(nowUs: number): void {
    // Stryker disable next-line ConditionalExpression: what was appended there was appended somewhere
    if (this.#replaced !== undefined) this.#replaced = this.#next(this.#replaced);
    for (const { encoded } of this.#inFlight) this.#snapshot.push(encoded);
    this.#snapshotLeftBytes += bytesOf(this.#inFlight.map((each) => each.encoded));
    this.#tell(nowUs);
    this.#goOnWithSnapshot();
  }

  /** The most sectors that so many bytes take in parts: any two parts in a row are fuller than one may be. */
  #sectorsOfParts(bytes: number): number {
    const parts = 2 * Math.ceil(bytes / this.#partBytesMax) + 1;
    return Math.ceil(bytes / sectorBytes) + 2 * parts;
  }

  #tell(nowUs: number): void {
    const durable = this.#inFlight;
    this.#inFlight = [];
    for (const { record } of durable) this.#state.apply(record);
    for (const { operation } of durable) operation?.resume(done, nowUs);
  }

  #advance(): void {
    if (this.#phase !== 'idle') return;
    // Not before the records that make it so: somebody waits for them, and for a snapshot nobody does.
    if (this.#appendedBytes > Math.max(this.#growthBytesMin, 2 * this.#snapshotBytes)) {
      this.checkpoint();
      return;
    }
    if (this.#queue.length === 0) return;
    if (this.#oldHalf !== undefined) {
      this.#retire(this.#oldHalf);
      return;
    }
    const batch = this.#takeBatch();
    const bytes = bytesOf(batch.map((each) => each.encoded));
    if (this.#position.atSector + sectorsOf(bytes) > this.#halfSectors) {
      if (this.#fresh) this.#full();
      else this.checkpoint();
      return;
    }
    this.#fresh = false;
    this.#queue.splice(0, batch.length);
    this.#inFlight = batch;
    this.#appendedBytes += bytes;
    // Stryker disable next-line StringLiteral: for people; what counts is that it is not idle
    this.#phase = 'appending';
    this.#write(
      // Stryker disable next-line StringLiteral: what has no flags is written as what has none
      'records',
      batch.map((each) => each.encoded),
    );
  }

  #takeBatch(): Waiting<R>[] {
    let bytes = 0;
    const over = this.#queue.findIndex((each) => {
      bytes += each.encoded.length + 4;
      return bytes > this.#batchBytesMax;
    });
    return this.#queue.slice(0, over === -1 ? this.#queue.length : Math.max(1, over));
  }

  #writeSnapshotPart(): void {
    let bytes = 0;
    let count = 0;
    for (const each of this.#snapshot) {
      bytes += each.length + 4;
      if (count > 0 && bytes > this.#partBytesMax) break;
      count += 1;
    }
    const part = this.#snapshot.splice(0, count);
    this.#snapshotLeftBytes -= bytesOf(part);
    if (this.#position.atSector + sectorsOf(bytesOf(part)) > this.#halfSectors) {
      this.#full();
      return;
    }
    this.#write(this.#snapshot.length === 0 ? 'snapshotEnd' : 'snapshot', part);
  }

  #retire({ half, checkpoint }: { readonly half: 0 | 1; readonly checkpoint: number }): void {
    this.#phase = 'retiring';
    const place: BatchPlace = { kind: 'retired', checkpoint, sequence: 0, stamp: this.#position.stamp };
    this.#writeAt(half, 0, encodeBatch(place, []));
  }

  /** The other half is never written into: it may be the one that counts. */
  #full(): void {
    // Stryker disable next-line StringLiteral: for people; what counts is that it is not idle
    this.#phase = 'full';
    this.#onLost('full');
  }

  #write(kind: BatchPlace['kind'], records: readonly Uint8Array[], at = this.#position): void {
    const { half, checkpoint, sequence, atSector, stamp } = at;
    const batch = encodeBatch({ kind, checkpoint, sequence, stamp }, records);
    this.#inFlightSectors = batch.length / sectorBytes;
    this.#writeAt(half, atSector, batch);
  }

  #writeAt(half: 0 | 1, sector: number, data: Buffer): void {
    this.#disks.issue('meta', { op: 'write', lba: half * this.#halfSectors + sector, data, fua: true }, this);
  }
}

/** What records take in a batch: each has its length before it. */
function bytesOf(records: readonly Uint8Array[]): number {
  return records.reduce((sum, each) => sum + 4 + each.length, 0);
}
