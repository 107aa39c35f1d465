/**
 * Answers getDigests: reads the blocks of a range that may be other than zero, from the medium, and digests them part
 * by part. What a volume has never written is passed over by its map, so that 1 TiB of holes costs nothing.
 */
import { contentDigests, digestsAt, RangeDigest } from '../../protocol/digest.js';
import type { MessageNamed } from '../../protocol/message/messages.js';

interface BlockSpan {
  readonly first: number;
  readonly count: number;
}

export interface DigestSource {
  /** The next blocks at or after `from` (before `end`, at most `countMax`) that may be other than zero. */
  nextOccupied(volume: number, from: number, countMax: number, end: number): BlockSpan | undefined;
  /** Reads whole blocks as a host would; undefined when the medium fails. */
  read(volume: number, run: BlockSpan, then: (data: Uint8Array | undefined) => void): void;
  readonly blockBytes: number;
}

const scanBytes = 64 * 1024;
/** The most parts that one request may ask for. */
export const digestPartsMax = 256;

export class DigestScan {
  readonly #source: DigestSource;
  readonly request: MessageNamed<'getDigests'>;
  readonly #then: (digests: readonly Uint8Array[] | undefined) => void;
  readonly #digests: Uint8Array[] = [];
  #range = new RangeDigest();
  #at: number;
  #partEnd: number;
  #failed = false;

  constructor(
    source: DigestSource,
    request: MessageNamed<'getDigests'>,
    then: (digests: readonly Uint8Array[] | undefined) => void,
  ) {
    this.#source = source;
    this.request = request;
    this.#then = then;
    this.#at = request.first;
    this.#partEnd = this.#endOfPart();
  }

  get #end(): number {
    return this.request.first + this.request.count;
  }

  start(): void {
    for (;;) {
      const run = this.#next();
      if (run === undefined) return;
      let ended = false;
      let again = false;
      // A read from memory ends at once: loop then, rather than go deeper with every run.
      this.#source.read(this.request.volume, run, (data) => {
        ended = true;
        if (data === undefined) {
          this.#failed = true;
          this.#then(undefined);
          return;
        }
        this.#add(run, data);
        if (again) this.start();
      });
      again = !ended;
      if (again || this.#failed) return;
    }
  }

  /** Finishes the parts without any block left, and names the next run to read. */
  #next(): BlockSpan | undefined {
    const countMax = Math.max(1, Math.floor(scanBytes / this.#source.blockBytes));
    for (;;) {
      const run = this.#source.nextOccupied(this.request.volume, this.#at, countMax, this.#partEnd);
      if (run !== undefined) return run;
      this.#digests.push(this.#range.finish());
      this.#range = new RangeDigest();
      this.#at = this.#partEnd;
      if (this.#at >= this.#end) {
        this.#then(this.#digests);
        return undefined;
      }
      this.#partEnd = this.#endOfPart();
    }
  }

  #endOfPart(): number {
    return Math.min(this.#end, this.#at + this.request.partBlocks);
  }

  #add(run: BlockSpan, data: Uint8Array): void {
    const digests = contentDigests(data, this.#source.blockBytes);
    for (let index = 0; index < run.count; index += 1) {
      this.#range.add(run.first + index, digestsAt(digests, index));
    }
    this.#at = run.first + run.count;
  }
}
