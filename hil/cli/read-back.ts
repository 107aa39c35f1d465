/** Compares volumes with a golden image by reading all of them. */
import type { HostClient } from '../../host/client.js';
import { SpanList } from '../../host/golden/diff.js';
import type { Golden, VolumeSpan } from '../../host/golden/golden.js';
import { explainBlock } from '../../host/workload/explain.js';
import { contentDigests, digestsAt, sameDigest } from '../../protocol/digest.js';
import { startProgress } from './progress.js';

export interface ReadBack {
  readonly wrong: readonly VolumeSpan[];
  /** A sentence for each of the first wrong blocks: what it holds. */
  readonly explanations: readonly string[];
}

const readBytes = 2 ** 20;
const readsAtOnce = 4;
const explanationsMax = 64;

/** Reads every block. Throws what reading throws. */
export async function readBack(client: Pick<HostClient, 'read'>, golden: Golden): Promise<ReadBack> {
  const spans = new SpanList();
  const explanations: string[] = [];
  const progress = await startProgress(
    'reading back',
    golden.volumes.reduce((sum, { bytes }) => sum + bytes, 0),
  );
  try {
    for (const [volume, { bytes }] of golden.volumes.entries()) {
      for await (const { offset, data } of readAhead(client, volume, bytes)) {
        for (const block of wrongBlocks(golden, volume, offset / golden.blockBytes, data)) {
          spans.add({ volume, first: block.number, count: 1 });
          if (explanations.length < explanationsMax)
            explanations.push(explainBlock({ volume, block: block.number }, block.data));
        }
        progress.advance(data.length);
      }
    }
  } finally {
    progress.stop();
  }
  return { wrong: spans.spans, explanations };
}

/** The whole volume in order, a few reads ahead. */
async function* readAhead(client: Pick<HostClient, 'read'>, volume: number, bytes: number) {
  const underWay: Promise<{ offset: number; data: Uint8Array }>[] = [];
  let next = 0;
  for (;;) {
    while (underWay.length < readsAtOnce && next < bytes) {
      const offset = next;
      next = Math.min(bytes, next + readBytes);
      const reading = client.read(volume, offset, next - offset).then((data) => ({ offset, data }));
      // One that fails while an earlier one is awaited is reported when its turn comes.
      reading.catch(() => {});
      underWay.push(reading);
    }
    const first = underWay.shift();
    if (first === undefined) return;
    yield await first;
  }
}

function* wrongBlocks(golden: Golden, volume: number, first: number, data: Uint8Array) {
  const { blockBytes } = golden;
  const digests = contentDigests(data, blockBytes);
  const map = golden.volumes[volume]?.digests;
  for (let index = 0; index * blockBytes < data.length; index += 1) {
    const digest = digestsAt(digests, index);
    if (map !== undefined && sameDigest(digest, map.digestOf(first + index))) continue;
    yield { number: first + index, data: data.subarray(index * blockBytes, (index + 1) * blockBytes) };
  }
}
