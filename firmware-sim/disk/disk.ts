/**
 * An emulated disk with a volatile write cache. GOOD of a write means cached; SYNCHRONIZE CACHE and FUA make durable,
 * exactly the sectors that they name, so that firmware that forgets a flush is found out by a power cut.
 *
 * The disk never touches its store but to read it: it emits `persist` and is told `persisted` or `failed`. Commands that
 * wait for it end then; reads and writes go on meanwhile.
 */
import { isZero } from '../../protocol/digest.js';
import { assert, sectorBytes, unreachable } from '../../protocol/ids.js';
import { lbaStatusData, lbaStatusRoom } from '../../protocol/scsi/capacity-data.js';
import type { Completion, MediumCommand } from '../../protocol/scsi/commands.js';
import { checkCondition } from '../../protocol/scsi/conditions.js';
import { defaultLimits, type UnitLimits } from '../../protocol/scsi/unit-profile.js';
import { type Extent, ExtentMap } from './extent-map.js';
import type { DiskFault, DiskFaults } from './faults.js';
import { mediumFault } from './medium-limits.js';
import type { DurableStep, Store } from './store.js';
import { durableStep, type SectorSpan, type UnflushedExtent, WriteCache } from './write-cache.js';

export type DiskEffect =
  | { readonly kind: 'completed'; readonly tag: number; readonly completion: Completion }
  /** Make this durable, then call `persisted(ticket)` or `failed(ticket, …)`. At most one is under way. */
  | ({ readonly kind: 'persist'; readonly ticket: number } & DurableStep);
/** What a step leads to, in order. A command that isn't completed by its own step is completed by a later one. */
export type DiskOutcome = readonly DiskEffect[];

export interface DiskOptions {
  readonly capacitySectors: number;
  readonly store: Store;
  readonly limits?: UnitLimits;
  readonly faults?: DiskFaults;
  /** Past this much unflushed data the disk makes it durable by itself, as disks do; 64 MiB unless told otherwise. */
  readonly cacheBytesMax?: number;
}

/** A command that ends when its sectors are durable; without tag the disk's own doing. */
interface Waiter {
  readonly tag: number | undefined;
  readonly span: SectorSpan;
  readonly completion: Completion;
}

/** What is on a disk after a power cut of an unflushed extent: parts of it, or (`data`) something else. */
export interface SurvivingExtent {
  readonly first: number;
  readonly sectors: number;
  readonly data?: Uint8Array;
}

const cacheBytesDefault = 64 * 2 ** 20;
const done: Completion = { status: 'good', data: new Uint8Array(0) };

export class Disk {
  readonly #options: DiskOptions;
  readonly #limits: UnitLimits;
  readonly #cache: WriteCache;
  #ordinal = 0;
  #ticket = 0;
  #waiting: Waiter[] = [];
  /** Those that the step under way is for; undefined when none is. */
  #underWay: readonly Waiter[] | undefined;

  constructor(options: DiskOptions) {
    this.#options = options;
    this.#limits = options.limits ?? defaultLimits;
    this.#cache = new WriteCache(options.store);
  }

  get capacitySectors(): number {
    return this.#options.capacitySectors;
  }

  /**
   * Carries a command out. Its data is kept by reference and must not be changed any more by whoever hands it over; the
   * disk doesn't change it either, so one buffer may go to several disks.
   */
  step(command: MediumCommand, tag: number): DiskOutcome {
    this.#ordinal += 1;
    const refused = mediumFault(command, { capacitySectors: this.capacitySectors, limits: this.#limits });
    if (refused !== undefined) return completed(tag, { status: 'checkCondition', sense: refused });
    const fault = this.#options.faults?.faultOf(command, this.#ordinal);
    if (fault?.kind === 'complete') return completed(tag, fault.completion);
    return [...this.#carryOut(command, tag, fault), ...this.#destage()];
  }

  /** The step of this ticket is durable. */
  persisted(ticket: number): DiskOutcome {
    const waiters = this.#take(ticket);
    this.#cache.endStep();
    return [...waiters.flatMap(({ tag, completion }) => completed(tag, completion)), ...this.#begin()];
  }

  /** The step of this ticket isn't durable, or not all of it; its sectors stay cached, and a later flush tries again. */
  failed(ticket: number, reason: 'full' | 'io'): DiskOutcome {
    const waiters = this.#take(ticket);
    this.#cache.undoStep();
    const completion = checkCondition(reason === 'full' ? 'spaceExhausted' : 'writeError');
    return [...waiters.flatMap(({ tag }) => completed(tag, completion)), ...this.#begin()];
  }

  /** What a power cut would lose now, in the order in which it was written over one another. */
  unflushed(): UnflushedExtent[] {
    return this.#cache.unflushed();
  }

  /**
   * The power goes: nothing volatile is left and no command ends any more. Returns what of the unflushed sectors is on
   * the medium all the same, for the store; asked extent by extent, and nothing unless told otherwise.
   */
  powerCut(survivors: (extent: UnflushedExtent) => readonly SurvivingExtent[] = () => []): DurableStep {
    const surviving = new ExtentMap();
    for (const extent of this.#cache.unflushed()) {
      for (const part of survivors(extent)) surviving.set(survivingPart(extent, part));
    }
    this.#cache.drop();
    this.#waiting = [];
    this.#underWay = undefined;
    return durableStep(surviving.extents);
  }

  #carryOut(command: MediumCommand, tag: number, fault: DiskFault | undefined): DiskOutcome {
    switch (command.op) {
      case 'read': {
        const read = this.#cache.read(command.lba, command.sectors);
        const data = fault?.kind === 'corrupt' ? fault.corrupt(Buffer.from(read)) : read;
        return this.#end(tag, command, command.fua, { status: 'good', data });
      }
      case 'verify':
        return completed(tag, command.data === undefined ? done : this.#compare(command.lba, command.data));
      case 'getLbaStatus': {
        const span = { lba: command.lba, sectors: this.capacitySectors - command.lba };
        const data = lbaStatusData(this.#cache.provisioning(span, lbaStatusRoom(command.allocationBytes)));
        return completed(tag, { status: 'good', data: data.subarray(0, command.allocationBytes) });
      }
      default:
        return fault?.kind === 'lose' ? completed(tag, done) : this.#change(command, tag, fault);
    }
  }

  #change(command: ChangingCommand, tag: number, fault: DiskFault | undefined): DiskOutcome {
    const altered = (data: Uint8Array) => (fault?.kind === 'corrupt' ? fault.corrupt(data) : data);
    switch (command.op) {
      case 'write':
        return this.#write(command.lba, altered(command.data), { tag, fua: command.fua });
      case 'compareAndWrite': {
        const compared = this.#compare(command.lba, command.compare);
        if (compared.status !== 'good') return completed(tag, compared);
        return this.#write(command.lba, altered(command.data), { tag, fua: command.fua });
      }
      case 'writeSame': {
        const pattern = altered(command.pattern);
        // Zeros become a range whatever UNMAP says: a fill of zeros must not cost its length.
        const data = isZero(pattern) ? undefined : repeated(pattern, command.sectors);
        this.#cache.write({ first: command.lba, sectors: command.sectors, data });
        return completed(tag, done);
      }
      case 'unmap':
        for (const { lba, sectors } of command.ranges) this.#cache.write({ first: lba, sectors, data: undefined });
        return completed(tag, done);
      case 'synchronizeCache': {
        const { lba } = command;
        // Stryker disable next-line ArithmeticOperator: past the end nothing is cached
        const sectors = command.sectors === 0 ? this.capacitySectors - lba : command.sectors;
        return this.#end(tag, { lba, sectors }, true, done);
      }
      default:
        return unreachable(command);
    }
  }

  #write(lba: number, data: Uint8Array, { tag, fua }: { tag: number; fua: boolean | undefined }): DiskOutcome {
    const span = { lba, sectors: data.length / sectorBytes };
    this.#cache.write({ first: lba, sectors: span.sectors, data });
    return this.#end(tag, span, fua, done);
  }

  #compare(lba: number, expected: Uint8Array): Completion {
    const found = this.#cache.read(lba, expected.length / sectorBytes);
    if (Buffer.compare(found, expected) === 0) return done;
    return checkCondition('miscompare', { information: found.findIndex((byte, index) => byte !== expected[index]) });
  }

  /** Ends a command at once, or, if its sectors have to be durable, when they are. */
  #end(tag: number, { lba, sectors }: SectorSpan, durable: boolean | undefined, completion: Completion): DiskOutcome {
    if (durable !== true) return completed(tag, completion);
    this.#waiting.push({ tag, span: { lba, sectors }, completion });
    return this.#underWay === undefined ? this.#begin() : [];
  }

  #destage(): DiskOutcome {
    const { cacheBytesMax = cacheBytesDefault } = this.#options;
    if (this.#underWay !== undefined || this.#cache.cachedBytes <= cacheBytesMax) return [];
    this.#waiting.push({ tag: undefined, span: { lba: 0, sectors: this.capacitySectors }, completion: done });
    return this.#begin();
  }

  /** Begins a step for all that wait; ends them at once when none of their sectors is cached. */
  #begin(): DiskOutcome {
    const waiters = this.#waiting;
    this.#waiting = [];
    const step = this.#cache.beginStep(waiters.map(({ span }) => span));
    if (step === undefined) return waiters.flatMap(({ tag, completion }) => completed(tag, completion));
    this.#underWay = waiters;
    this.#ticket += 1;
    return [{ kind: 'persist', ticket: this.#ticket, ...step }];
  }

  #take(ticket: number): readonly Waiter[] {
    const waiters = this.#underWay;
    assert(waiters !== undefined && ticket === this.#ticket, `no durable step ${ticket} is under way`);
    this.#underWay = undefined;
    return waiters;
  }
}

type ChangingCommand = Exclude<MediumCommand, { readonly op: 'read' | 'verify' | 'getLbaStatus' }>;

function completed(tag: number | undefined, completion: Completion): DiskOutcome {
  return tag === undefined ? [] : [{ kind: 'completed', tag, completion }];
}

function repeated(pattern: Uint8Array, sectors: number): Buffer {
  return Buffer.alloc(sectors * sectorBytes, pattern);
}

function survivingPart(extent: Extent, { first, sectors, data }: SurvivingExtent): Extent {
  if (data !== undefined) return { first, sectors, data };
  const from = (first - extent.first) * sectorBytes;
  return { first, sectors, data: extent.data?.subarray(from, from + sectors * sectorBytes) };
}
