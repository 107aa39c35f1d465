/** The newest freezes, so that a host that repeats one gets the same answer: it may have frozen again by then. */
import { sameDigest } from '../../protocol/digest.js';
import type { Epoch, Generation } from '../../protocol/ids.js';

/** A freeze as it was answered. */
export interface Freeze {
  readonly epoch: Epoch;
  readonly generation: Generation;
  readonly token: Uint8Array;
  readonly included: readonly number[];
}

/** As many are remembered. */
export const freezesRemembered = 16;

export class Freezes {
  #all: readonly Freeze[] = [];

  /** Oldest first. */
  get all(): readonly Freeze[] {
    return this.#all;
  }

  /** Generations only grow: one that is told again, as by a snapshot, is known. */
  add({ epoch, generation, token, included }: Freeze): void {
    if (generation <= (this.#all.at(-1)?.generation ?? 0)) return;
    const freeze = { epoch, generation, token: Uint8Array.from(token), included: [...included] };
    this.#all = [...this.#all, freeze].slice(-freezesRemembered);
  }

  of(generation: Generation): Freeze | undefined {
    return this.#all.find((each) => each.generation === generation);
  }

  /** What this token made; a token of zeros is nobody's. */
  madeBy(token: Uint8Array): Freeze | undefined {
    if (token.every((byte) => byte === 0)) return undefined;
    return this.#all.findLast((each) => sameDigest(each.token, token));
  }
}
