/** Small volumes in memory for the tests of golden images. */

import type { AskDigests } from '../../../host/golden/bisect.js';
import type { BlockSource, BlockSpan } from '../../../host/golden/block-source.js';
import type { Provenance } from '../../../host/golden/golden.js';
import { contentDigests, RangeDigest } from '../../../protocol/digest.js';
import { digestBytes } from '../../../protocol/message/messages.js';

export const blockBytes = 512;

/** A block of ascending bytes that begin with `start`. */
export const ramp = (start: number): Buffer =>
  Buffer.from(Array.from({ length: blockBytes }, (_, i) => (start + i) % 256));

/** A sparse volume that counts what is read from it. */
export class MemoryVolume implements BlockSource {
  readonly blocks: number;
  readonly blockBytes = blockBytes;
  readonly contents: Map<number, Buffer>;
  blocksRead = 0;

  constructor(blocks: number, contents: Iterable<readonly [number, Buffer]> = []) {
    this.blocks = blocks;
    this.contents = new Map(contents);
  }

  async read(first: number, count: number): Promise<Buffer> {
    this.blocksRead += count;
    return Buffer.concat(
      Array.from({ length: count }, (_, i) => this.contents.get(first + i) ?? Buffer.alloc(blockBytes)),
    );
  }

  *dataRuns(): Iterable<BlockSpan> {
    for (const block of [...this.contents.keys()].sort((a, b) => a - b)) yield { first: block, count: 1 };
  }
}

export const provenance: Provenance = {
  method: 'differential',
  workload: 'random',
  seed: 42,
  generation: 3,
  epoch: 1,
  createdBy: 'the test',
  note: 'täglich',
  history: [],
};

/** Answers getDigests from volumes in memory, as a controller would. */
export const askingOf =
  (volumes: readonly MemoryVolume[]): AskDigests =>
  async ({ volume, first, count, partBlocks }) => {
    const digests: Uint8Array[] = [];
    const written = [...(volumes[volume]?.contents ?? [])].sort(([a], [b]) => a - b);
    for (let at = first; at < first + count; at += partBlocks) {
      const end = Math.min(at + partBlocks, first + count);
      const digest = new RangeDigest();
      for (const [block, data] of written) {
        if (block >= at && block < end) digest.add(block, contentDigests(data, blockBytes).subarray(0, digestBytes));
      }
      digests.push(digest.finish());
    }
    return digests;
  };
