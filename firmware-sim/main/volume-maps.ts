/**
 * The maps that main keeps of a volume, and what a freeze does to them (by swapping, never by looping):
 *
 *     changed   ──freeze──► frozen     the difference on its way (or, in a full generation, everything allocated)
 *     sent                             blocks of `frozen` that the sub holds, with their digests
 *     streamed  ──freeze──► sent       before a freeze: changed blocks whose newest content the sub holds (streaming)
 *     kept                             frozen content in the shadow area (copy, streaming)
 *     deferred  ──freeze──► before     newer content in the shadow area (differential); `before` has to be drained first
 */
import { BlockSet } from '../storage/block-set.js';
import { StoredBlocks } from '../storage/stored-blocks.js';

export class VolumeMaps {
  /** Blocks ever written, as of the freeze while a generation is on its way; what came since is apart. */
  readonly allocated = new BlockSet();
  allocatedSince = new BlockSet();
  changed = new BlockSet();
  /** What `changed` was at the freeze: merged back if the generation fails. */
  frozenChanges = new BlockSet();
  /** The blocks of the generation on its way: `frozenChanges`, or in a full generation `allocated`. */
  frozen = new BlockSet();
  /** Slots in here are meaningless: only membership and digests count. */
  sent = new StoredBlocks();
  /** The image's blocks that the sub lacks; undefined until `MainState.missing` is asked for them. */
  missing: BlockSet | undefined;
  streamed = new StoredBlocks();
  kept = new StoredBlocks();
  deferred = new StoredBlocks();
  before = new StoredBlocks();

  isAllocated(block: number): boolean {
    return this.allocated.has(block) || this.allocatedSince.has(block);
  }

  /** Where the newest content of a block lies in the shadow area, if it lies there. */
  newest(block: number): StoredBlocks | undefined {
    if (this.deferred.has(block)) return this.deferred;
    return this.before.has(block) ? this.before : undefined;
  }
}
