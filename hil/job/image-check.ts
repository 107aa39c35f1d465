/** Holds what a controller gives, or what lies in its files, against an image that is known. */
import type { HostClient } from '../../host/client.js';
import { verifyGolden } from '../../host/golden/bisect.js';
import type { BlockSource, BlockSpan } from '../../host/golden/block-source.js';
import { diffGolden } from '../../host/golden/diff.js';
import type { Golden, VolumeSpan } from '../../host/golden/golden.js';
import { recordGolden } from '../../host/golden/record.js';
import { type ExpectedBlock, explainBlock } from '../../host/workload/explain.js';
import type { SparseImage } from '../../host/workload/sparse-image.js';
import { RefusalError, refusals } from '../../protocol/refusals.js';
import type { Bench } from '../bench/bench.js';
import type { AreaName } from '../report/block-states.js';
import { counted } from '../report/quantity.js';

/** Volumes as they must be. */
export interface KnownImage {
  /** Contents, as far as they are known to the byte: none when the image comes from a file. */
  readonly volumes: readonly SparseImage[];
  readonly golden: Golden;
}

export interface ImageFinding {
  /** Spans of wrong blocks; those of which nobody knows what they must hold are left out. */
  readonly wrong: readonly VolumeSpan[];
  readonly wrongBlocks: number;
  /** What the first of them hold, a sentence each. */
  readonly explanations: readonly string[];
  /** Digests that were asked for, where they were. */
  readonly requests: number;
  /** Why the controller would not say: it found its own disks in disorder, for one. */
  readonly refused?: string;
}

/** What a check found, in lines; none when all is right. */
export function findingLines({ wrong, wrongBlocks, explanations, refused }: ImageFinding): string[] {
  if (refused !== undefined) return [refused];
  if (wrongBlocks === 0) return [];
  const spans = wrong.slice(0, spansMax).map(({ volume, first, count }) => {
    const blocks = count === 1 ? `block ${first}` : `blocks ${first} to ${first + count - 1}`;
    return `${blocks} of volume ${volume}`;
  });
  const more = wrong.length > spansMax ? ', …' : '';
  return [`${counted(wrongBlocks, 'wrong block')}: ${spans.join(', ')}${more}`, ...explanations];
}

const explanationsMax = 8;
const spansMax = 8;

/** Records the digests of volumes held in memory. */
export async function knownImage(
  volumes: readonly SparseImage[],
  of: Pick<Golden['provenance'], 'method' | 'seed' | 'generation' | 'epoch' | 'workload'>,
): Promise<KnownImage> {
  const provenance = { ...of, createdBy: 'coldframe run', note: '', history: [] };
  return { volumes, golden: await recordGolden(volumes, provenance) };
}

/**
 * Asks a controller for digests, bisecting to the wrong blocks. `of` is the generation meant, 0 for whatever is current.
 * Throws RefusalError, `wrong-generation` among them when another one is current.
 */
export async function checkByDigests(
  bench: Bench,
  client: HostClient,
  { image, of }: { readonly image: KnownImage; readonly of: number },
): Promise<ImageFinding> {
  const { golden } = image;
  const found = await bench.run(
    verifyGolden(golden, ({ volume, first, count, partBlocks }) =>
      client.digests(volume, { first, count, partBlocks, of }),
    ),
  );
  const { blockBytes } = golden;
  const readBlock = (volume: number, block: number) =>
    bench.run(client.read(volume, block * blockBytes, blockBytes)).then((data) => Buffer.from(data));
  return finding(image, [...found.wrong, ...found.unresolved], { requests: found.requests, readBlock });
}

/** Reads an area behind the controller, whole, and compares it. */
export async function checkRawArea(bench: Bench, area: AreaName, image: KnownImage): Promise<ImageFinding> {
  const { blockBytes } = image.golden;
  const sources = image.volumes.map((_, volume) => new RawArea(bench, area, volume));
  const raw = await recordGolden(sources, image.golden.provenance);
  const readBlock = (volume: number, block: number) => bench.readArea(area, volume, block * blockBytes, blockBytes);
  return finding(image, diffGolden(image.golden, raw), { requests: 0, readBlock });
}

async function finding(
  { volumes }: KnownImage,
  spans: readonly VolumeSpan[],
  how: { readonly requests: number; readBlock(volume: number, block: number): Promise<Buffer> },
): Promise<ImageFinding> {
  const wrong = spans.flatMap((span) => [...withoutUncertain(span, volumes[span.volume])]);
  const explanations: string[] = [];
  for (const { volume, first, count } of wrong) {
    for (let block = first; block < first + count && explanations.length < explanationsMax; block += 1) {
      const data = volumes[volume]?.block(block);
      const expected = { volume, block, ...(data === undefined ? {} : { data }) };
      explanations.push(await explanation(expected, () => how.readBlock(volume, block)));
    }
  }
  const wrongBlocks = wrong.reduce((sum, { count }) => sum + count, 0);
  return { wrong, wrongBlocks, explanations, requests: how.requests };
}

async function explanation(expected: ExpectedBlock, read: () => Promise<Buffer>): Promise<string> {
  try {
    return explainBlock(expected, await read());
  } catch (error) {
    // A sub that finds its medium changed gives no data.
    if (!(error instanceof RefusalError) || refusals[error.refusal.code].exit !== 1) throw error;
    return `block ${expected.block} of volume ${expected.volume} cannot be read: ${error.message}`;
  }
}

/** The parts of a span that are certain. */
function* withoutUncertain(
  { volume, first, count }: VolumeSpan,
  image: SparseImage | undefined,
): Generator<VolumeSpan> {
  const uncertain = new Set(image?.uncertainBlocks());
  for (let from = first, block = first; block <= first + count; block += 1) {
    if (block < first + count && !uncertain.has(block)) continue;
    if (block > from) yield { volume, first: from, count: block - from };
    from = block + 1;
  }
}

/** A whole area, without looking for holes: zeros are found as they are read. */
class RawArea implements BlockSource {
  readonly blocks: number;
  readonly blockBytes: number;
  readonly #read: (offsetBytes: number, lengthBytes: number) => Promise<Buffer>;

  constructor(bench: Bench, area: AreaName, volume: number) {
    this.blockBytes = bench.shape.blockBytes;
    this.blocks = (bench.shape.volumes[volume] ?? 0) / this.blockBytes;
    this.#read = (offsetBytes, lengthBytes) => bench.readArea(area, volume, offsetBytes, lengthBytes);
  }

  read(first: number, count: number): Promise<Buffer> {
    return this.#read(first * this.blockBytes, count * this.blockBytes);
  }

  *dataRuns(): Iterable<BlockSpan> {
    yield { first: 0, count: this.blocks };
  }
}
