/**
 * VERIFY without data: reads a range as a host would, in pieces of one transfer, and keeps nothing. Only the piece under way
 * is locked: what others do of the range comes in between. The first piece that cannot be read ends it, as it ends a READ.
 */
import type { Completion } from '../../protocol/scsi/commands.js';
import type { ReadableVolumes, SectorRange } from './readable-volumes.js';

export interface VerifyRequest extends SectorRange {
  /** Whether somebody still waits for the answer: a long VERIFY that was aborted is not carried to its end. */
  readonly isAwaited: () => boolean;
}

const done: Completion = { status: 'good', data: new Uint8Array(0) };

export class VerifyScan {
  readonly #volumes: ReadableVolumes;
  readonly #request: VerifyRequest;
  readonly #answer: (completion: Completion) => void;
  #atSector: number;

  constructor(volumes: ReadableVolumes, request: VerifyRequest, answer: (completion: Completion) => void) {
    this.#volumes = volumes;
    this.#request = request;
    this.#answer = answer;
    this.#atSector = request.lba;
  }

  get #end(): number {
    return this.#request.lba + this.#request.sectors;
  }

  start(): void {
    for (let again = true; again; ) {
      const piece = this.#next();
      if (piece === undefined) {
        this.#answer(done);
        return;
      }
      let left = false;
      again = false;
      // A read that ends at once: loop then, rather than go deeper with every piece.
      this.#volumes.read(piece, (completion) => {
        if (!this.#passes(piece, completion)) return;
        if (left) this.start();
        else again = true;
      });
      left = true;
    }
  }

  /** Whether to go on after a piece; answers when not. */
  #passes(piece: SectorRange, completion: Completion): boolean {
    if (completion.status !== 'good') this.#answer(completion);
    else if (!this.#request.isAwaited()) this.#answer({ status: 'taskAborted' });
    else {
      this.#atSector = piece.lba + piece.sectors;
      return true;
    }
    return false;
  }

  /** The next piece that lies on a medium. */
  #next(): SectorRange | undefined {
    const { volume } = this.#request;
    const { sectorsPerBlock, transferBlocksMax } = this.#volumes.geometry;
    while (this.#atSector < this.#end) {
      const block = Math.floor(this.#atSector / sectorsPerBlock);
      const left = Math.ceil(this.#end / sectorsPerBlock) - block;
      const zeros = this.#volumes.knownZeros(volume, block, left);
      const stop = Math.min(this.#end, (block + (zeros === 0 ? transferBlocksMax : zeros)) * sectorsPerBlock);
      if (zeros === 0) return { volume, lba: this.#atSector, sectors: stop - this.#atSector };
      this.#atSector = stop;
    }
    return undefined;
  }
}
