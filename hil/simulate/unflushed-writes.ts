/**
 * What a disk has accepted and not yet made durable: writes that a power cut may lose, keep or tear, over the medium.
 *
 * A write is at risk from its command's begin until it ended and was flushed. It counts for reads from its effect on,
 * which may be later than its begin. Every version of a sector is kept: an older one may be all that a power cut leaves.
 */
import { clip, type Extent, ExtentMap } from '../../firmware-sim/disk/extent-map.js';
import type { MemoryStore } from '../../firmware-sim/disk/memory-store.js';
import { durableStep, type SectorSpan, WriteCache } from '../../firmware-sim/disk/write-cache.js';

export interface UnflushedWrite {
  /** The number of its command on this disk. */
  readonly command: number;
  /** What of it is not durable and not behind a durable newer version; these don't overlap. */
  readonly extents: readonly Extent[];
  /** When its command ended, on a clock of ends; undefined: it is still under way. */
  readonly endedAt: number | undefined;
}

export class UnflushedWrites {
  readonly #store: MemoryStore;
  /** By command, in the order in which they took effect. */
  #inEffect = new Map<number, UnflushedWrite>();
  /** By command, in the order in which they began. */
  #toCome = new Map<number, UnflushedWrite>();
  /** What reads see; made again when one comes after a change that it could not follow. */
  #cache: WriteCache | undefined;
  /** Commands that have ended. */
  #ends = 0;
  #list: readonly UnflushedWrite[] | undefined;

  constructor(store: MemoryStore) {
    this.#store = store;
  }

  /** A moment to compare `endedAt` with: those that have ended by now have that or less. */
  get moment(): number {
    return this.#ends;
  }

  /** All of them: oldest version of a sector first, those without effect last. */
  get list(): readonly UnflushedWrite[] {
    this.#list ??= [...this.#inEffect.values(), ...this.#toCome.values()];
    return this.#list;
  }

  /** A copy over a copy of the medium. */
  clone(store: MemoryStore): UnflushedWrites {
    const clone = new UnflushedWrites(store);
    clone.#inEffect = new Map(this.#inEffect);
    clone.#toCome = new Map(this.#toCome);
    clone.#ends = this.#ends;
    return clone;
  }

  /** A write is under way; its data is kept by reference. Reads don't see it yet. */
  begin(command: number, extents: readonly Extent[]): void {
    this.#list = undefined;
    this.#toCome.set(command, { command, extents, endedAt: undefined });
  }

  /** What a write that has not taken effect will write; nothing when there is none. */
  toCome(command: number): readonly Extent[] {
    return this.#toCome.get(command)?.extents ?? [];
  }

  takeEffect(command: number): void {
    const write = this.#toCome.get(command);
    if (write === undefined) return;
    this.#list = undefined;
    this.#toCome.delete(command);
    this.#inEffect.set(command, write);
    for (const extent of write.extents) this.#cache?.write(extent);
  }

  /** A write that doesn't take place after all. */
  forget(command: number): void {
    this.#list = undefined;
    this.#toCome.delete(command);
  }

  /** The command of a write has ended: a flush that begins from now on covers it. */
  end(command: number): void {
    this.#ends += 1;
    const write = this.#inEffect.get(command);
    if (write === undefined) return;
    this.#list = undefined;
    this.#inEffect.set(command, { ...write, endedAt: this.#ends });
  }

  read({ lba, sectors }: SectorSpan): Uint8Array {
    return this.#visible().read(lba, sectors);
  }

  provisioning(span: SectorSpan, runsMax: number) {
    return this.#visible().provisioning(span, runsMax);
  }

  /** The newest of what is in effect, covered and within the span: what `commit` would make durable. */
  durable(covers: (write: UnflushedWrite) => boolean, span: SectorSpan): readonly Extent[] {
    const newest = new ExtentMap();
    for (const write of this.#inEffect.values()) {
      if (covers(write)) for (const extent of within(write, span)) newest.set(extent);
    }
    return newest.extents;
  }

  /** Makes what is covered within the span durable; versions of it that are older are gone. */
  commit(covers: (write: UnflushedWrite) => boolean, span: SectorSpan): void {
    const durable = this.durable(covers, span);
    if (durable.length === 0) return;
    this.#store.apply(durableStep(durable));
    const later = new ExtentMap();
    const kept: UnflushedWrite[] = [];
    for (const write of [...this.#inEffect.values()].reverse()) {
      if (covers(write)) for (const extent of within(write, span)) later.set(extent);
      const extents = write.extents.flatMap((extent) => outside(extent, later));
      if (extents.length > 0) kept.push({ ...write, extents });
    }
    this.#inEffect = new Map(kept.reverse().map((write) => [write.command, write]));
    this.#cache = undefined;
    this.#list = undefined;
  }

  /** Everything volatile is gone. */
  drop(): void {
    this.#inEffect = new Map();
    this.#toCome = new Map();
    this.#cache = undefined;
    this.#list = undefined;
  }

  #visible(): WriteCache {
    if (this.#cache === undefined) {
      this.#cache = new WriteCache(this.#store);
      for (const { extents } of this.#inEffect.values()) for (const extent of extents) this.#cache.write(extent);
    }
    return this.#cache;
  }
}

function within({ extents }: UnflushedWrite, { lba, sectors }: SectorSpan): Extent[] {
  return extents
    .filter(({ first, sectors: length }) => first < lba + sectors && lba < first + length)
    .map((extent) => clip(extent, lba, lba + sectors));
}

function outside(extent: Extent, map: ExtentMap): Extent[] {
  const end = extent.first + extent.sectors;
  const parts: Extent[] = [];
  let at = extent.first;
  for (const { first, sectors } of map.within(extent.first, extent.sectors)) {
    if (first > at) parts.push(clip(extent, at, first));
    at = first + sectors;
  }
  if (at < end) parts.push(clip(extent, at, end));
  return parts;
}
