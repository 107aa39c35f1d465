/**
 * Finds the blocks in which a volume differs from its golden image by asking for digests of ever smaller ranges:
 * one digest for each volume first, then sixteen parts of whatever does not match, down to single blocks.
 *
 * For k wrong blocks among n that is at most k·log16(n) requests; a volume that matches costs one.
 */
import { sameDigest } from '../../protocol/digest.js';
import { RefusalError } from '../../protocol/refusals.js';
import { SpanList } from './diff.js';
import { blocksOf, type Golden, rangeDigest, type VolumeSpan } from './golden.js';

/** Ask for the digests of equal parts of a span; the last part may be shorter. As the message `getDigests`. */
export interface DigestRequest extends VolumeSpan {
  readonly partBlocks: number;
}

/** Carries one request to a controller; the digests of its parts come back, in order. */
export type AskDigests = (request: DigestRequest) => Promise<readonly Uint8Array[]>;

export interface Verification {
  /** The blocks that are wrong, exactly. */
  readonly wrong: readonly VolumeSpan[];
  readonly wrongBlocks: number;
  /** Spans that hold further wrong blocks (a whole volume: may hold) and were not looked into: `wrongBlocksMax` was reached. */
  readonly unresolved: readonly VolumeSpan[];
  readonly requests: number;
}

export interface BisectLimits {
  /** Stop looking for more once this many blocks are known to be wrong. */
  readonly wrongBlocksMax: number;
  /** Requests that may be on their way together. */
  readonly requestsAtOnce: number;
}

/** Parts that a range which does not match is cut into. */
const fanOut = 16;
/** The most digests in one answer (MESSAGES.md, digests). */
const partsMax = 256;
const defaults: BisectLimits = { wrongBlocksMax: 4096, requestsAtOnce: 4 };

/** Verifies all volumes of `golden` through `ask`. Throws what `ask` throws. */
export async function verifyGolden(
  golden: Golden,
  ask: AskDigests,
  limits: Partial<BisectLimits> = {},
): Promise<Verification> {
  const steps = bisect(golden, { ...defaults, ...limits });
  let step = steps.next();
  while (step.done !== true) step = steps.next(await Promise.all(step.value.map(ask)));
  return step.value;
}

/**
 * The same without promises: yields requests that may be asked together, takes their answers in the same order, returns
 * what was found. Depth first, so that a volume with everything wrong is given up early and not held in memory.
 */
export function* bisect(
  golden: Golden,
  limits: BisectLimits,
): Generator<readonly DigestRequest[], Verification, readonly (readonly Uint8Array[])[]> {
  const wrong = new SpanList();
  const waiting = wholeVolumes(golden).reverse();
  let requests = 0;
  while (waiting.length > 0 && wrong.blocks < limits.wrongBlocksMax) {
    const batch = waiting.splice(-limits.requestsAtOnce).reverse();
    const answers = yield batch;
    requests += batch.length;
    const mismatches = batch.flatMap((request, index) => mismatchesOf(golden, request, answers[index] ?? []));
    // The lowest go on top, so that wrong blocks are found in ascending order within what is looked at together.
    for (const { partBlocks, ...span } of mismatches.reverse()) {
      if (partBlocks > 1) waiting.push(...narrowed(span, partBlocks).reverse());
      else wrong.add(span);
    }
  }
  return result(wrong, waiting, requests);
}

function wholeVolumes(golden: Golden): DigestRequest[] {
  return golden.volumes.map((_, volume) => {
    const count = blocksOf(golden, volume);
    return { volume, first: 0, count, partBlocks: count };
  });
}

/** The parts that do not match, neighbours joined; `partBlocks` tells how finely they are known. */
function mismatchesOf(golden: Golden, request: DigestRequest, answer: readonly Uint8Array[]): DigestRequest[] {
  const { volume, first, count, partBlocks } = request;
  const parts = Math.ceil(count / partBlocks);
  if (answer.length !== parts) {
    throw new RefusalError('message-value', `${answer.length} digests for ${parts} parts`);
  }
  const spans = new SpanList();
  for (const [index, digest] of answer.entries()) {
    const at = index * partBlocks;
    const part = { volume, first: first + at, count: Math.min(partBlocks, count - at) };
    if (!sameDigest(digest, rangeDigest(golden, part))) spans.add(part);
  }
  return spans.spans.map((span) => ({ ...span, partBlocks }));
}

/** Requests for a span whose parts of `partBlocks` all do not match: each of them in sixteen. */
function narrowed(span: VolumeSpan, partBlocks: number): DigestRequest[] {
  const finer = Math.max(1, 2 ** Math.ceil(Math.log2(partBlocks / fanOut)));
  const requests: DigestRequest[] = [];
  for (let done = 0; done < span.count; done += finer * partsMax) {
    const count = Math.min(finer * partsMax, span.count - done);
    requests.push({ volume: span.volume, first: span.first + done, count, partBlocks: finer });
  }
  return requests;
}

function result(found: SpanList, waiting: readonly DigestRequest[], requests: number): Verification {
  const ascending = (spans: readonly VolumeSpan[]): VolumeSpan[] => {
    const joined = new SpanList();
    for (const { volume, first, count } of [...spans].sort((a, b) => a.volume - b.volume || a.first - b.first)) {
      joined.add({ volume, first, count });
    }
    return joined.spans;
  };
  return { wrong: ascending(found.spans), wrongBlocks: found.blocks, unresolved: ascending(waiting), requests };
}
