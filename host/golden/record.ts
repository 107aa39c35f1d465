/**
 * Records a golden image: reads every block that may hold data, once, and keeps its digest.
 */
import { contentDigests } from '../../protocol/digest.js';
import { assert } from '../../protocol/ids.js';
import { digestBytes } from '../../protocol/message/messages.js';
import type { BlockSource } from './block-source.js';
import { DigestMap } from './digest-map.js';
import { type Golden, generationDigest, type Provenance } from './golden.js';

/** Bytes that are read at once. */
const readBytes = 2 ** 20;

/** Reads all volumes of a group; costs what is written in them, not their size. */
export async function recordGolden(volumes: readonly BlockSource[], provenance: Provenance): Promise<Golden> {
  const blockBytes = volumes[0]?.blockBytes;
  assert(blockBytes !== undefined, 'a group has a volume');
  assert(
    volumes.every((volume) => volume.blockBytes === blockBytes),
    'all volumes of a group have one block size',
  );
  const recorded = [];
  for (const volume of volumes) {
    recorded.push({ bytes: volume.blocks * blockBytes, digests: await digestsOf(volume) });
  }
  return { blockBytes, volumes: recorded, digest: generationDigest(recorded), provenance };
}

/** Content digests of all blocks of a volume that are not zero. */
export async function digestsOf(source: BlockSource): Promise<DigestMap> {
  const digests = new DigestMap();
  const batch = Math.max(1, Math.floor(readBytes / source.blockBytes));
  for await (const { first, count } of source.dataRuns()) {
    for (let done = 0; done < count; done += batch) {
      const data = await source.read(first + done, Math.min(batch, count - done));
      appendAll(digests, first + done, contentDigests(data, source.blockBytes));
    }
  }
  return digests;
}

function appendAll(into: DigestMap, first: number, digests: Uint8Array): void {
  for (let at = 0; at < digests.length; at += digestBytes) {
    into.append(first + at / digestBytes, digests.subarray(at, at + digestBytes));
  }
}
