/**
 * What staging holds for a generation, in chunks of 64 blocks: which, and the range digest of those. Asked when a
 * session opens in the middle of a transfer, so that it goes on from what is there, and when a complete is refused.
 */
import { digestsAt, RangeDigest } from '../../protocol/digest.js';
import { type Generation, volumeNumber } from '../../protocol/ids.js';
import type { StoredBlocks } from '../storage/stored-blocks.js';
import type { Receiver } from './receiver.js';

export const holdingsChunkBlocks = 64;
const chunksPerMessage = 1024;

export interface HeldChunk {
  readonly chunk: number;
  readonly held: Uint8Array;
  readonly digest: Uint8Array;
}

/** Answers getHoldings; a generation that staging is not for has no holdings. */
export function sendHoldings({ board, state }: Receiver, generation: Generation): void {
  const known = state.receiving?.generation === generation;
  const parts: { volume: number; chunks: HeldChunk[] }[] = [];
  for (const [volume, { staged }] of state.volumes.entries()) {
    const chunks = known ? [...heldChunks(staged)] : [];
    for (let at = 0; at < chunks.length; at += chunksPerMessage) {
      parts.push({ volume, chunks: chunks.slice(at, at + chunksPerMessage) });
    }
  }
  if (parts.length === 0) parts.push({ volume: 0, chunks: [] });
  for (const [index, { volume, chunks }] of parts.entries()) {
    const last = index === parts.length - 1;
    board.send('remote', { kind: 'holdings', generation, volume: volumeNumber(volume), chunks, last });
  }
}

/** The chunks of a map that hold anything, in ascending order. */
export function* heldChunks(map: StoredBlocks): Generator<HeldChunk> {
  let current: { chunk: number; held: Uint8Array; range: RangeDigest } | undefined;
  for (const run of map.runs()) {
    const chunk = Math.floor(run.first / holdingsChunkBlocks);
    if (current !== undefined && current.chunk !== chunk) {
      yield { chunk: current.chunk, held: current.held, digest: current.range.finish() };
      current = undefined;
    }
    current ??= { chunk, held: new Uint8Array(holdingsChunkBlocks / 8), range: new RangeDigest() };
    for (let index = 0; index < run.count; index += 1) {
      const bit = (run.first + index) % holdingsChunkBlocks;
      current.held[bit >>> 3] = (current.held[bit >>> 3] ?? 0) | (1 << (bit & 7));
      current.range.add(run.first + index, digestsAt(run.digests, index));
    }
  }
  if (current !== undefined) yield { chunk: current.chunk, held: current.held, digest: current.range.finish() };
}
