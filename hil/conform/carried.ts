/** What a generation carries, as the suite knows it: blocks with their content digests. */
import { GenerationDigest, RangeDigest, sameDigest, zeroDigest } from '../../protocol/digest.js';

/** Blocks in a chunk of holdings. */
export const chunkBlocks = 64;

export interface Summary {
  readonly blocks: number;
  readonly zeroBlocks: number;
  readonly digest: Uint8Array;
}

export interface HeldChunk {
  readonly chunk: number;
  readonly held: Uint8Array;
  readonly digest: Uint8Array;
}

export class CarriedBlocks {
  readonly #volumes = new Map<number, Map<number, Uint8Array>>();

  set(volume: number, block: number, digest: Uint8Array): void {
    const blocks = this.#volumes.get(volume) ?? new Map<number, Uint8Array>();
    this.#volumes.set(volume, blocks);
    blocks.set(block, digest);
  }

  delete(volume: number, block: number): void {
    this.#volumes.get(volume)?.delete(block);
  }

  digestOf(volume: number, block: number): Uint8Array | undefined {
    return this.#volumes.get(volume)?.get(block);
  }

  /** What `complete` has to say of them. */
  summary(): Summary {
    const all = [...this.#volumes.keys()].sort(ascending).flatMap((volume) => this.#of(volume));
    const generation = new GenerationDigest();
    for (const { volume, block, digest } of all) generation.add(volume, block, digest);
    const zeroBlocks = all.filter(({ digest }) => sameDigest(digest, zeroDigest)).length;
    return { blocks: all.length, zeroBlocks, digest: generation.finish() };
  }

  /** Volumes of which anything is held. */
  volumes(): number[] {
    return [...this.#volumes.keys()].sort(ascending);
  }

  /** What `holdings` has to say of a volume. */
  chunks(volume: number): HeldChunk[] {
    const chunks = new Map<number, { readonly held: Uint8Array; readonly range: RangeDigest }>();
    for (const { block, digest } of this.#of(volume)) {
      const number = Math.floor(block / chunkBlocks);
      const chunk = chunks.get(number) ?? { held: new Uint8Array(chunkBlocks / 8), range: new RangeDigest() };
      chunks.set(number, chunk);
      setBit(chunk.held, block % chunkBlocks);
      chunk.range.add(block, digest);
    }
    return [...chunks].map(([chunk, { held, range }]) => ({ chunk, held, digest: range.finish() }));
  }

  #of(volume: number): { readonly volume: number; readonly block: number; readonly digest: Uint8Array }[] {
    const blocks = [...(this.#volumes.get(volume) ?? [])].map(([block, digest]) => ({ volume, block, digest }));
    return blocks.sort((a, b) => a.block - b.block);
  }
}

const ascending = (a: number, b: number): number => a - b;

/** Sets bit `bit` of a set of blocks, as the messages have them. */
export function setBit(bits: Uint8Array, bit: number): void {
  bits[bit >>> 3] = (bits[bit >>> 3] ?? 0) | (1 << (bit & 7));
}

export function hasBit(bits: Uint8Array, bit: number): boolean {
  return (((bits[bit >>> 3] ?? 0) >>> (bit & 7)) & 1) === 1;
}
