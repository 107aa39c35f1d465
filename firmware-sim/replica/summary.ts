/** What complete says of a generation: how many blocks, how many of them zeros, and the digest over all of them. */
import { digestsAt, GenerationDigest, sameDigest, zeroDigest } from '../../protocol/digest.js';
import type { Generation } from '../../protocol/ids.js';
import type { StoredBlocks } from '../storage/stored-blocks.js';

export interface Summary {
  readonly blocks: number;
  readonly zeroBlocks: number;
  readonly digest: Uint8Array;
}

/** Blocks of one turn: a controller that summed up a large image as one would answer nobody meanwhile. */
export const summedPerTurn = 4096;

/** The summary of what these maps hold, one for each volume. */
export function summaryOf(volumes: readonly StoredBlocks[]): Summary {
  const work = summing(volumes);
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
  }
}

/** Between two turns, in microseconds: hosts come first. */
const pauseUs = 1000;

/** The summary of one image at a time, made in as many turns as it takes, and remembered until what is held changes. */
export class StepwiseSummary {
  #generation: Generation | undefined;
  #work: Generator<void, Summary> | undefined;
  #summary: Summary | undefined;
  #nextTurnUs = 0;

  /** Takes a turn if it is time; undefined while there is more to do. What is held may not change meanwhile, or `forget` is called. */
  next(generation: Generation, volumes: readonly StoredBlocks[], nowUs: number): Summary | undefined {
    if (this.#generation !== generation) this.forget();
    this.#generation = generation;
    if (this.#summary !== undefined) return this.#summary;
    if (this.#work === undefined) {
      this.#work = summing(volumes);
      const isLarge = volumes.reduce((sum, { size }) => sum + size, 0) > summedPerTurn;
      // Not even begun: this step may be one that somebody waits for, such as that of a freeze.
      if (isLarge) this.#nextTurnUs = nowUs + pauseUs;
      else return this.#turn(this.#work);
    }
    if (nowUs < this.#nextTurnUs) return undefined;
    this.#nextTurnUs = nowUs + pauseUs;
    return this.#turn(this.#work);
  }

  /** When there is another turn to take, in microseconds; undefined when there is none. */
  deadline(): number | undefined {
    return this.#work === undefined ? undefined : this.#nextTurnUs;
  }

  /** All of it at once, from where it is. */
  all(generation: Generation, volumes: readonly StoredBlocks[]): Summary {
    for (;;) {
      const summary = this.next(generation, volumes, Number.POSITIVE_INFINITY);
      if (summary !== undefined) return summary;
    }
  }

  /** What is held has changed, or is of no interest any more. */
  forget(): void {
    this.#generation = undefined;
    this.#work = undefined;
    this.#summary = undefined;
  }

  #turn(work: Generator<void, Summary>): Summary | undefined {
    const { done, value } = work.next();
    if (done !== true) return undefined;
    this.#work = undefined;
    this.#summary = value;
    return value;
  }
}

/** One turn for each `next`. */
function* summing(volumes: readonly StoredBlocks[]): Generator<void, Summary> {
  const generation = new GenerationDigest();
  let blocks = 0;
  let zeroBlocks = 0;
  let turnEnds = summedPerTurn;
  for (const [volume, map] of volumes.entries()) {
    for (const run of map.runs()) {
      if (blocks >= turnEnds) {
        turnEnds = blocks + summedPerTurn;
        yield;
      }
      blocks += run.count;
      for (let index = 0; index < run.count; index += 1) {
        const digest = digestsAt(run.digests, index);
        if (sameDigest(digest, zeroDigest)) zeroBlocks += 1;
        generation.add(volume, run.first + index, digest);
      }
    }
  }
  return { blocks, zeroBlocks, digest: generation.finish() };
}
