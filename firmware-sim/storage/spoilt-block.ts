/** Content that came back from an area, held against the digests that it was stored under. */
import { contentDigest, digestsAt, sameDigest } from '../../protocol/digest.js';

/** Index of the first block whose digest is another one; undefined when all are what was stored. */
export function firstSpoilt(data: Uint8Array, digests: Uint8Array, blockBytes: number): number | undefined {
  for (let index = 0; index * blockBytes < data.length; index += 1) {
    const block = data.subarray(index * blockBytes, (index + 1) * blockBytes);
    if (!sameDigest(contentDigest(block), digestsAt(digests, index))) return index;
  }
  return undefined;
}
