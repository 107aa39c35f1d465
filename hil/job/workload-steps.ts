/** What the steps `write` and `overwriteInFlight` send. */
import { type Profile, planDefaults, workload } from '../../host/workload/plan.js';
import { Random } from '../../host/workload/random.js';
import type { WriteContent } from '../../host/workload/sparse-image.js';

export interface PlannedWrite {
  readonly volume: number;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  readonly zeros: boolean;
}

export interface WorkloadOptions {
  readonly volumes: readonly number[];
  readonly blockBytes: number;
  readonly writes: number;
  readonly profile: Profile;
  readonly seed: number;
  /** `mixed`: runs, parts of blocks and unmaps; `blocks`: one whole block each. */
  readonly sizes: 'mixed' | 'blocks';
  /** This volume alone. */
  readonly volume?: number | undefined;
}

const blocksOnly = { runBlocksMax: 1, partialPercent: 0, unmapPercent: 0 };

/** The writes of a seeded workload, in order. */
export function* plannedWrites(options: WorkloadOptions): Generator<PlannedWrite> {
  const { volumes, volume, writes, profile, seed, blockBytes, sizes } = options;
  const chosen = volume === undefined ? volumes : volumes.slice(volume, volume + 1);
  const plan = {
    profile,
    seed,
    volumes: chosen,
    blockBytes,
    operations: writes,
    ...(sizes === 'mixed' ? planDefaults : blocksOnly),
  };
  for (const { kind, volume: index, offsetBytes, lengthBytes } of workload(plan)) {
    yield { volume: index + (volume ?? 0), offsetBytes, lengthBytes, zeros: kind === 'unmap' };
  }
}

/** Writes to single blocks of a difference, anywhere in it. */
export function* overwrites(
  difference: readonly ReadonlySet<number>[],
  { blockBytes, writes, seed }: Pick<WorkloadOptions, 'blockBytes' | 'writes' | 'seed'>,
): Generator<PlannedWrite> {
  const blocks = difference.flatMap((each, volume) => [...each].map((block) => ({ volume, block })));
  const random = new Random(seed);
  for (let index = 0; index < writes && blocks.length > 0; index += 1) {
    const { volume, block } = blocks[random.below(blocks.length)] ?? { volume: 0, block: 0 };
    yield { volume, offsetBytes: block * blockBytes, lengthBytes: blockBytes, zeros: false };
  }
}

/** What a planned write carries: blocks that say where they belong, by which write, for which generation. */
export function contentOf(
  { volume, lengthBytes, zeros }: PlannedWrite,
  stamp: { readonly blockBytes: number; readonly write: number; readonly generation: number; readonly seed: number },
): WriteContent {
  return zeros ? { kind: 'zeros', lengthBytes } : { kind: 'stamped', stamp: { volume, ...stamp }, lengthBytes };
}
