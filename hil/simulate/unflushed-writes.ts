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
  /** In the order in which they took effect. */
  #inEffect: UnflushedWrite[] = [];
  /** In the order in which they began. */
  #toCome: UnflushedWrite[] = [];
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
    this.#list ??= [...this.#inEffect, ...this.#toCome];
    return this.#list;
  }

  /** A copy over a copy of the medium. */
  clone(store: MemoryStore): UnflushedWrites {
    const clone = new UnflushedWrites(store);
    clone.#inEffect = [...this.#inEffect];
    clone.#toCome = [...this.#toCome];
    clone.#ends = this.#ends;
    return clone;
  }

  /** A write is under way; its data is kept by reference. Reads don't see it yet. */
  begin(command: number, extents: readonly Extent[]): void {
    this.#list = undefined;
    this.#toCome.push({ command, extents, endedAt: undefined });
  }

  /** What a write that has not taken effect will write; nothing when there is none. */
  toCome(command: number): readonly Extent[] {
    return writeOf(this.#toCome, command)?.extents ?? [];
  }

  takeEffect(command: number): void {
    const write = writeOf(this.#toCome, command);
    if (write === undefined) return;
    this.forget(command);
    this.#inEffect.push(write);
    for (const extent of write.extents) this.#cache?.write(extent);
  }

  /** A write that doesn't take place after all. */
  forget(command: number): void {
    this.#list = undefined;
    const index = indexOf(this.#toCome, command);
    if (index >= 0) this.#toCome.splice(index, 1);
  }

  /** The command of a write has ended: a flush that begins from now on covers it. */
  end(command: number): void {
    this.#ends += 1;
    const index = indexOf(this.#inEffect, command);
    if (index < 0) return;
    const { extents } = this.#inEffect[index] as UnflushedWrite;
    this.#list = undefined;
    this.#inEffect[index] = { command, extents, endedAt: this.#ends };
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
    for (const write of this.#inEffect) {
      if (covers(write)) for (const extent of within(write, span)) newest.set(extent);
    }
    return newest.extents;
  }

  /** Makes what is covered within the span durable; versions of it that are older are gone. */
  commit(covers: (write: UnflushedWrite) => boolean, span: SectorSpan): void {
    const [first] = this.#inEffect;
    if (first === undefined) return;
    const all = this.#areAll(covers, span);
    // The extents of a single write don't overlap.
    const durable = all && this.#inEffect.length === 1 ? first.extents : this.durable(covers, span);
    if (durable.length === 0) return;
    this.#store.apply(durableStep(durable));
    this.#list = undefined;
    this.#cache = undefined;
    this.#inEffect = all ? [] : this.#leftAfter(covers, span);
  }

  /** What is left of what is in effect once what is covered within the span is durable. */
  #leftAfter(covers: (write: UnflushedWrite) => boolean, span: SectorSpan): UnflushedWrite[] {
    const later = new ExtentMap();
    const kept: UnflushedWrite[] = [];
    for (const write of this.#inEffect.toReversed()) {
      if (covers(write)) for (const extent of within(write, span)) later.set(extent);
      const { command, endedAt } = write;
      const extents: Extent[] = [];
      for (const extent of write.extents) extents.push(...outside(extent, later));
      if (extents.length > 0) kept.push({ command, extents, endedAt });
    }
    return kept.reverse();
  }

  /** Whether nothing in effect is left out. */
  #areAll(covers: (write: UnflushedWrite) => boolean, { lba, sectors }: SectorSpan): boolean {
    for (const write of this.#inEffect) {
      if (!covers(write)) return false;
      for (const each of write.extents) {
        if (each.first < lba || each.first + each.sectors > lba + sectors) return false;
      }
    }
    return true;
  }

  /** Everything volatile is gone. */
  drop(): void {
    this.#inEffect = [];
    this.#toCome = [];
    this.#cache = undefined;
    this.#list = undefined;
  }

  #visible(): WriteCache {
    if (this.#cache === undefined) {
      this.#cache = new WriteCache(this.#store);
      for (const { extents } of this.#inEffect) for (const extent of extents) this.#cache.write(extent);
    }
    return this.#cache;
  }
}

/** Where the write of a command stands, from the newest back; −1 when it is not there. */
function indexOf(writes: readonly UnflushedWrite[], command: number): number {
  for (let index = writes.length - 1; index >= 0; index -= 1) if (writes[index]?.command === command) return index;
  return -1;
}

function writeOf(writes: readonly UnflushedWrite[], command: number): UnflushedWrite | undefined {
  const index = indexOf(writes, command);
  return index < 0 ? undefined : writes[index];
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
