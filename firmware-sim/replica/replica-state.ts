/**
 * What the receiving side durably knows: the fold of its records. `staged` is what has arrived for the generation
 * being received, `overlay` what is committed and not yet in the image area, the image is overlay over area.
 *
 *     blockRun ──► staging slot ──flush──► record staged ──► stored
 *     complete ──► record accepted (staged becomes overlay; this is the commit)
 *     overlay  ──► image area ──flush──► record placed ──► slot free
 */

import { zeroDigest } from '../../protocol/digest.js';
import { type Epoch, epoch, type Generation, generation, unreachable, volumeNumber } from '../../protocol/ids.js';
import { BlockSet } from '../storage/block-set.js';
import { StoredBlocks, type StoredRun, zeroSlot } from '../storage/stored-blocks.js';
import type { ReplicaRecord } from './replica-records.js';

export interface Receiving {
  readonly epoch: Epoch;
  readonly generation: Generation;
  readonly base: Generation;
  readonly full: boolean;
}

export interface ReplicaVolume {
  staged: StoredBlocks;
  overlay: StoredBlocks;
  /** Content digests of blocks in the image area, where they are known. */
  readonly known: StoredBlocks;
  /** Blocks of the image area that may be other than zero. */
  readonly occupied: BlockSet;
}

const newVolume = (): ReplicaVolume => ({
  staged: new StoredBlocks(),
  overlay: new StoredBlocks(),
  known: new StoredBlocks(),
  occupied: new BlockSet(),
});

/** Slots that a record gave up; whoever owns the allocators takes them back. */
export interface FreedSlots {
  readonly volume: number;
  readonly first: number;
  readonly count: number;
}

interface Missed {
  readonly from: Generation;
  readonly to: Generation;
}

const missedRemembered = 64;

export class ReplicaState {
  readonly volumes: ReplicaVolume[] = [];
  receiving: Receiving | undefined;
  epoch: Epoch = epoch(0);
  committed: Generation = generation(0);
  structured: Generation = generation(0);
  commitDigest: Uint8Array = zeroDigest;
  /** Generations that never became an image here, though newer ones did: they failed. Oldest first, as many as are remembered. */
  readonly #missed: Missed[] = [];
  /** Filled by `apply`; emptied by the owner of the slots. */
  freed: FreedSlots[] = [];

  /** Makes room for so many volumes; their maps are empty. */
  resize(count: number): void {
    while (this.volumes.length < count) this.volumes.push(newVolume());
  }

  volume(number: number): ReplicaVolume {
    const volume = this.volumes[number];
    if (volume === undefined) throw new Error(`invariant broken: no volume ${number}`);
    return volume;
  }

  /** Committed blocks that still wait in staging. */
  get overlaid(): number {
    return this.volumes.reduce((sum, each) => sum + each.overlay.size, 0);
  }

  /** Whether a generation is known to have failed, since a newer one was committed and it was not. */
  hasMissed(of: number): boolean {
    return this.#missed.some(({ from, to }) => from <= of && of <= to);
  }

  apply(record: ReplicaRecord): void {
    switch (record.kind) {
      case 'begun':
        if (this.receiving?.generation !== record.generation) this.#dropStaged();
        this.receiving = record;
        break;
      case 'staged':
        if (this.receiving?.generation === record.generation) this.#stage(record);
        else this.#free(record.volume, record.slot, record.count);
        break;
      case 'dropped':
        if (this.receiving?.generation !== record.generation) break;
        this.#dropStaged();
        this.receiving = undefined;
        break;
      case 'accepted':
        this.#accept(record);
        break;
      case 'placed':
        this.#place(record.volume, record.first, record.count);
        break;
      case 'settled':
        this.structured = record.generation;
        break;
      case 'overlaid':
        this.volume(record.volume).overlay.set(record.first, record.count, record.slot, record.digests);
        break;
      case 'known':
        this.volume(record.volume).known.set(record.first, record.count, zeroSlot, record.digests);
        break;
      case 'occupied':
        this.volume(record.volume).occupied.add(record.first, record.count);
        break;
      case 'missed':
        this.#miss(record);
        break;
      case 'image':
        this.epoch = record.epoch;
        this.committed = record.committed;
        this.structured = record.structured;
        this.commitDigest = Uint8Array.from(record.digest);
        break;
      default:
        unreachable(record);
    }
  }

  *snapshot(): Generator<ReplicaRecord> {
    const { epoch: now, committed, structured, commitDigest } = this;
    yield { kind: 'image', epoch: now, committed, structured, digest: commitDigest };
    for (const each of this.#missed) yield { kind: 'missed', ...each };
    // Stryker disable next-line StringLiteral: what is received is the record that began it, with its kind
    if (this.receiving !== undefined) yield { kind: 'begun', ...this.receiving };
    for (const [index, each] of this.volumes.entries()) {
      const volume = volumeNumber(index);
      for (const run of each.staged.runs()) {
        // Stryker disable next-line ConditionalExpression: nothing is staged when nothing is received
        if (this.receiving !== undefined)
          yield { kind: 'staged', generation: this.receiving.generation, volume, ...run };
      }
      for (const run of each.overlay.runs()) yield { kind: 'overlaid', volume, ...run };
      for (const run of each.known.runs()) yield { kind: 'known', volume, ...run };
      for (const run of each.occupied.runs()) yield { kind: 'occupied', volume, ...run };
    }
  }

  /** A host wrote to the image area: what was known of these blocks is no longer so. */
  overwritten(volume: number, first: number, count: number): void {
    const { known, occupied } = this.volume(volume);
    known.delete(first, count);
    occupied.add(first, count);
  }

  #stage({ volume, ...run }: StoredRun & { readonly volume: number }): void {
    const { staged } = this.volume(volume);
    this.#freeRange(staged, volume, run.first, run.count);
    staged.set(run.first, run.count, run.slot, run.digests);
  }

  #accept(record: Extract<ReplicaRecord, { kind: 'accepted' }>): void {
    const full = this.receiving?.full ?? false;
    for (const [number, volume] of this.volumes.entries()) {
      // Only a full generation may be committed over an overlay that could not be placed: it replaces all of it.
      for (const run of volume.overlay.runs()) this.#free(number, run.slot, run.count);
      volume.overlay = volume.staged;
      volume.staged = new StoredBlocks();
      if (full) overlayZeros(volume);
    }
    this.receiving = undefined;
    this.epoch = record.epoch;
    const [next, last] = [generation(this.committed + 1), generation(record.generation - 1)];
    if (next <= last) this.#miss({ from: next, to: last });
    this.committed = record.generation;
    this.commitDigest = Uint8Array.from(record.digest);
  }

  #miss({ from, to }: Missed): void {
    this.#missed.push({ from, to });
    if (this.#missed.length > missedRemembered) this.#missed.shift();
  }

  #place(number: number, first: number, count: number): void {
    const volume = this.volume(number);
    for (const run of volume.overlay.runsWithin(first, count)) {
      volume.known.set(run.first, run.count, zeroSlot, run.digests);
      if (run.slot === zeroSlot) volume.occupied.delete(run.first, run.count);
      else volume.occupied.add(run.first, run.count);
      this.#free(number, run.slot, run.count);
    }
    volume.overlay.delete(first, count);
  }

  #dropStaged(): void {
    for (const [number, volume] of this.volumes.entries()) {
      for (const run of volume.staged.runs()) this.#free(number, run.slot, run.count);
      volume.staged = new StoredBlocks();
    }
  }

  #freeRange(map: StoredBlocks, volume: number, first: number, count: number): void {
    for (const run of map.runsWithin(first, count)) this.#free(volume, run.slot, run.count);
  }

  #free(volume: number, slot: number, count: number): void {
    if (slot !== zeroSlot) this.freed.push({ volume, first: slot, count });
  }
}

/** In a full generation a block that was not sent is zero: so becomes every occupied block that is not overlaid. */
function overlayZeros({ overlay, occupied }: ReplicaVolume): void {
  for (const { first, count } of occupied.runs(64)) {
    for (let block = first as number; block < first + count; block += 1) {
      if (!overlay.has(block)) overlay.set(block, 1, zeroSlot, zeroDigest);
    }
  }
}
