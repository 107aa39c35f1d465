/**
 * One host write on its way: the lock of its blocks, then the durable note that they change, then block by block
 * whatever the method asks (keep the frozen content first, or defer the new content), then the primary area, a flush,
 * and GOOD.
 *
 *     locking ► looking ─┬─► (keeping, draining, waiting for a block to be sent) ─► looking
 *                        ├─► noting ─► looking
 *                        ├─► reading base ► storing ► flushing shadow ► recording ─► looking    deferred window
 *                        ├─► writing ─► looking                                                 direct window
 *                        └─► flushing ► answered
 */
import { contentDigest, contentDigests, digestsAt, sameDigest } from '../../protocol/digest.js';
import { blockNumber, sectorBytes, volumeNumber } from '../../protocol/ids.js';
import { partOf } from '../../protocol/part-of.js';
import type { Completion } from '../../protocol/scsi/commands.js';
import { checkCondition } from '../../protocol/scsi/conditions.js';
import { type HeldSectors, spoiltContent, volumeFailure } from '../controller/volume-failure.js';
import { firstDifference, type WriteCommand, type WritePiece, writePieces } from '../controller/write-pieces.js';
import type { Failure, Operation, Outcome } from '../storage/operation.js';
import type { SlotRun } from '../storage/slot-allocator.js';
import { zeroSlot } from '../storage/stored-blocks.js';
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
  readonly #pieces: WritePiece[];
  readonly #answer: (completion: Completion) => void;
  // Stryker disable StringLiteral,ObjectLiteral,BooleanLiteral: set anew for each piece
  #phase:
    | 'locking'
    | 'looking'
    | 'noting'
    | 'reading base'
    | 'storing'
    | 'flushing shadow'
    | 'recording'
    | 'writing'
    | 'flushing' = 'locking';
  /** First sector of the current piece that is not dealt with yet, counted in its volume. */
  #atSector = 0;
  #window: Window = { first: 0, count: 0 };
  #content = empty;
  #slots: SlotRun[] = [];
  #waitingFor = 0;
  #noted = false;
  #wroteDirectly = false;
  // Stryker restore StringLiteral,ObjectLiteral,BooleanLiteral
  /** Since when it has waited for a block to be sent; undefined when it does not. */
  stalledSinceUs: number | undefined;
  #failure: Completion | undefined;
  /** COMPARE AND WRITE: what the sectors must hold; looked at once, under the lock. */
  #compare: Uint8Array | undefined;

  constructor(core: MainCore, volume: number, command: WriteCommand, answer: (completion: Completion) => void) {
    this.#core = core;
    this.volume = volume;
    this.#pieces = [...writePieces(command)];
    this.#compare = command.op === 'compareAndWrite' ? command.compare : undefined;
    this.#answer = answer;
  }

  get name(): string {
    return `host write to volume ${this.volume} (${this.#phase})`;
  }

  start(nowUs: number): void {
    this.#nextPiece(nowUs);
  }

  resume(outcome: Outcome, nowUs: number): void {
    if (outcome.kind === 'failed') {
      this.#failure ??= this.#toldOf(outcome.completion);
      this.#core.unsettled.add(this.volume);
    }
    if (this.#waitingFor > 1) {
      this.#waitingFor -= 1;
      return;
    }
    this.#waitingFor = 0;
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
      case 'reading base':
        this.#takeBase(outcome.kind === 'done' ? outcome.data : new Uint8Array(0), nowUs);
        break;
      case 'storing':
        this.#phase = 'flushing shadow';
        this.#core.disks.flush(this.#core.shadow(this.volume), this);
        break;
      case 'flushing shadow':
        this.#recordDeferred();
        break;
      case 'recording':
      case 'writing':
        this.#advance(nowUs);
        break;
      case 'flushing':
        if (this.#core.disks.isSettled(this.#core.primary(this.volume))) this.#core.unsettled.delete(this.volume);
        this.#endPiece(nowUs);
        break;
    }
  }

  get #piece(): WritePiece {
    const piece = this.#pieces[0];
    // Stryker disable next-line ConditionalExpression: a write ends with its last piece
    if (piece === undefined) throw new Error('invariant broken: a write without pieces goes on');
    return piece;
  }

  #blocks(): Window {
    return this.#core.geometry.blocksTouched(this.#piece.lba, this.#piece.sectors);
  }

  #nextPiece(nowUs: number): void {
    const piece = this.#pieces[0];
    if (piece === undefined || this.#failure !== undefined) {
      this.#answer(this.#failure ?? { status: 'good', data: empty });
      this.#core.writeEnded(this, nowUs);
      return;
    }
    this.#phase = 'locking';
    this.#atSector = piece.lba;
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
    const { first, count } = this.#blocks();
    const { keeper, drainer, geometry } = this.#core;
    const done = Math.floor(this.#atSector / geometry.sectorsPerBlock) - first;
    const rest = { first: first + done, count: count - done };
    if (keeper.keepFor(this.volume, rest.first, rest.count)) this.#wait(nowUs);
    else if (drainer.drainFor(this, this.volume, rest.first, rest.count)) return;
    else if (!this.#noted) this.#note(first, count);
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

  #wait(nowUs: number): void {
    this.stalledSinceUs ??= nowUs;
    this.#core.waitForProgress(this);
  }

  /** The difference map must be durable before the data is, or a power cut between them would hide the change. */
  #note(first: number, count: number): void {
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

  /** Sectors of the piece that lie in the window. */
  #sectors(): { readonly lba: number; readonly end: number } {
    const { sectorsPerBlock } = this.#core.geometry;
    const end = (this.#window.first + this.#window.count) * sectorsPerBlock;
    return { lba: this.#atSector, end: Math.min(end, this.#piece.lba + this.#piece.sectors) };
  }

  #writeWindow(): void {
    this.#phase = 'writing';
    this.#wroteDirectly = true;
    this.#waitingFor = 1;
    const { lba, end } = this.#sectors();
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
      this.#wait(nowUs);
      return;
    }
    this.stalledSinceUs = undefined;
    this.#window = { first: this.#window.first, count: slots.reduce((sum, { count }) => sum + count, 0) };
    this.#slots = slots;
    this.#readBase();
  }

  /** A block that is not wholly overwritten is merged with its newest content. */
  #readBase(): void {
    const { geometry, state, disks } = this.#core;
    const { first, count } = this.#window;
    const { lba, end } = this.#sectors();
    const whole = lba === first * geometry.sectorsPerBlock && end === (first + count) * geometry.sectorsPerBlock;
    this.#content = new Uint8Array(count * geometry.blockBytes);
    if (whole) {
      this.#overlay(this.#content, this.#core.nowUs);
      return;
    }
    // Only the first and the last block can be partial; reading them all in one block at a time keeps this simple.
    this.#phase = 'reading base';
    this.#window = { first, count: 1 };
    this.#core.giveSlots(this.volume, restOf(this.#slots, 1));
    this.#slots = [{ first: this.#slots[0]?.first ?? 0, count: 1 }];
    this.#content = new Uint8Array(geometry.blockBytes);
    const slot = state.volume(this.volume).deferred.slotOf(first);
    this.#waitingFor = 1;
    if (slot === undefined)
      disks.issue(this.#core.primary(this.volume), geometry.readVolume(this.volume, first, 1), this);
    else if (slot === zeroSlot) this.#overlay(this.#content, this.#core.nowUs);
    else disks.issue(this.#core.shadow(this.volume), geometry.readSlots(slot, 1), this);
  }

  /** A base from the shadow area is the only copy of what was deferred: spoilt, it must not get a digest of its own. */
  #takeBase(base: Uint8Array, nowUs: number): void {
    const { first } = this.#window;
    const digest = this.#core.state.volume(this.volume).deferred.digestOf(first);
    if (digest === undefined || sameDigest(contentDigest(base), digest)) {
      this.#overlay(base, nowUs);
      return;
    }
    this.#core.suspend('shadow-corrupt', `volume ${this.volume}, block ${first}`);
    this.#failure = spoiltContent(first * this.#core.geometry.sectorsPerBlock);
    this.#endPiece(nowUs);
  }

  #overlay(base: Uint8Array, _nowUs: number): void {
    const { geometry, disks } = this.#core;
    if (base !== this.#content) this.#content.set(base);
    const { lba, end } = this.#sectors();
    const at = (lba - this.#window.first * geometry.sectorsPerBlock) * sectorBytes;
    const from = (lba - this.#piece.lba) * sectorBytes;
    const length = (end - lba) * sectorBytes;
    if (this.#piece.data === undefined) this.#content.fill(0, at, at + length);
    else this.#content.set(this.#piece.data.subarray(from, from + length), at);
    this.#phase = 'storing';
    this.#waitingFor = this.#slots.length;
    let stored = 0;
    for (const { first, count } of this.#slots) {
      const part = this.#content.subarray(stored, stored + count * geometry.blockBytes);
      disks.issue(this.#core.shadow(this.volume), geometry.writeSlots(first, part), this);
      stored += part.length;
    }
  }

  /** What the host is told of a disk's failure: the shadow area has sectors of its own. */
  #toldOf(failure: Failure): Failure {
    const { geometry, state } = this.#core;
    const { first } = this.#window;
    if (this.#phase === 'reading base') {
      const { deferred } = state.volume(this.volume);
      const slot = deferred.slotOf(first);
      return slot === undefined ? failure : volumeFailure(failure, [geometry.slotSectors(slot, first, 1)]);
    }
    if (this.#phase !== 'storing' && this.#phase !== 'flushing shadow') return failure;
    let block = first;
    const held: HeldSectors[] = [];
    for (const { first: slot, count } of this.#slots) {
      held.push(geometry.slotSectors(slot, block, count));
      block += count;
    }
    return volumeFailure(failure, held);
  }

  #recordDeferred(): void {
    this.#phase = 'recording';
    this.#waitingFor = this.#slots.length;
    const digests = contentDigests(this.#content, this.#core.geometry.blockBytes);
    let done = 0;
    for (const { first: slot, count } of this.#slots) {
      const run = { volume: volumeNumber(this.volume), first: blockNumber(this.#window.first + done), count, slot };
      const part = digestsAt(digests, done, count);
      this.#core.record({ kind: 'deferred', ...run, digests: part }, this);
      done += count;
    }
  }

  #advance(nowUs: number): void {
    if (this.#phase === 'recording') {
      this.#slots = [];
      // The block may have been sent while its new content was being stored.
      this.#core.drainer.noteRest(this.volume, this.#window.first, this.#window.count);
    }
    this.#atSector = this.#sectors().end;
    this.#look(nowUs);
  }

  #endPiece(nowUs: number): void {
    this.#core.giveSlots(this.volume, this.#slots);
    this.#slots = [];
    const { first, count } = this.#blocks();
    this.#core.written(this.volume, first, count);
    this.#pieces.shift();
    this.#core.unlock(this, nowUs);
    this.#nextPiece(nowUs);
  }
}

/** What is left of runs of slots after their first `used` slots. */
function restOf(slots: readonly SlotRun[], used: number): SlotRun[] {
  let left = used;
  return slots.flatMap(({ first, count }) => {
    const skip = Math.min(left, count);
    left -= skip;
    return count > skip ? [{ first: first + skip, count: count - skip }] : [];
  });
}

function hasAny(
  map: { nextRun(from: number, countMax: number): { readonly first: number } | undefined },
  first: number,
  count: number,
): boolean {
  const run = map.nextRun(first, count);
  return run !== undefined && run.first < first + count;
}
