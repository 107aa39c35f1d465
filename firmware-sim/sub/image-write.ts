/**
 * A host write to the image after a takeover. What staging still holds of its blocks is applied first, durably, or
 * the redo after a power cut would undo the write.
 *
 *     locking ► placing ► (comparing) ► noting ► writing ► flushing ► answered
 */
import { blockNumber, volumeNumber } from '../../protocol/ids.js';
import type { Completion } from '../../protocol/scsi/commands.js';
import { checkCondition } from '../../protocol/scsi/conditions.js';
import { firstDifference, type WriteCommand, type WritePiece, writePieces } from '../controller/write-pieces.js';
import type { Operation, Outcome } from '../storage/operation.js';
import { ImageRead } from './image-read.js';
import type { SubCore } from './sub-core.js';

export class ImageWrite implements Operation {
  readonly #core: SubCore;
  readonly #volume: number;
  readonly #answer: (completion: Completion) => void;
  readonly #pieces: WritePiece[];
  #compare: Uint8Array | undefined;
  #phase: 'locking' | 'placing' | 'noting' | 'writing' | 'flushing' = 'locking';
  #failure: Completion | undefined;

  constructor(core: SubCore, volume: number, command: WriteCommand, answer: (completion: Completion) => void) {
    this.#core = core;
    this.#volume = volume;
    this.#answer = answer;
    this.#pieces = [...writePieces(command)];
    this.#compare = command.op === 'compareAndWrite' ? command.compare : undefined;
  }

  get name(): string {
    return `host write to the image of volume ${this.#volume} (${this.#phase})`;
  }

  start(): void {
    const piece = this.#pieces[0];
    if (piece === undefined || this.#failure !== undefined) {
      this.#answer(this.#failure ?? { status: 'good', data: new Uint8Array(0) });
      return;
    }
    this.#phase = 'locking';
    if (this.#core.locks.claim(this, { volume: this.#volume, ...this.#blocks(piece), shared: false }))
      this.#place(piece);
  }

  resume(outcome: Outcome): void {
    const piece = this.#pieces[0];
    // Stryker disable next-line ConditionalExpression: who waits has a piece to write
    if (piece === undefined) return;
    if (outcome.kind === 'failed') this.#failure = outcome.completion;
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
    if (this.#core.receiver.structuring.damaged) {
      this.#failure = checkCondition('unrecoveredReadError');
      this.#end();
      return;
    }
    if (this.#core.receiver.structuring.placeFor(this, this.#volume, first, count)) return;
    if (this.#compare === undefined) this.#note(first, count);
    else this.#startCompare(piece, this.#compare);
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

  #end(): void {
    this.#pieces.shift();
    this.#core.unlock(this);
    this.start();
  }
}
