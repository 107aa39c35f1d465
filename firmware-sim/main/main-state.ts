/**
 * What the main controller durably knows: the fold of its records. Pure; nothing here is volatile but `freed`. What a
 * record does to the maps of a volume: volume-maps.ts.
 */

import { digestsAt, zeroDigest } from '../../protocol/digest.js';
import {
  type Epoch,
  epoch,
  type Generation,
  generation,
  type Method,
  type PairState,
  unreachable,
} from '../../protocol/ids.js';
import { type RefusalCode, refusalByNumber } from '../../protocol/refusals.js';
import type { FreedSlots } from '../replica/replica-state.js';
import { BlockSet } from '../storage/block-set.js';
import { StoredBlocks, zeroSlot } from '../storage/stored-blocks.js';
import { Freezes } from './freezes.js';
import type { MainRecord } from './main-records.js';
import { VolumeMaps } from './volume-maps.js';

export interface Transfer {
  readonly generation: Generation;
  readonly full: boolean;
}

const noToken = new Uint8Array(16);
const noTags: readonly number[] = [];
const failuresRemembered = 64;

export class MainState {
  pair: Uint8Array = new Uint8Array(16);
  method: Method = 'differential';
  blockBytes = 0;
  volumeBytes: readonly number[] = [];
  volumes: VolumeMaps[] = [];
  epoch: Epoch = epoch(1);
  lastFrozen: Generation = generation(0);
  committed: Generation = generation(0);
  structured: Generation = generation(0);
  commitDigest: Uint8Array = zeroDigest;
  /** From the freeze until the commit is known or the generation has failed. */
  transfer: Transfer | undefined;
  fullNeeded = true;
  takenOver = false;
  failingBack = false;
  readonly freezes = new Freezes();
  pairState: PairState = 'SMPL';
  reason: RefusalCode | undefined;
  /** Generations that failed, oldest first. */
  readonly failures = new Map<number, RefusalCode>();
  freed: FreedSlots[] = [];

  volume(number: number): VolumeMaps {
    const volume = this.volumes[number];
    if (volume === undefined) throw new Error(`invariant broken: no volume ${number}`);
    return volume;
  }

  /** Token of the freeze that made the newest generation; zeros when a failback did. */
  get token(): Uint8Array {
    return this.freezes.of(this.lastFrozen)?.token ?? noToken;
  }

  /** The writes that the newest freeze named. */
  get included(): readonly number[] {
    return this.freezes.of(this.lastFrozen)?.included ?? noTags;
  }

  get formatted(): boolean {
    return this.blockBytes > 0;
  }

  /** The generation that blocks are sent for: the one on its way, or the one that the next freeze will make. */
  get sending(): Generation {
    return this.transfer?.generation ?? generation(this.lastFrozen + 1);
  }

  /** What the next freeze would freeze: everything allocated, or what has changed. */
  difference(volume: VolumeMaps): BlockSet {
    return this.#nextIsWhole ? volume.allocated : volume.changed;
  }

  get #nextIsWhole(): boolean {
    return this.fullNeeded || this.method === 'copy';
  }

  /**
   * What of a volume's image is still to be sent, of the generation on its way or the next one. A freeze leaves it as it is: what has
   * streamed counts as sent. The caller changes nothing in it.
   */
  missing(volume: VolumeMaps): BlockSet {
    if (volume.missing === undefined) {
      volume.missing = this.#imageOf(volume).clone();
      for (const { first, count } of this.#sentOf(volume).runs()) volume.missing.delete(first, count);
    }
    return volume.missing;
  }

  #imageOf(volume: VolumeMaps): BlockSet {
    return this.transfer === undefined ? this.difference(volume) : volume.frozen;
  }

  #sentOf(volume: VolumeMaps): StoredBlocks {
    return this.transfer === undefined ? volume.streamed : volume.sent;
  }

  apply(record: MainRecord): void {
    switch (record.kind) {
      case 'formatted':
        this.#format(record);
        break;
      case 'changing':
        this.#change(record.volume, record.first, record.count);
        break;
      case 'frozen':
        this.#freeze(record);
        break;
      case 'kept':
        this.#keep(record);
        break;
      case 'released':
        this.#release(this.volume(record.volume).kept, record.volume, record.first, record.count);
        break;
      case 'deferred':
        this.#defer(record);
        break;
      case 'drained':
        this.#drained(record);
        break;
      case 'sent':
        this.#sent(record);
        break;
      case 'unsent':
        this.#unsent(record);
        break;
      case 'committed':
        this.#commit(record);
        break;
      case 'adopted':
        this.committed = record.generation;
        this.commitDigest = Uint8Array.from(record.digest);
        break;
      case 'structured':
        this.structured = record.generation;
        break;
      case 'failed':
        this.#fail(record);
        break;
      case 'pairState':
        this.pairState = record.state;
        this.reason = refusalByNumber(record.code);
        // The sub may have given up what it had staged ahead of the next freeze: nothing of that counts any more.
        if (record.state === 'PSUE') this.#forgetStreamed();
        break;
      case 'fullNeeded':
        this.#needFull();
        break;
      case 'takenOver':
        this.#takenOver(record.epoch);
        break;
      case 'failbackAllowed':
        this.failingBack = true;
        break;
      case 'regained':
        this.#regain(record);
        break;
      default:
        this.#applySnapshot(record);
    }
  }

  #format(record: Extract<MainRecord, { kind: 'formatted' }>): void {
    this.pair = Uint8Array.from(record.pair);
    this.method = record.method;
    this.blockBytes = record.blockBytes;
    this.volumeBytes = [...record.volumes];
    this.volumes = record.volumes.map(() => new VolumeMaps());
  }

  #change(number: number, first: number, count: number): void {
    const volume = this.volume(number);
    volume.changed.add(first, count);
    volume.streamed.delete(first, count);
    if (this.transfer === undefined) {
      volume.allocated.add(first, count);
      volume.missing?.add(first, count);
      return;
    }
    for (let block = first; block < first + count; block += 1) {
      if (!volume.allocated.has(block)) volume.allocatedSince.add(block);
    }
  }

  #freeze(record: Extract<MainRecord, { kind: 'frozen' }>): void {
    this.lastFrozen = record.generation;
    this.freezes.add({ ...record, epoch: this.epoch });
    this.transfer = { generation: record.generation, full: record.full };
    if (this.pairState === 'SMPL') this.pairState = 'COPY';
    if (record.full !== this.#nextIsWhole) this.#forgetMissing();
    for (const [number, volume] of this.volumes.entries()) {
      volume.frozenChanges = volume.changed;
      volume.frozen = record.full ? volume.allocated : volume.changed;
      volume.changed = new BlockSet();
      volume.sent = volume.streamed;
      volume.streamed = new StoredBlocks();
      this.#setBefore(volume, number);
    }
  }

  /** Swapped; only what a generation that failed left undrained is carried over. */
  #setBefore(volume: VolumeMaps, number: number): void {
    const left = volume.before;
    volume.before = volume.deferred;
    volume.deferred = new StoredBlocks();
    for (const run of left.runs()) {
      for (let index = 0; index < run.count; index += 1) {
        const slot = run.slot === zeroSlot ? zeroSlot : run.slot + index;
        const digest = digestsAt(run.digests, index);
        if (!volume.before.has(run.first + index)) volume.before.set(run.first + index, 1, slot, digest);
        else if (slot !== zeroSlot) this.freed.push({ volume: number, first: slot, count: 1 });
      }
    }
  }

  #defer({ volume: number, first, count, slot, digests }: Extract<MainRecord, { kind: 'deferred' }>): void {
    const volume = this.volume(number);
    this.#release(volume.deferred, number, first, count);
    volume.deferred.set(first, count, slot, digests);
  }

  #drained({ volume: number, first, count }: Extract<MainRecord, { kind: 'drained' }>): void {
    const volume = this.volume(number);
    this.#release(volume.before, number, first, count);
    this.#release(volume.deferred, number, first, count);
  }

  #keep({ generation: kept, volume, first, count, slot, digests }: Extract<MainRecord, { kind: 'kept' }>): void {
    const { kept: map, sent } = this.volume(volume);
    for (let index = 0; index < count; index += 1) {
      const at = slot === zeroSlot ? zeroSlot : slot + index;
      // From the moment that a block counts as sent the host may overwrite it: what was read then may be newer.
      if (this.transfer?.generation === kept && !sent.has(first + index)) {
        map.set(first + index, 1, at, digestsAt(digests, index));
      } else if (at !== zeroSlot) this.freed.push({ volume, first: at, count: 1 });
    }
  }

  #sent({ generation: of, volume: number, first, count, digests }: Extract<MainRecord, { kind: 'sent' }>): void {
    if (of !== this.sending) return;
    const volume = this.volume(number);
    this.#sentOf(volume).set(first, count, zeroSlot, digests);
    volume.missing?.delete(first, count);
  }

  #unsent({ generation: of, volume: number, first, count }: Extract<MainRecord, { kind: 'unsent' }>): void {
    if (of !== this.sending) return;
    const volume = this.volume(number);
    this.#sentOf(volume).delete(first, count);
    const image = this.#imageOf(volume);
    for (let block = first as number; block < first + count; block += 1) {
      if (image.has(block)) volume.missing?.add(block);
    }
  }

  #commit({ generation: committed, digest }: Extract<MainRecord, { kind: 'committed' }>): void {
    this.committed = committed;
    this.commitDigest = Uint8Array.from(digest);
    this.fullNeeded = false;
    if (this.pairState === 'COPY' || this.pairState === 'SMPL') this.pairState = 'PAIR';
    this.#endTransfer();
  }

  #fail({ generation: failed, code }: Extract<MainRecord, { kind: 'failed' }>): void {
    const reason = refusalByNumber(code) ?? 'disk-error';
    this.#remember(failed, reason);
    for (const volume of this.volumes) volume.changed.addAll(volume.frozenChanges);
    this.pairState = 'PSUE';
    this.reason = reason;
    this.#endTransfer();
  }

  #endTransfer(): void {
    for (const [number, volume] of this.volumes.entries()) {
      this.#releaseAll(volume.kept, number);
      volume.kept = new StoredBlocks();
      volume.frozen = new BlockSet();
      volume.frozenChanges = new BlockSet();
      volume.sent = new StoredBlocks();
      volume.allocated.addAll(volume.allocatedSince);
      volume.allocatedSince = new BlockSet();
    }
    this.#forgetMissing();
    this.transfer = undefined;
  }

  #needFull(): void {
    this.fullNeeded = true;
    this.#forgetStreamed();
    if (this.pairState === 'PAIR') this.pairState = 'COPY';
  }

  #forgetStreamed(): void {
    for (const volume of this.volumes) volume.streamed = new StoredBlocks();
    this.#forgetMissing();
  }

  /** The image is another one now: what is missing of it is found anew when somebody asks. */
  #forgetMissing(): void {
    for (const volume of this.volumes) volume.missing = undefined;
  }

  #takenOver(now: Epoch): void {
    this.takenOver = true;
    this.epoch = now;
    this.pairState = 'PSUE';
    this.reason = 'taken-over';
  }

  #regain({ epoch: now, generation: committed, digest }: Extract<MainRecord, { kind: 'regained' }>): void {
    this.epoch = now;
    this.takenOver = false;
    this.failingBack = false;
    this.lastFrozen = committed;
    this.committed = committed;
    this.structured = committed;
    this.commitDigest = Uint8Array.from(digest);
    this.fullNeeded = false;
    this.pairState = 'PAIR';
    this.reason = undefined;
    this.#forgetStreamed();
    for (const volume of this.volumes) volume.changed = new BlockSet();
  }

  #applySnapshot(record: MainRecord): void {
    switch (record.kind) {
      case 'counters':
        this.#counters(record);
        break;
      case 'frozenBefore':
        this.freezes.add(record);
        break;
      case 'hasFailed':
        this.#remember(record.generation, refusalByNumber(record.code) ?? 'disk-error');
        break;
      case 'allocated':
        this.volume(record.volume).allocated.add(record.first, record.count);
        break;
      case 'allocatedSince':
        this.volume(record.volume).allocatedSince.add(record.first, record.count);
        break;
      case 'changed':
        this.volume(record.volume).changed.add(record.first, record.count);
        break;
      case 'frozenBlocks':
        this.volume(record.volume).frozenChanges.add(record.first, record.count);
        break;
      case 'deferredBefore':
        this.volume(record.volume).before.set(record.first, record.count, record.slot, record.digests);
        break;
      default:
        unreachable(record as never);
    }
  }

  #counters(record: Extract<MainRecord, { kind: 'counters' }>): void {
    this.epoch = record.epoch;
    this.lastFrozen = record.lastFrozen;
    this.committed = record.committed;
    this.structured = record.structured;
    this.commitDigest = Uint8Array.from(record.commitDigest);
    this.fullNeeded = record.fullNeeded;
    this.takenOver = record.takenOver;
    this.failingBack = record.failingBack;
    // Of a snapshot of before, which has no records of its own for freezes.
    if (record.token.some((byte) => byte !== 0)) this.freezes.add({ ...record, generation: record.lastFrozen });
    this.pairState = record.state;
    this.reason = refusalByNumber(record.code);
    this.transfer = record.transfer === 0 ? undefined : { generation: record.transfer, full: record.transferFull };
    if (record.transfer === 0) return;
    for (const volume of this.volumes) volume.frozen = record.transferFull ? volume.allocated : volume.frozenChanges;
  }

  #remember(failed: number, reason: RefusalCode): void {
    this.failures.set(failed, reason);
    for (const oldest of [...this.failures.keys()].slice(0, -failuresRemembered)) this.failures.delete(oldest);
  }

  #release(map: StoredBlocks, volume: number, first: number, count: number): void {
    for (const run of map.runsWithin(first, count)) {
      if (run.slot !== zeroSlot) this.freed.push({ volume, first: run.slot, count: run.count });
    }
    map.delete(first, count);
  }

  #releaseAll(map: StoredBlocks, volume: number): void {
    for (const run of map.runs()) {
      if (run.slot !== zeroSlot) this.freed.push({ volume, first: run.slot, count: run.count });
    }
  }
}
