/**
 * A golden image: what every volume of a group must hold at a generation, as digests of its blocks, and where that
 * knowledge comes from.
 */
import * as z from 'zod';
import { RangeDigest } from '../../protocol/digest.js';
import { assert, volumesMax } from '../../protocol/ids.js';
import type { DigestMap } from './digest-map.js';

/** Version of the manifest's format. */
export const goldenFormat = 1;

const count = z.number().int().nonnegative();
const digestText = z.string().regex(/^[0-9a-f]{32}$/, 'is no digest of 32 hexadecimal digits');

const originSchema = z.strictObject({
  method: z.enum(['copy', 'differential', 'streaming']).optional(),
  workload: z.string().optional(),
  seed: count.optional(),
  generation: count,
  epoch: count,
  createdBy: z.string(),
  note: z.string().default(''),
});

/** Where an image comes from, and the digests of the images that were golden before it, oldest first. */
export const provenanceSchema = originSchema.extend({
  history: z.array(originSchema.extend({ digest: digestText })).default([]),
});
export type Provenance = z.infer<typeof provenanceSchema>;

/** The first line of a manifest. */
export const goldenHeaderSchema = z.strictObject({
  coldframeGolden: z.literal(goldenFormat),
  blockBytes: z
    .number()
    .int()
    .min(512)
    .refine((bytes) => Number.isInteger(Math.log2(bytes)), 'is no power of two'),
  digest: digestText,
  volumes: z
    .array(z.strictObject({ bytes: z.number().int().positive(), writtenBlocks: count }))
    .min(1)
    .max(volumesMax),
  provenance: provenanceSchema,
});
export type GoldenHeader = z.infer<typeof goldenHeaderSchema>;

export interface GoldenVolume {
  /** Size in bytes, a multiple of the block size. */
  readonly bytes: number;
  readonly digests: DigestMap;
}

export interface Golden {
  readonly blockBytes: number;
  readonly volumes: readonly GoldenVolume[];
  /** Digest of the generation: over (volume, block, content digest) of everything that is not zero. 32 hex digits. */
  readonly digest: string;
  readonly provenance: Provenance;
}

/** A span of blocks of one volume. */
export interface VolumeSpan {
  readonly volume: number;
  readonly first: number;
  readonly count: number;
}

/** Size of a golden volume in blocks. */
export function blocksOf(golden: Golden, volume: number): number {
  return volumeOf(golden, volume).bytes / golden.blockBytes;
}

/** Range digest of `count` blocks of a golden volume from `first` on. */
export function rangeDigest(golden: Golden, { volume, first, count: length }: VolumeSpan): Uint8Array {
  return volumeOf(golden, volume).digests.rangeDigest(first, length);
}

/** One digest of all volumes of a golden image, holes left out; 32 hex digits. */
export function generationDigest(volumes: readonly GoldenVolume[]): string {
  const digest = new RangeDigest();
  for (const [volume, { digests }] of volumes.entries()) {
    for (let index = 0; index < digests.size; index += 1) {
      digest.addOfVolume(volume, digests.blockAt(index), digests.digestAt(index));
    }
  }
  return Buffer.from(digest.finish()).toString('hex');
}

function volumeOf(golden: Golden, volume: number): GoldenVolume {
  const found = golden.volumes[volume];
  assert(found !== undefined, `the golden image has a volume ${volume}`);
  return found;
}
