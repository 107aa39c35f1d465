/**
 * An image on its way, seen from both ends at once: what counts as sent at main is in the sub's staging, and what staging
 * holds for a frozen generation is of its image. Each block is looked at when it comes to count, not again and again.
 */
import type { MainState } from '../../firmware-sim/main/main-state.js';
import type { ReplicaState } from '../../firmware-sim/replica/replica-state.js';
import { type StoredBlocks, zeroSlot } from '../../firmware-sim/storage/stored-blocks.js';
import { sameDigest } from '../../protocol/digest.js';

export interface BlockAt {
  readonly volume: number;
  readonly block: number;
}

export interface StagedBlock extends BlockAt {
  /** It is of the generation that has been frozen. */
  readonly isFrozen: boolean;
  /** Main counts it as sent, with other content. */
  readonly isOther: boolean;
}

/** The slots of blocks that have been looked at, by volume, for one generation. */
class SeenBlocks {
  #generation: number | undefined;
  #volumes: Map<number, number>[] = [];

  /** The blocks of these maps that are new, or in other slots. `quietly`: none, and what is there counts as seen. */
  *fresh(generation: number, maps: readonly StoredBlocks[], quietly = false): Iterable<BlockAt> {
    if (generation !== this.#generation) this.#volumes = [];
    this.#generation = generation;
    for (const [volume, map] of maps.entries()) {
      const seen = this.#volumes[volume];
      const now = slotsOf(map);
      this.#volumes[volume] = now;
      if (quietly) continue;
      for (const [block, slot] of now) if (seen?.get(block) !== slot) yield { volume, block };
    }
  }
}

export class OnItsWay {
  readonly #sent = new SeenBlocks();
  readonly #staged = new SeenBlocks();
  #mainWasOff = false;
  #held = { generation: 0, blocks: 0 };
  /** A generation that the sub has given up, and perhaps begun again. */
  #letGo: number | undefined;

  /** Main has lost its power: what it has recorded by then is seen when it is back. */
  lostMain(): void {
    this.#mainWasOff = true;
  }

  /** Follows what the sub holds: of a generation that it has let go main may count as sent what is gone. */
  follow({ receiving, volumes }: ReplicaState): void {
    const generation = receiving?.generation ?? this.#held.generation;
    const blocks = volumes.reduce((sum, { staged }) => sum + staged.size, 0);
    if (generation === this.#held.generation && blocks < this.#held.blocks) this.#letGo = generation;
    this.#held = { generation, blocks };
  }

  /** The first block that has come to count as sent, and that staging does not hold. */
  sentAndNotThere(main: MainState, replica: ReplicaState): BlockAt | undefined {
    const generation = main.sending;
    const maps = main.volumes.map(({ sent, streamed }) => (main.transfer === undefined ? streamed : sent));
    const isReceiving = replica.receiving?.generation === generation && generation !== this.#letGo;
    let missing: BlockAt | undefined;
    for (const at of this.#sent.fresh(generation, maps, this.#mainWasOff)) {
      if (isReceiving && replica.volumes[at.volume]?.staged.has(at.block) === false) missing ??= at;
    }
    this.#mainWasOff = false;
    return missing;
  }

  /** Blocks that have been staged for the generation that main sends. */
  *staged(main: MainState, replica: ReplicaState): Iterable<StagedBlock> {
    const generation = replica.receiving?.generation;
    if (generation === undefined || main.sending !== generation) return;
    const maps = replica.volumes.map(({ staged }) => staged);
    for (const { volume, block } of this.#staged.fresh(generation, maps)) {
      const { frozen, sent, streamed } = main.volume(volume);
      const counted = (main.transfer === undefined ? streamed : sent).digestOf(block);
      const digest = maps[volume]?.digestOf(block);
      const isOther = counted !== undefined && digest !== undefined && !sameDigest(counted, digest);
      yield { volume, block, isFrozen: main.transfer !== undefined && frozen.has(block), isOther };
    }
  }
}

function slotsOf(map: StoredBlocks): Map<number, number> {
  const slots = new Map<number, number>();
  for (const { first, count, slot } of map.runs()) {
    for (let index = 0; index < count; index += 1) slots.set(first + index, slot === zeroSlot ? slot : slot + index);
  }
  return slots;
}
