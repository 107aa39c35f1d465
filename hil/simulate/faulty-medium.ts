/**
 * What the commands of a failing disk do to its contents, without times: refused at their begin, in effect at some
 * moment, settled at their end.
 */
import type { Extent } from '../../firmware-sim/disk/extent-map.js';
import { mediumFault } from '../../firmware-sim/disk/medium-limits.js';
import type { MemoryStore } from '../../firmware-sim/disk/memory-store.js';
import type { SectorSpan } from '../../firmware-sim/disk/write-cache.js';
import { sectorBytes } from '../../protocol/ids.js';
import { lbaStatusData, lbaStatusRoom } from '../../protocol/scsi/capacity-data.js';
import type { Completion, MediumCommand } from '../../protocol/scsi/commands.js';
import { checkCondition } from '../../protocol/scsi/conditions.js';
import { defaultLimits } from '../../protocol/scsi/unit-profile.js';
import { errorCompletion, mediumError } from './disk-errors.js';
import type { FaultsMet } from './disk-faults.js';
import { corrupted, corruptedExtents, extentsOf, misdirected, shifted, spansOf } from './disk-places.js';
import type { DiskFaultPlan } from './plan.js';
import { PreviousVersions, previousSectorsMax } from './previous-versions.js';
import { type UnflushedWrite, UnflushedWrites } from './unflushed-writes.js';

/** A command under way. */
export interface RunningCommand {
  /** Which of the disk's commands it is. */
  readonly number: number;
  readonly command: MediumCommand;
  readonly faults: FaultsMet;
  /** `UnflushedWrites.moment` when it began: a flush covers what had ended by then. */
  readonly beganAt: number;
}

export interface FaultyMediumOptions {
  readonly sectors: number;
  readonly store: MemoryStore;
  /** Some read is to give an old version, so they have to be kept. */
  readonly keepPrevious: boolean;
  readonly applied: (fault: DiskFaultPlan) => void;
}

type CommandOf<Op extends MediumCommand['op']> = Extract<MediumCommand, { readonly op: Op }>;

const good: Completion = { status: 'good', data: new Uint8Array(0) };

export class FaultyMedium {
  readonly unflushed: UnflushedWrites;
  /** Sectors that give a medium error until the disk is healed. */
  readonly bad = new Set<number>();
  readonly #options: FaultyMediumOptions;
  readonly #previous: PreviousVersions | undefined;

  constructor(options: FaultyMediumOptions, unflushed = new UnflushedWrites(options.store)) {
    this.#options = options;
    this.unflushed = unflushed;
    this.#previous = options.keepPrevious ? new PreviousVersions() : undefined;
  }

  /** How a command that is not carried out ends; undefined: it is, and what it writes is at risk from here on. */
  begin(running: RunningCommand): Completion | undefined {
    const { command, number } = running;
    const bounds = { capacitySectors: this.#options.sectors, limits: defaultLimits };
    const sense = mediumFault(command, bounds);
    if (sense !== undefined) return { status: 'checkCondition', sense };
    const refused = this.#error(running) ?? this.#badSector(running);
    if (refused !== undefined) return refused;
    const extents = this.#written(running);
    if (extents.length > 0) this.unflushed.begin(number, extents);
    return undefined;
  }

  /** Carries a command out; returns how it will end. */
  takeEffect(running: RunningCommand): Completion {
    const { command } = running;
    switch (command.op) {
      case 'read':
        return { status: 'good', data: this.#read(command, running.faults) };
      case 'verify':
        return command.data === undefined ? good : this.#compare(command.lba, command.data);
      case 'getLbaStatus':
        return this.#status(command);
      case 'compareAndWrite': {
        if (running.faults.of('lose') !== undefined) return good;
        const compared = this.#compare(command.lba, command.compare);
        if (compared.status === 'good') this.#write(running);
        else this.unflushed.forget(running.number);
        return compared;
      }
      default:
        this.#write(running);
        return good;
    }
  }

  /** A command that took effect ends: makes durable what has to be. */
  settle(running: RunningCommand): void {
    const { command, number } = running;
    this.unflushed.end(number);
    if (command.op === 'synchronizeCache') this.#flush(running, command);
    else if (command.op === 'read' && command.fua === true) this.unflushed.commit(covered(running), command);
    else if ((command.op === 'write' || command.op === 'compareAndWrite') && command.fua === true) {
      this.unflushed.commit((write) => write.command === number, { lba: 0, sectors: this.#options.sectors });
    }
  }

  #error({ command, faults }: RunningCommand): Completion | undefined {
    const met = faults.of('error');
    if (met === undefined) return undefined;
    this.#options.applied(met.fault);
    return errorCompletion(met.effect.sense, command);
  }

  #badSector(running: RunningCommand): Completion | undefined {
    const sticky = running.faults.of('sticky');
    if (sticky === undefined && this.bad.size === 0) return undefined;
    const spans = this.#touched(running);
    const first = spans[0]?.lba;
    if (sticky !== undefined && first !== undefined) {
      this.bad.add(first);
      this.#options.applied(sticky.fault);
    }
    for (const lba of this.bad) {
      if (spans.some((span) => lba >= span.lba && lba < span.lba + span.sectors)) {
        return mediumError(running.command, lba);
      }
    }
    return undefined;
  }

  /** The sectors that a command reads, writes, or brings from the cache to the medium. */
  #touched(running: RunningCommand): readonly SectorSpan[] {
    const { command } = running;
    if (command.op !== 'synchronizeCache') return spansOf(command);
    const extents = this.unflushed.durable(covered(running), this.#flushed(command));
    return extents.map(({ first, sectors }) => ({ lba: first, sectors }));
  }

  /** What a command writes, faults included. */
  #written({ command, faults }: RunningCommand): readonly Extent[] {
    let extents = extentsOf(command);
    if (extents.length === 0) return extents;
    const { applied, sectors } = this.#options;
    const lose = faults.of('lose');
    if (lose !== undefined) {
      applied(lose.fault);
      return [];
    }
    const corrupt = faults.of('corrupt');
    if (corrupt !== undefined) {
      extents = corruptedExtents(extents, corrupt.effect.at, corrupt.effect.xor);
      applied(corrupt.fault);
    }
    const misdirect = faults.of('misdirect');
    if (misdirect === undefined) return extents;
    const elsewhere = misdirected(extents, misdirect.effect.sectors, sectors);
    if (elsewhere.some(({ first }, index) => first !== extents[index]?.first)) applied(misdirect.fault);
    return elsewhere;
  }

  #write({ number }: RunningCommand): void {
    if (this.#previous !== undefined) {
      for (const { first, sectors } of this.unflushed.toCome(number)) {
        const span = { lba: first, sectors: Math.min(sectors, previousSectorsMax) };
        this.#previous.keep(first, Buffer.from(this.unflushed.read(span)));
      }
    }
    this.unflushed.takeEffect(number);
  }

  #read(span: SectorSpan, faults: FaultsMet): Uint8Array {
    const right = this.unflushed.read(span);
    const { applied, sectors } = this.#options;
    let data = right;
    const misdirect = faults.of('misdirect');
    if (misdirect !== undefined) {
      data = this.unflushed.read(shifted(span, misdirect.effect.sectors, sectors));
      if (Buffer.compare(data, right) !== 0) applied(misdirect.fault);
    }
    const stale = faults.of('stale');
    if (stale !== undefined && this.#previous !== undefined) {
      const old = this.#previous.before(span, data);
      if (Buffer.compare(old, data) !== 0) applied(stale.fault);
      data = old;
    }
    const corrupt = faults.of('corrupt');
    if (corrupt === undefined || data.length === 0) return data;
    applied(corrupt.fault);
    return corrupted(data, corrupt.effect.at, corrupt.effect.xor);
  }

  #compare(lba: number, expected: Uint8Array): Completion {
    const found = this.unflushed.read({ lba, sectors: expected.length / sectorBytes });
    if (Buffer.compare(found, expected) === 0) return good;
    return checkCondition('miscompare', { information: found.findIndex((byte, index) => byte !== expected[index]) });
  }

  #status({ lba, allocationBytes }: CommandOf<'getLbaStatus'>): Completion {
    const span = { lba, sectors: this.#options.sectors - lba };
    const data = lbaStatusData(this.unflushed.provisioning(span, lbaStatusRoom(allocationBytes)));
    return { status: 'good', data: data.subarray(0, allocationBytes) };
  }

  #flush(running: RunningCommand, command: CommandOf<'synchronizeCache'>): void {
    const span = this.#flushed(command);
    const lose = running.faults.of('lose');
    if (lose === undefined) this.unflushed.commit(covered(running), span);
    else if (this.unflushed.durable(covered(running), span).length > 0) this.#options.applied(lose.fault);
  }

  /** Sectors 0: to the end of the disk. */
  #flushed({ lba, sectors }: CommandOf<'synchronizeCache'>): SectorSpan {
    return { lba, sectors: sectors === 0 ? this.#options.sectors - lba : sectors };
  }
}

function covered({ beganAt }: RunningCommand): (write: UnflushedWrite) => boolean {
  return ({ endedAt }) => endedAt !== undefined && endedAt <= beganAt;
}
