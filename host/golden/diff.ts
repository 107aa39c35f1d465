/**
 * Compares two golden images by their digests.
 */
import { sameDigest } from '../../protocol/digest.js';
import { RefusalError } from '../../protocol/refusals.js';
import type { DigestMap } from './digest-map.js';
import type { Golden, VolumeSpan } from './golden.js';

/**
 * The spans of blocks in which two images differ, in ascending order.
 * Refuses `golden-size` when they are not images of volumes of the same sizes.
 */
export function diffGolden(a: Golden, b: Golden): VolumeSpan[] {
  if (a.blockBytes !== b.blockBytes) {
    throw new RefusalError('golden-size', `blocks of ${a.blockBytes} and ${b.blockBytes} bytes`);
  }
  const sizes = [a, b].map((golden) => golden.volumes.map(({ bytes }) => bytes).join(', '));
  if (sizes[0] !== sizes[1]) throw new RefusalError('golden-size', `volumes of ${sizes[0]} and ${sizes[1]} bytes`);
  const spans = new SpanList();
  for (const [volume, { digests }] of a.volumes.entries()) {
    const other = b.volumes[volume];
    if (other === undefined) continue;
    for (const block of differingBlocks(digests, other.digests)) spans.add({ volume, first: block, count: 1 });
  }
  return spans.spans;
}

/** Gathers spans that come in ascending order, and joins those that touch. */
export class SpanList {
  readonly spans: VolumeSpan[] = [];
  /** Blocks in all spans. */
  blocks = 0;

  add(span: VolumeSpan): void {
    this.blocks += span.count;
    const last = this.spans.at(-1);
    if (last !== undefined && last.volume === span.volume && last.first + last.count === span.first) {
      this.spans[this.spans.length - 1] = { ...last, count: last.count + span.count };
    } else this.spans.push(span);
  }
}

/** Walks both maps at once. */
function* differingBlocks(a: DigestMap, b: DigestMap): Iterable<number> {
  let atA = 0;
  let atB = 0;
  while (atA < a.size || atB < b.size) {
    const blockA = atA < a.size ? a.blockAt(atA) : Number.POSITIVE_INFINITY;
    const blockB = atB < b.size ? b.blockAt(atB) : Number.POSITIVE_INFINITY;
    if (blockA !== blockB) yield Math.min(blockA, blockB);
    else if (!sameDigest(a.digestAt(atA), b.digestAt(atB))) yield blockA;
    if (blockA <= blockB) atA += 1;
    if (blockB <= blockA) atB += 1;
  }
}
