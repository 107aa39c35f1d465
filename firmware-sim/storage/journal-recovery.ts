/**
 * Reads a controller's durable records back after power on.
 *
 *     first sector of each half        →  what counts
 *     ------------------------------------------------------------------------------------------
 *     nothing, other half nothing         fresh: never formatted, or cut off while being formatted
 *     a whole snapshot                    that half; the higher checkpoint number if both are
 *     a snapshot that is not whole        the other half, which is not retired yet
 *     retired, other half not whole       corrupt: refused, never taken for fresh
 *     whole, but batches after a hole     corrupt: something that was durable is gone
 */
import { sectorBytes } from '../../protocol/ids.js';
import type { DiskQueue } from './disk-queue.js';
import type { JournalPosition } from './journal.js';
import { type BatchHeader, decodeHeader, decodeRecords, mayBegin, sectorsOf } from './journal-format.js';
import { describeFailure, type Operation, type Outcome } from './operation.js';

/** A window holds the largest batch, and is what one READ may transfer. */
const windowSectors = 2048;

export type RecoveredRecords =
  | { readonly kind: 'fresh' }
  | { readonly kind: 'recovered'; readonly records: readonly Buffer[]; readonly position: JournalPosition }
  | { readonly kind: 'corrupt'; readonly detail: string };

export class JournalRecovery implements Operation {
  readonly #disks: DiskQueue;
  readonly #halfSectors: number;
  readonly #onDone: (found: RecoveredRecords) => void;
  #phase: 'first half' | 'second half' | 'chain' = 'first half';
  #firsts: Buffer[] = [];
  #candidates: { half: 0 | 1; header: BatchHeader }[] = [];
  // Stryker disable next-line ArrayDeclaration: emptied for each half
  #records: Buffer[] = [];
  #expect: BatchHeader | undefined;
  #half: 0 | 1 = 0;
  #atSector = 0;
  #sequence = 0;
  // Stryker disable next-line BooleanLiteral: set for each half
  #whole = false;

  constructor(disks: DiskQueue, sectors: number, onDone: (found: RecoveredRecords) => void) {
    this.#disks = disks;
    this.#halfSectors = Math.floor(sectors / 2);
    this.#onDone = onDone;
  }

  get name(): string {
    return `recovery of the records (${this.#phase})`;
  }

  start(): void {
    this.#read(0, 1);
  }

  resume(outcome: Outcome): void {
    if (outcome.kind === 'failed') {
      this.#onDone({ kind: 'corrupt', detail: `meta area: ${describeFailure(outcome.completion)}` });
      return;
    }
    // Stryker disable next-line ConditionalExpression: a read ends done or failed
    const data = outcome.kind === 'done' ? outcome.data : new Uint8Array(0);
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    if (this.#phase === 'chain') this.#readChain(bytes);
    else this.#readFirst(bytes);
  }

  #readFirst(bytes: Buffer): void {
    this.#firsts.push(Buffer.from(bytes));
    if (this.#phase === 'first half') {
      // Stryker disable next-line StringLiteral: for people; what counts is that it is no longer the first half
      this.#phase = 'second half';
      this.#read(this.#halfSectors, 1);
      return;
    }
    this.#phase = 'chain';
    for (const half of [0, 1] as const) {
      const header = decodeHeader(this.#firsts[half] ?? Buffer.alloc(0));
      if (header?.kind === 'snapshot' || header?.kind === 'snapshotEnd') this.#candidates.push({ half, header });
    }
    this.#candidates.sort((a, b) => b.header.checkpoint - a.header.checkpoint);
    this.#nextCandidate();
  }

  #nextCandidate(): void {
    const candidate = this.#candidates.shift();
    if (candidate === undefined) {
      this.#nothingWhole();
      return;
    }
    this.#half = candidate.half;
    this.#expect = candidate.header;
    this.#atSector = 0;
    this.#sequence = 0;
    this.#records = [];
    this.#whole = false;
    this.#readWindow();
  }

  #nothingWhole(): void {
    // Formatting writes half 0 first and marks half 1 last: an empty half 1 means that it never came to an end.
    const untouched = (this.#firsts[1] ?? Buffer.alloc(0)).every((byte) => byte === 0);
    this.#onDone(
      untouched ? { kind: 'fresh' } : { kind: 'corrupt', detail: 'meta area: no half holds a whole snapshot' },
    );
  }

  #readChain(window: Buffer): void {
    const start = this.#atSector;
    while (this.#takeNext(window.subarray((this.#atSector - start) * sectorBytes)));
    if (this.#atSector >= this.#halfSectors) this.#chainEnded(Buffer.alloc(0));
    else if (this.#atSector === start) this.#chainEnded(window);
    // The next batch may reach past this window; and if none is there, a whole window tells whether others follow.
    else this.#readWindow();
  }

  /** Takes the batch that these bytes begin with; false when there is none, or not all of it. */
  #takeNext(bytes: Buffer): boolean {
    const header = this.#expected(bytes.subarray(0, sectorBytes));
    const records = header === undefined ? undefined : decodeRecords(header, bytes);
    if (header === undefined || records === undefined) return false;
    this.#take(header, records);
    return true;
  }

  #take(header: BatchHeader, records: readonly Buffer[]): void {
    for (const each of records) this.#records.push(Buffer.from(each));
    if (header.kind === 'snapshotEnd') this.#whole = true;
    this.#atSector += sectorsOf(header.payloadBytes);
    this.#sequence += 1;
  }

  #chainEnded(rest: Buffer): void {
    if (this.#batchesFollow(rest)) {
      const detail = `meta area: batch ${this.#sequence} of half ${this.#half} is damaged, later ones are not`;
      this.#onDone({ kind: 'corrupt', detail });
      return;
    }
    // Stryker disable next-line ConditionalExpression: a chain that is read has a half
    if (!this.#whole || this.#expect === undefined) {
      this.#nextCandidate();
      return;
    }
    const { checkpoint, stamp } = this.#expect;
    const older = this.#candidates[0];
    const superseded =
      older === undefined ? this.#unmarked() : { half: older.half, checkpoint: older.header.checkpoint };
    const position = {
      ...{ half: this.#half, checkpoint, sequence: this.#sequence, atSector: this.#atSector, stamp },
      checkpointMax: Math.max(...this.#firsts.map((first) => decodeHeader(first)?.checkpoint ?? 0)),
      ...(superseded === undefined ? {} : { superseded }),
    };
    this.#onDone({ kind: 'recovered', records: this.#records, position });
  }

  /**
   * The other half when nothing has ever been written there: formatting was cut off before its mark. Without it these
   * records would count as never formatted, should their first sector go bad.
   */
  #unmarked(): JournalPosition['superseded'] {
    const half = this.#half === 0 ? 1 : 0;
    const isUntouched = this.#firsts[half]?.every((byte) => byte === 0) ?? false;
    return isUntouched ? { half, checkpoint: 0 } : undefined;
  }

  /** Whether a later batch of this half stands after the one that ended the chain: a torn append has none behind it. */
  #batchesFollow(rest: Buffer): boolean {
    // Stryker disable next-line ArithmeticOperator: past the end there is no header
    for (let at = sectorBytes; at + sectorBytes <= rest.length; at += sectorBytes) {
      const header = mayBegin(rest, at) ? decodeHeader(rest.subarray(at, at + sectorBytes)) : undefined;
      if (header !== undefined && this.#ofThisHalf(header)) return true;
    }
    return false;
  }

  #expected(sector: Buffer): BatchHeader | undefined {
    const header = decodeHeader(sector);
    if (header === undefined || header.sequence !== this.#sequence || !this.#ofThisHalf(header)) return undefined;
    return this.#whole === (header.kind === 'records') ? header : undefined;
  }

  #ofThisHalf(header: BatchHeader): boolean {
    const expect = this.#expect;
    return (
      // Stryker disable next-line ConditionalExpression: a chain that is read has a half
      expect !== undefined &&
      header.checkpoint === expect.checkpoint &&
      Buffer.compare(header.stamp, expect.stamp) === 0
    );
  }

  #readWindow(): void {
    this.#read(
      this.#half * this.#halfSectors + this.#atSector,
      Math.min(windowSectors, this.#halfSectors - this.#atSector),
    );
  }

  #read(lba: number, sectors: number): void {
    this.#disks.issue('meta', { op: 'read', lba, sectors }, this);
  }
}
