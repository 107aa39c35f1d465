/**
 * Deferred writes at main reach the primary area exactly once: between the record that a block is deferred and the one
 * that it has been drained, the block is written there once, unless a power cut or a disk error came in between.
 */
import type { MainState } from '../../firmware-sim/main/main-state.js';

interface Deferred {
  readonly volume: number;
  readonly block: number;
  slot: number;
  writes: number;
  disturbed: boolean;
}

export class Drains {
  readonly #deferred = new Map<string, Deferred>();
  readonly #fail: (detail: string) => void;

  constructor(fail: (detail: string) => void) {
    this.#fail = fail;
  }

  /** Blocks of a primary area are being written. */
  written(volume: number, first: number, count: number): void {
    for (const each of this.#deferred.values()) {
      if (each.volume === volume && first <= each.block && each.block < first + count) each.writes += 1;
    }
  }

  /** Power or a disk failed: what was under way may be done again. */
  disturbed(): void {
    for (const each of this.#deferred.values()) each.disturbed = true;
  }

  /** Compares with the maps as they are now. */
  look(state: MainState): void {
    const seen = new Set<string>();
    for (const [volume, maps] of state.volumes.entries()) {
      for (const map of [maps.deferred, maps.before]) {
        for (const { first, count } of map.runs()) {
          for (let block = first as number; block < first + count; block += 1) {
            const slot = maps.newest(block)?.slotOf(block) ?? 0;
            this.#note(`${volume}:${block}`, { volume, block, slot });
            seen.add(`${volume}:${block}`);
          }
        }
      }
    }
    for (const [key, each] of this.#deferred) {
      if (seen.has(key)) continue;
      this.#deferred.delete(key);
      const { writes, disturbed } = each;
      if (writes === 1 || (disturbed && writes > 0)) continue;
      if (disturbed) continue; // It may have been drained before what disturbed it, and retired since.
      this.#fail(
        `volume ${each.volume}, block ${each.block} was written ${writes} times until it was no longer deferred`,
      );
    }
  }

  #note(key: string, { volume, block, slot }: { volume: number; block: number; slot: number }): void {
    const known = this.#deferred.get(key);
    if (known === undefined) this.#deferred.set(key, { volume, block, slot, writes: 0, disturbed: false });
    else if (known.slot !== slot) {
      known.slot = slot;
      known.writes = 0;
    }
  }
}
