/**
 * Maps of what happened to each block of a generation, gathered from the models while they work: what main sent, what
 * its shadow area took, what arrived in staging.
 */
import { BlockSet } from '../../firmware-sim/storage/block-set.js';
import type { StoredBlocks } from '../../firmware-sim/storage/stored-blocks.js';
import { sameDigest, zeroDigest } from '../../protocol/digest.js';
import type { Bench, BenchModels } from '../bench/bench.js';
import { type AreaName, type BlockState, encodeStates, type StateRun } from '../report/block-states.js';
import type { BlockMapRecord } from '../report/run-record.js';

/** What one volume's shadow area took for a generation. */
interface Shadow {
  readonly kept: BlockSet;
  readonly deferred: BlockSet;
  keptSeen: number;
  deferredSeen: number;
}

export interface GatheredMaps {
  readonly maps: readonly BlockMapRecord[];
  /** Blocks that the host wrote while their frozen content waited. */
  readonly deferredBlocks: number;
  readonly blocksTotal: number;
  readonly blocksSent: number;
  readonly zeroBlocks: number;
}

export class ModelMaps {
  readonly #bench: Bench;
  readonly #models: BenchModels;
  readonly #gathered = new Map<number, GatheredMaps>();
  #shadows: Shadow[];

  constructor(bench: Bench, models: BenchModels) {
    this.#bench = bench;
    this.#models = models;
    this.#shadows = this.#newShadows();
    models.onStep((role) => {
      if (role === 'main') this.#look();
    });
    bench.onMark(({ role, name, values }) => {
      if (role === 'main' && name === 'freezeTaken') this.#shadows = this.#newShadows();
      // Complete is told when all has been sent, while the maps of the generation are still there.
      if (role === 'main' && name === 'complete') this.#gather(Number(values.generation));
    });
  }

  /** The maps of a generation that has been completed. */
  of(generation: number): GatheredMaps | undefined {
    return this.#gathered.get(generation);
  }

  #newShadows(): Shadow[] {
    return this.#bench.shape.volumes.map(() => ({
      ...{ kept: new BlockSet(), deferred: new BlockSet(), keptSeen: 0, deferredSeen: 0 },
    }));
  }

  /** Entries of the shadow maps come and go: they are gathered whenever there are more or fewer. */
  #look(): void {
    for (const [volume, { kept, deferred }] of this.#models.main.state.volumes.entries()) {
      const shadow = this.#shadows[volume];
      if (shadow === undefined) continue;
      if (deferred.size !== shadow.deferredSeen) addAll(shadow.deferred, deferred);
      shadow.deferredSeen = deferred.size;
      // There may be many and they mostly stay: a look at each doubling, and before any is given up, is enough.
      if (kept.size >= 2 * shadow.keptSeen + 1 || kept.size < shadow.keptSeen) {
        addAll(shadow.kept, kept);
        shadow.keptSeen = kept.size;
      }
    }
  }

  #gather(generation: number): void {
    const { main, sub } = this.#models;
    const maps: BlockMapRecord[] = [];
    const counts = { deferredBlocks: 0, blocksTotal: 0, blocksSent: 0, zeroBlocks: 0 };
    for (const [volume, { frozen, sent, kept, allocated }] of main.state.volumes.entries()) {
      const blocks = Math.ceil((this.#bench.shape.volumes[volume] ?? 0) / this.#bench.shape.blockBytes);
      const shadow = this.#shadows[volume];
      if (shadow === undefined) continue;
      addAll(shadow.kept, kept);
      counts.blocksTotal += frozen.size;
      counts.blocksSent += sent.size;
      counts.deferredBlocks += shadow.deferred.size;
      for (const each of zerosOf(sent)) counts.zeroBlocks += each;
      const map = (area: AreaName, stateOf: (block: number) => BlockState) =>
        maps.push({ generation, area, volume, states: encodeStates(runsOf(blocks, stateOf)) });
      const held = (stored: StoredBlocks | undefined, block: number): BlockState | undefined => {
        const digest = stored?.digestOf(block);
        if (digest === undefined) return undefined;
        return sameDigest(digest, zeroDigest) ? 'z' : 's';
      };
      const staged = sub.replica.volumes[volume]?.staged;
      map('primary', (block) => held(sent, block) ?? (frozen.has(block) ? 'p' : allocated.has(block) ? 'u' : 'e'));
      map('shadow', (block) => (shadow.deferred.has(block) ? 'd' : shadow.kept.has(block) ? 'k' : 'e'));
      map('staging', (block) => held(staged, block) ?? 'e');
    }
    this.#gathered.set(generation, { maps, ...counts });
  }
}

function addAll(set: BlockSet, stored: StoredBlocks): void {
  for (const { first, count } of stored.runs()) set.add(first, count);
}

/** How many blocks of zeros each run has. */
function* zerosOf(stored: StoredBlocks): Generator<number> {
  for (const { digests } of stored.runs()) {
    let zeros = 0;
    for (let at = 0; at < digests.length; at += zeroDigest.length) {
      if (sameDigest(digests.subarray(at, at + zeroDigest.length), zeroDigest)) zeros += 1;
    }
    yield zeros;
  }
}

function* runsOf(blocks: number, stateOf: (block: number) => BlockState): Generator<StateRun> {
  for (let block = 0; block < blocks; block += 1) yield { state: stateOf(block), count: 1 };
}
