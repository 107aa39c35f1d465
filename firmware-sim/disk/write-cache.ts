/**
 * The volatile cache of an emulated disk, in up to two layers over the durable store: sectors that a durable step is
 * being made of, and those written since. Reads see the newest. A power cut loses both layers, but for what survives.
 */
import { assert, sectorBytes } from '../../protocol/ids.js';
import type { LbaStatus } from '../../protocol/scsi/capacity-data.js';
import { type Extent, ExtentMap } from './extent-map.js';
import type { DurableStep, Store } from './store.js';

/** A range of sectors. */
export interface SectorSpan {
  readonly lba: number;
  readonly sectors: number;
}

/** Sectors that a power cut would lose. `persisting`: a durable step with them is under way, so it may be there in part. */
export interface UnflushedExtent extends Extent {
  readonly layer: 'persisting' | 'cache';
}

export class WriteCache {
  readonly #store: Store;
  #cached = new ExtentMap();
  #persisting: ExtentMap | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Bytes of data written since the last durable step began. */
  get cachedBytes(): number {
    return this.#cached.dataBytes;
  }

  /** Keeps an extent; its data by reference. */
  write(extent: Extent): void {
    this.#cached.set(extent);
  }

  /** The newest contents; whoever gets them must not change them. */
  read(lba: number, sectors: number): Uint8Array {
    const cached = this.#cached.within(lba, sectors);
    if (cached.length === 0 && (this.#persisting?.within(lba, sectors) ?? []).length === 0) {
      const view = this.#store.view?.(lba * sectorBytes, sectors * sectorBytes);
      if (view !== undefined) return view;
    }
    const into = Buffer.allocUnsafe(sectors * sectorBytes);
    const covered = cached.reduce((sum, extent) => sum + extent.sectors, 0) === sectors;
    if (!covered) {
      this.#store.read(lba * sectorBytes, into);
      if (this.#persisting !== undefined) overlay(into, lba, this.#persisting.within(lba, sectors));
    }
    overlay(into, lba, cached);
    return into;
  }

  /** Moves these spans on their way to the store; undefined when nothing of them waits. One step at a time. */
  beginStep(spans: readonly SectorSpan[]): DurableStep | undefined {
    assert(this.#persisting === undefined, 'one durable step at a time');
    const layer = new ExtentMap();
    for (const { lba, sectors } of spans) for (const extent of this.#cached.extract(lba, sectors)) layer.set(extent);
    if (layer.extents.length === 0) return undefined;
    this.#persisting = layer;
    return durableStep(layer.extents);
  }

  /** The step is durable. */
  endStep(): void {
    this.#persisting = undefined;
  }

  /** The step failed: its sectors wait again, below what was written since. */
  undoStep(): void {
    const merged = this.#persisting ?? new ExtentMap();
    for (const extent of this.#cached.extents) merged.set(extent);
    this.#cached = merged;
    this.#persisting = undefined;
  }

  /** All that a power cut would lose, in the order in which it was written over one another. */
  unflushed(): UnflushedExtent[] {
    const persisting = (this.#persisting?.extents ?? []).map((extent) => ({ ...extent, layer: 'persisting' as const }));
    return [...persisting, ...this.#cached.extents.map((extent) => ({ ...extent, layer: 'cache' as const }))];
  }

  /** Forgets everything volatile. */
  drop(): void {
    this.#cached = new ExtentMap();
    this.#persisting = undefined;
  }

  /** Mapped and deallocated runs of the span, neighbours of one status joined, at most `runsMax`. */
  provisioning({ lba, sectors }: SectorSpan, runsMax: number): LbaStatus[] {
    const end = lba + sectors;
    const runs: { lba: number; sectors: number; status: LbaStatus['status'] }[] = [];
    for (let at = lba; at < end; ) {
      const run = this.#provisioningAt(at, end);
      const last = runs.at(-1);
      if (last?.status === run.status) last.sectors += run.sectors;
      else if (runs.length === runsMax) break;
      else runs.push(run);
      at = run.lba + run.sectors;
    }
    return runs;
  }

  #provisioningAt(lba: number, end: number): LbaStatus {
    let after = end;
    for (const layer of [this.#cached, this.#persisting]) {
      const extent = layer?.at(lba);
      if (extent === undefined) continue;
      if (extent.first > lba) after = Math.min(after, extent.first);
      else return { lba, sectors: Math.min(after, extent.first + extent.sectors) - lba, status: statusOf(extent) };
    }
    return this.#storedAt(lba, after);
  }

  #storedAt(lba: number, after: number): LbaStatus {
    const [run] = this.#store.allocated(lba * sectorBytes, (after - lba) * sectorBytes, 1);
    const first = run === undefined ? after : Math.floor(run.offset / sectorBytes);
    // Stryker disable next-line ConditionalExpression: without a run, what comes first comes after
    if (run === undefined || first > lba) return { lba, sectors: first - lba, status: 'deallocated' };
    return { lba, sectors: Math.ceil((run.offset + run.length) / sectorBytes) - lba, status: 'mapped' };
  }
}

/** Extents that don't overlap, as a step for the store. */
export function durableStep(extents: readonly Extent[]): DurableStep {
  const writes: DurableStep['writes'][number][] = [];
  const punches: DurableStep['punches'][number][] = [];
  for (const { first, sectors, data } of extents) {
    const offset = first * sectorBytes;
    if (data === undefined) punches.push({ offset, length: sectors * sectorBytes });
    else writes.push({ offset, data });
  }
  return { writes, punches };
}

function statusOf({ data }: Extent): LbaStatus['status'] {
  return data === undefined ? 'deallocated' : 'mapped';
}

function overlay(into: Buffer, lba: number, extents: readonly Extent[]): void {
  for (const { first, sectors, data } of extents) {
    const at = (first - lba) * sectorBytes;
    if (data === undefined) into.fill(0, at, at + sectors * sectorBytes);
    else into.set(data, at);
  }
}
