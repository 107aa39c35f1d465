/** What complete says of a generation: how many blocks, how many of them zeros, and the digest over all of them. */
import { digestsAt, GenerationDigest, sameDigest, zeroDigest } from '../../protocol/digest.js';
import type { StoredBlocks } from '../storage/stored-blocks.js';

export interface Summary {
  readonly blocks: number;
  readonly zeroBlocks: number;
  readonly digest: Uint8Array;
}

/** The summary of what these maps hold, one for each volume. */
export function summaryOf(volumes: readonly StoredBlocks[]): Summary {
  const generation = new GenerationDigest();
  let blocks = 0;
  let zeroBlocks = 0;
  for (const [volume, map] of volumes.entries()) {
    for (const run of map.runs()) {
      blocks += run.count;
      for (let index = 0; index < run.count; index += 1) {
        const digest = digestsAt(run.digests, index);
        if (sameDigest(digest, zeroDigest)) zeroBlocks += 1;
        generation.add(volume, run.first + index, digest);
      }
    }
  }
  return { blocks, zeroBlocks, digest: generation.finish() };
}
