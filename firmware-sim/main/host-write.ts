/**
 * One host write on its way: the lock of its blocks, then the durable note that they change, then block by block
 * whatever the method asks (keep the frozen content first, or defer the new content), then the primary area, a flush,
 * and GOOD.
 *
 *     locking ► looking ─┬─► (keeping, draining, waiting for a block to be sent) ─► looking
 *                        ├─► noting ─► looking
 *                        ├─► deferring ─► looking      a window whose frozen content is owed to the sub (defer-window.ts)
 *                        ├─► writing ─► looking        any other
 *                        └─► flushing ► answered
 */
import { blockNumber, sectorBytes, volumeNumber } from '../../protocol/ids.js';
import { partOf } from '../../protocol/part-of.js';
import type { Completion } from '../../protocol/scsi/commands.js';
import { checkCondition } from '../../protocol/scsi/conditions.js';
import {
  cutPieces,
  firstDifference,
  pieceBlocksMax,
  type WriteCommand,
  type WritePiece,
  writePieces,
} from '../controller/write-pieces.js';
import type { Operation, Outcome } from '../storage/operation.js';
import { type Deferred, DeferWindow } from './defer-window.js';
import { HostRead } from './host-read.js';
import type { MainCore } from './main-core.js';

/** Blocks that are deferred or written as one. */
const windowBlocks = 256;
const empty = new Uint8Array(0);

interface Window {
  readonly first: number;
  readonly count: number;
}

export class HostWrite implements Operation {
  readonly #core: MainCore;
  readonly volume: number;
  readonly #pieces: Generator<WritePiece, undefined>;
  readonly #answer: (completion: Completion) => void;
  // Stryker disable StringLiteral,ObjectLiteral,BooleanLiteral: set anew for each piece
  #phase: 'locking' | 'looking' | 'noting' | 'deferring' | 'writing' | 'flushing' = 'locking';
  #current: WritePiece | undefined;
  /** First sector of the current piece that is not dealt with yet, counted in its volume. */
  #atSector = 0;
  /** Before the piece is noted: its first block that may still have to be kept or drained. */
  #lookedTo = 0;
  #window: Window = { first: 0, count: 0 };
  #noted = false;
  #wroteDirectly = false;
  // Stryker restore StringLiteral,ObjectLiteral,BooleanLiteral
  /** The block that it waits for to be sent, as the shadow area has no room for it, and since when. */
  #stalled: { readonly block: number; readonly sinceUs: number } | undefined;
  #failure: Completion | undefined;
  /** COMPARE AND WRITE: what the sectors must hold; looked at once, under the lock. */
  #compare: Uint8Array | undefined;

  constructor(core: MainCore, volume: number, command: WriteCommand, answer: (completion: Completion) => void) {
    this.#core = core;
    this.volume = volume;
    this.#pieces = cutPieces(writePieces(command), pieceBlocksMax * core.geometry.sectorsPerBlock);
    this.#compare = command.op === 'compareAndWrite' ? command.compare : undefined;
    this.#answer = answer;
  }

  get name(): string {
    return `host write to volume ${this.volume} (${this.#phase})`;
  }

  /** Since when it has waited for a block to be sent; undefined when it does not. */
  get stalledSinceUs(): number | undefined {
    return this.#stalled?.sinceUs;
  }

  start(nowUs: number): void {
    this.#nextPiece(nowUs);
  }

  resume(outcome: Outcome, nowUs: number): void {
    if (outcome.kind === 'failed') {
      this.#failure = outcome.completion;
      this.#core.unsettled.add(this.volume);
    }
    if (this.#failure !== undefined) {
      this.#endPiece(nowUs);
      return;
    }
    switch (this.#phase) {
      case 'locking':
      case 'looking':
      case 'noting':
        this.#look(nowUs);
        break;
      case 'writing':
        this.#atSector = this.#endOfWindow();
        this.#look(nowUs);
        break;
      case 'flushing':
        if (this.#core.disks.isSettled(this.#core.primary(this.volume))) this.#core.unsettled.delete(this.volume);
        this.#endPiece(nowUs);
        break;
    }
  }

  get #piece(): WritePiece {
    // Stryker disable next-line ConditionalExpression: a write ends with its last piece
    if (this.#current === undefined) throw new Error('invariant broken: a write without pieces goes on');
    return this.#current;
  }

  #blocks(): Window {
    return this.#core.geometry.blocksTouched(this.#piece.lba, this.#piece.sectors);
  }

  #nextPiece(nowUs: number): void {
    const piece = this.#failure === undefined ? this.#pieces.next().value : undefined;
    this.#current = piece;
    if (piece === undefined) {
      this.#answer(this.#failure ?? { status: 'good', data: empty });
      this.#core.writeEnded(this, nowUs);
      return;
    }
    this.#phase = 'locking';
    this.#atSector = piece.lba;
    this.#lookedTo = 0;
    this.#noted = false;
    this.#wroteDirectly = false;
    if (this.#core.locks.claim(this, { volume: this.volume, ...this.#blocks(), shared: false })) this.#look(nowUs);
  }

  /** Decides what to do next for the blocks that are left. */
  #look(nowUs: number): void {
    this.#phase = 'looking';
    if (this.#compare !== undefined) {
      this.#startCompare(this.#compare, nowUs);
      return;
    }
    const { first, count } = this.#toLookAt();
    const { keeper, drainer } = this.#core;
    const kept = keeper.keepFor(this.volume, first, count);
    if (kept !== undefined) {
      this.#lookedTo = kept.block;
      if (kept.hasRoom) this.#wait();
      else this.#waitForRoom(kept.block, nowUs);
      return;
    }
    const drained = drainer.drainFor(this, this.volume, first, count);
    if (drained !== undefined) this.#lookedTo = drained;
    else if (!this.#noted) this.#note();
    else if (this.#atSector < this.#piece.lba + this.#piece.sectors) this.#startWindow(nowUs);
    else if (this.#wroteDirectly) {
      this.#phase = 'flushing';
      this.#core.disks.flush(this.#core.primary(this.volume), this);
    } else this.#endPiece(nowUs);
  }

  #startCompare(expected: Uint8Array, nowUs: number): void {
    this.#compare = undefined;
    const { lba, sectors } = this.#piece;
    const range = { volume: this.volume, lba, sectors, locked: true };
    new HostRead(this.#core, range, (completion) => {
      const at = completion.status === 'good' ? firstDifference(expected, completion.data) : undefined;
      if (completion.status !== 'good') this.#failure = completion;
      else if (at !== undefined) this.#failure = checkCondition('miscompare', { information: at });
      this.resume({ kind: 'look' }, this.#core.nowUs);
    }).start(nowUs);
  }

  /**
   * What has to be kept and drained: all of the piece before it is noted, block after block; then what the next window is of. That
   * was looked at before, but since then the sub may have turned out to lack blocks of it, or hold them.
   */
  #toLookAt(): Window {
    const { first, count } = this.#blocks();
    const from = Math.floor(this.#atSector / this.#core.geometry.sectorsPerBlock);
    const start = this.#noted ? from : Math.max(from, this.#lookedTo);
    const end = this.#noted ? Math.min(first + count, start + windowBlocks) : first + count;
    return { first: start, count: end - start };
  }

  #wait(): void {
    this.#stalled = undefined;
    this.#core.waitForProgress(this);
  }

  /** Waits for this block to be sent. One block after the other is no standstill: each has its own time. */
  #waitForRoom(block: number, nowUs: number): void {
    if (this.#stalled?.block !== block) this.#stalled = { block, sinceUs: nowUs };
    this.#core.waitForProgress(this);
  }

  /** The difference map must be durable before the data is, or a power cut between them would hide the change. */
  #note(): void {
    const { first, count } = this.#blocks();
    this.#phase = 'noting';
    this.#noted = true;
    this.#core.overwritten(this.volume, first, count);
    const { changed, streamed } = this.#core.state.volume(this.volume);
    const known =
      changed.runLengthAt(first, count) === count &&
      (streamed.size === 0 || !hasAny(streamed, first, count)) &&
      !this.#core.outgoing.isRecording(this.volume, first, count);
    if (known) {
      this.#look(this.#core.nowUs);
      return;
    }
    const run = { volume: volumeNumber(this.volume), first: blockNumber(first), count };
    this.#core.record({ kind: 'changing', ...run }, this);
  }

  #startWindow(nowUs: number): void {
    const { geometry } = this.#core;
    const first = Math.floor(this.#atSector / geometry.sectorsPerBlock);
    const touched = this.#blocks();
    const end = Math.min(touched.first + touched.count, first + windowBlocks);
    const defers = this.#core.defers(this.volume, first);
    let stop = first + 1;
    while (stop < end && this.#core.defers(this.volume, stop) === defers) stop += 1;
    this.#window = { first, count: stop - first };
    if (defers) this.#deferWindow(nowUs);
    else this.#writeWindow();
  }

  /** The first sector of the piece that lies behind the window. */
  #endOfWindow(): number {
    const end = (this.#window.first + this.#window.count) * this.#core.geometry.sectorsPerBlock;
    return Math.min(end, this.#piece.lba + this.#piece.sectors);
  }

  #writeWindow(): void {
    this.#phase = 'writing';
    this.#stalled = undefined;
    this.#wroteDirectly = true;
    const [lba, end] = [this.#atSector, this.#endOfWindow()];
    const { data } = this.#piece;
    const primary = this.#core.primary(this.volume);
    if (data === undefined) {
      this.#core.disks.issue(primary, { op: 'unmap', ranges: [{ lba, sectors: end - lba }] }, this);
      return;
    }
    const from = (lba - this.#piece.lba) * sectorBytes;
    const part = partOf(data, from, from + (end - lba) * sectorBytes);
    this.#core.disks.issue(primary, { op: 'write', lba, data: part }, this);
  }

  #deferWindow(nowUs: number): void {
    const slots = this.#core.takeSlots(this.volume, this.#window.count, 'any');
    if (slots === undefined) {
      this.#core.outgoing.hurry(this.volume, this.#window.first);
      this.#waitForRoom(this.#window.first, nowUs);
      return;
    }
    this.#stalled = undefined;
    this.#phase = 'deferring';
    const part = { volume: this.volume, piece: this.#piece, atSector: this.#atSector, slots };
    new DeferWindow(this.#core, part, (end, endUs) => this.#deferred(end, endUs)).start();
  }

  #deferred(end: Deferred, nowUs: number): void {
    if (end.kind === 'failed') {
      this.#failure = end.completion;
      this.#endPiece(nowUs);
      return;
    }
    this.#atSector = end.endSector;
    this.#look(nowUs);
  }

  #endPiece(nowUs: number): void {
    const { first, count } = this.#blocks();
    this.#core.written(this.volume, first, count);
    this.#core.unlock(this, nowUs);
    this.#nextPiece(nowUs);
  }
}

function hasAny(
  map: { nextRun(from: number, countMax: number): { readonly first: number } | undefined },
  first: number,
  count: number,
): boolean {
  const run = map.nextRun(first, count);
  return run !== undefined && run.first < first + count;
}
