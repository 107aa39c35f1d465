/**
 * A host write to the image after a takeover. What staging still holds of its blocks is applied first, durably, or
 * the redo after a power cut would undo the write. Of a block whose content in staging is spoilt nothing can be applied: if
 * the write covers all of it, it is recorded as replaced once the new content is durable, else the write fails.
 *
 *     locking ► placing ► (comparing) ► noting ► writing ► flushing ► (replacing) ► answered
 */
import { assert, blockNumber, volumeNumber } from '../../protocol/ids.js';
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
import { ImageRead } from './image-read.js';
import type { SubCore } from './sub-core.js';

export class ImageWrite implements Operation {
  readonly #core: SubCore;
  readonly #volume: number;
  readonly #answer: (completion: Completion) => void;
  readonly #pieces: Generator<WritePiece, undefined>;
  #current: WritePiece | undefined;
  #compare: Uint8Array | undefined;
  #phase: 'locking' | 'placing' | 'noting' | 'writing' | 'flushing' | 'replacing' = 'locking';
  #failure: Completion | undefined;
  /** From this block on the piece has not been placed. */
  #unplaced = 0;
  /** The next blocks are placed one by one, to find the one that cannot be. */
  #singly = false;
  /** Blocks of the piece that could not be placed, and that it replaces. */
  #replaced: number[] = [];

  constructor(core: SubCore, volume: number, command: WriteCommand, answer: (completion: Completion) => void) {
    this.#core = core;
    this.#volume = volume;
    this.#answer = answer;
    this.#pieces = cutPieces(writePieces(command), pieceBlocksMax * core.geometry.sectorsPerBlock);
    this.#compare = command.op === 'compareAndWrite' ? command.compare : undefined;
  }

  get name(): string {
    return `host write to the image of volume ${this.#volume} (${this.#phase})`;
  }

  start(): void {
    const piece = this.#failure === undefined ? this.#pieces.next().value : undefined;
    this.#current = piece;
    if (piece === undefined) {
      this.#answer(this.#failure ?? { status: 'good', data: new Uint8Array(0) });
      return;
    }
    this.#phase = 'locking';
    const blocks = this.#blocks(piece);
    this.#unplaced = blocks.first;
    this.#singly = false;
    this.#replaced = [];
    if (this.#core.locks.claim(this, { volume: this.#volume, ...blocks, shared: false })) this.#place(piece);
  }

  resume(outcome: Outcome): void {
    const piece = this.#current;
    // Stryker disable next-line ConditionalExpression: who waits has a piece to write
    if (piece === undefined) return;
    if (outcome.kind === 'failed') {
      if (this.#phase === 'placing') {
        this.#notPlaced(piece, outcome.completion);
        return;
      }
      this.#failure = outcome.completion;
    }
    if (this.#failure !== undefined) {
      this.#end();
      return;
    }
    switch (this.#phase) {
      case 'locking':
      case 'placing':
        this.#place(piece);
        break;
      case 'noting':
        this.#write(piece);
        break;
      case 'writing':
        this.#phase = 'flushing';
        this.#core.disks.flush(`secondary${this.#volume}`, this);
        break;
      case 'flushing':
        this.#replace();
        break;
      case 'replacing':
        this.#end();
        break;
    }
  }

  #blocks({ lba, sectors }: WritePiece): { readonly first: number; readonly count: number } {
    return this.#core.geometry.blocksTouched(lba, sectors);
  }

  #place(piece: WritePiece): void {
    const { first, count } = this.#blocks(piece);
    this.#phase = 'placing';
    const rest = first + count - this.#unplaced;
    const atOnce = this.#singly ? 1 : rest;
    if (this.#core.receiver.structuring.placeFor(this, this.#volume, this.#unplaced, rest, atOnce)) return;
    if (this.#compare === undefined) this.#note(first, count);
    else this.#startCompare(piece, this.#compare);
  }

  /** The next of what staging holds cannot be placed: which block it is has to be known. */
  #notPlaced(piece: WritePiece, completion: Completion): void {
    const { first, count } = this.#blocks(piece);
    const { overlay } = this.#core.replica.volume(this.#volume);
    const block = overlay.nextRun(this.#unplaced, 1)?.first;
    assert(block !== undefined && block < first + count, 'what could not be placed is still in staging');
    if (!this.#singly && count > 1) this.#singly = true;
    else if (this.#covers(piece, block)) {
      this.#replaced.push(block);
      this.#unplaced = block + 1;
    } else {
      this.#failure = completion;
      this.#end();
      return;
    }
    this.#place(piece);
  }

  /** Whether the piece replaces all of a block; the last one of a volume may be short. */
  #covers({ lba, sectors }: WritePiece, block: number): boolean {
    const { geometry } = this.#core;
    const whole = geometry.sectorsOf(this.#volume, block, 1);
    return lba <= whole.lba && whole.lba + whole.sectors <= lba + sectors;
  }

  #startCompare({ lba, sectors }: WritePiece, expected: Uint8Array): void {
    this.#compare = undefined;
    new ImageRead(this.#core, { volume: this.#volume, lba, sectors, locked: true }, (completion) => {
      const at = completion.status === 'good' ? firstDifference(expected, completion.data) : undefined;
      if (completion.status !== 'good') this.#failure = completion;
      else if (at !== undefined) this.#failure = checkCondition('miscompare', { information: at });
      this.resume({ kind: 'look' });
    }).start();
  }

  #note(first: number, count: number): void {
    this.#phase = 'noting';
    const run = { volume: volumeNumber(this.#volume), first: blockNumber(first), count };
    this.#core.record({ kind: 'changing', ...run }, this);
  }

  #write({ lba, sectors, data }: WritePiece): void {
    this.#phase = 'writing';
    const disk = `secondary${this.#volume}` as const;
    if (data === undefined) this.#core.disks.issue(disk, { op: 'unmap', ranges: [{ lba, sectors }] }, this);
    else this.#core.disks.issue(disk, { op: 'write', lba, data }, this);
  }

  /** The new content is durable: what staging held of these blocks counts no more, and nothing is known of them. */
  #replace(): void {
    if (this.#replaced.length === 0) {
      this.#end();
      return;
    }
    this.#phase = 'replacing';
    const volume = volumeNumber(this.#volume);
    const runs = this.#replaced.map((block) => ({ volume, first: blockNumber(block), count: 1 }));
    for (const run of runs) this.#core.record({ kind: 'placed', ...run });
    for (const [index, run] of runs.entries()) {
      const isLast = index === runs.length - 1;
      this.#core.record({ kind: 'changing', ...run }, isLast ? this : undefined);
    }
  }

  #end(): void {
    this.#core.unlock(this);
    this.start();
  }
}
