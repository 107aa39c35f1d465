/**
 * A disk in virtual time that fails as its plan says: a volatile cache over a medium, faults addressed by the numbers
 * of its commands, and power cuts that leave any subset of what was not durable.
 *
 * A write is at risk from the begin of its command until it is durable: one with FUA until its own end, another until
 * the end of a SYNCHRONIZE CACHE that began after it had ended. A fault counts as applied once its command did something
 * else than it would have done, or once what it wrote can reach the medium.
 */
import { MemoryStore } from '../../firmware-sim/disk/memory-store.js';
import { durableStep } from '../../firmware-sim/disk/write-cache.js';
import { sectorBytes } from '../../protocol/ids.js';
import type { Completion, MediumCommand } from '../../protocol/scsi/commands.js';
import { checkCondition } from '../../protocol/scsi/conditions.js';
import { DiskFaultBook, type FaultMet } from './disk-faults.js';
import { stateFingerprint } from './disk-fingerprint.js';
import { FaultyMedium, type RunningCommand } from './faulty-medium.js';
import type { KernelDisk, Schedule } from './kernel.js';
import type { DiskFaultPlan, Survival } from './plan.js';
import { type Cut, cutOf, type RiskSector, riskSectorsOf, survivorsOf } from './power-cut-survivors.js';
import type { UnflushedWrite, UnflushedWrites } from './unflushed-writes.js';

export interface FaultyDiskTimes {
  /** From the begin of a command to its end, in microseconds. */
  readonly accessUs: number;
  readonly flushUs: number;
  /** Commands take effect when they end; else when they begin. */
  readonly late: boolean;
}

export interface FaultyDiskOptions {
  readonly bytes: number;
  readonly times: FaultyDiskTimes;
  /** Those of this disk. */
  readonly faults: readonly DiskFaultPlan[];
  /** A fault has found its command and did something. */
  readonly applied: (fault: DiskFaultPlan) => void;
  /** The medium; an empty one with small pages unless given. */
  readonly store?: MemoryStore;
}

interface Running extends RunningCommand {
  readonly done: (completion: Completion) => void;
  /** How it will end: known once it has been refused, or has taken effect. */
  completion: Completion | undefined;
  /** It is not refused. */
  carriedOut: boolean;
}

const nothing: Survival = { sectors: 'none', torn: 'no', seed: 0 };
/** Small, since these disks are cloned again and again between small writes. */
const pageBytes = 4096;

export class FaultyDisk implements KernelDisk {
  readonly store: MemoryStore;
  readonly sectors: number;
  readonly #options: FaultyDiskOptions;
  readonly #book: DiskFaultBook;
  readonly #medium: FaultyMedium;
  /** Commands under way, in order of begin; those that a reset or a power cut ended are not here any more. */
  #running: Running[] = [];
  #commands = 0;
  /** Raised at each power cut. */
  #life = 0;
  #risks: { readonly writes: readonly UnflushedWrite[]; readonly sectors: readonly RiskSector[] } | undefined;

  constructor(options: FaultyDiskOptions, unflushed?: UnflushedWrites) {
    const { faults, applied } = options;
    this.#options = options;
    this.sectors = Math.floor(options.bytes / sectorBytes);
    this.store = options.store ?? new MemoryStore({ pageBytes });
    this.#book = new DiskFaultBook(faults);
    const keepPrevious = faults.some(({ effect }) => effect.kind === 'stale');
    this.#medium = new FaultyMedium({ sectors: this.sectors, store: this.store, keepPrevious, applied }, unflushed);
  }

  /** Begins a command. Its data is kept by reference and must not be changed any more. */
  begin(command: MediumCommand, schedule: Schedule, done: (completion: Completion) => void): void {
    this.#commands += 1;
    const faults = this.#book.take(command);
    const running: Running = {
      number: this.#commands,
      command,
      faults,
      beganAt: this.#medium.unflushed.moment,
      done,
      completion: undefined,
      carriedOut: false,
    };
    this.#running.push(running);
    const reset = faults.of('reset');
    if (reset !== undefined) {
      this.#reset(reset, schedule);
      return;
    }
    const delayUs = this.#delayUs(running);
    running.completion = this.#medium.begin(running);
    if (running.completion === undefined) {
      running.carriedOut = true;
      if (!this.#options.times.late) running.completion = this.#medium.takeEffect(running);
    }
    schedule(delayUs, () => this.#end(running));
  }

  /** What a command sees now: cache over medium. Whoever gets it must not change it. */
  peek(lba: number, sectors: number): Uint8Array {
    return this.#medium.unflushed.read({ lba, sectors });
  }

  /** What a power cut may lose or keep: older versions first, those that have not taken effect last. */
  atRisk(): readonly UnflushedWrite[] {
    return this.#medium.unflushed.list;
  }

  /** Every part of what is at risk that may be there or not by itself; a `Cut` names them by their index. */
  get riskSectors(): readonly RiskSector[] {
    const writes = this.atRisk();
    if (this.#risks?.writes !== writes) this.#risks = { writes, sectors: riskSectorsOf(writes) };
    return this.#risks.sectors;
  }

  /** The power goes: what survives is on the medium, everything volatile is gone; nothing survives unless told. */
  powerCut(survival: Survival = nothing): void {
    this.#keep(this.#cutOf(survival), this.store);
    this.#medium.unflushed.drop();
    this.#running = [];
    this.#life += 1;
  }

  /** Its controller has restarted: what was under way is carried out, and nobody is told. */
  forgetCommands(): void {
    for (const each of this.#running) this.#settle(each);
    this.#running = [];
    this.#life += 1;
  }

  /** A healthy disk with what would be on the medium after such a power cut now; this one goes on untouched. */
  afterPowerCut(survival: Survival): FaultyDisk {
    return this.afterCut(this.#cutOf(survival));
  }

  /** As `afterPowerCut`, with what survives told part by part. */
  afterCut(cut: Cut): FaultyDisk {
    const disk = this.#healthy(this.store.clone());
    this.#keep(cut, disk.store);
    return disk;
  }

  /** Medium and cache, no faults. What was under way stays at risk there and never ends. */
  clone(): FaultyDisk {
    const store = this.store.clone();
    return this.#healthy(store, this.#medium.unflushed.clone(store));
  }

  /** Sticky errors and faults not yet met are gone. */
  heal(): void {
    this.#medium.bad.clear();
    this.#book.clear();
  }

  /** Equal for disks with the same medium, cache, writes at risk, flushes under way and bad sectors. */
  fingerprint(): string {
    const flushes = this.#running.filter(({ command }) => command.op === 'synchronizeCache');
    return stateFingerprint({
      medium: this.store.fingerprint(),
      writes: this.atRisk(),
      flushesBeganAt: flushes.map(({ beganAt }) => beganAt),
      bad: [...this.#medium.bad],
    });
  }

  #healthy(store: MemoryStore, unflushed?: UnflushedWrites): FaultyDisk {
    const { bytes, times } = this.#options;
    return new FaultyDisk({ bytes, times, faults: [], applied: () => {}, store }, unflushed);
  }

  #cutOf(survival: Survival): Cut {
    return cutOf(survival, this.atRisk(), this.riskSectors);
  }

  #keep(cut: Cut, store: MemoryStore): void {
    const survivors = survivorsOf(this.riskSectors, cut);
    if (survivors.length > 0) store.apply(durableStep(survivors));
  }

  #delayUs({ command, faults }: Running): number {
    const { accessUs, flushUs } = this.#options.times;
    const usualUs = command.op === 'synchronizeCache' ? flushUs : accessUs;
    const slow = faults.of('slow');
    if (slow === undefined) return usualUs;
    this.#options.applied(slow.fault);
    return usualUs + slow.effect.us;
  }

  /** The cache is gone; all under way end now, in order, by an action of their own as every command does. */
  #reset({ fault }: FaultMet<'reset'>, schedule: Schedule): void {
    this.#options.applied(fault);
    this.#medium.unflushed.drop();
    const ended = this.#running;
    this.#running = [];
    const life = this.#life;
    for (const { done } of ended) {
      schedule(0, () => {
        if (this.#life === life) done(checkCondition('powerOn'));
      });
    }
  }

  /** Ends a command, unless a reset or a power cut did. */
  #end(running: Running): void {
    const index = this.#running.indexOf(running);
    if (index < 0) return;
    this.#running.splice(index, 1);
    running.done(this.#settle(running));
  }

  /** Does what is left to do of a command on the medium; returns how it ends. */
  #settle(running: Running): Completion {
    const completion = running.completion ?? this.#medium.takeEffect(running);
    if (running.carriedOut) this.#medium.settle(running);
    return completion;
  }
}
