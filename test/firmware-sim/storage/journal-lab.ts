/** A journal of short texts over a meta disk in memory, step by step: for power cuts between and within commands. */
import { expect } from 'chai';
import { DiskQueue } from '../../../firmware-sim/storage/disk-queue.js';
import { Journal, type JournalLoss } from '../../../firmware-sim/storage/journal.js';
import { JournalRecovery, type RecoveredRecords } from '../../../firmware-sim/storage/journal-recovery.js';
import type { Outcome } from '../../../firmware-sim/storage/operation.js';
import type { DeviceEffect } from '../../../protocol/device.js';
import type { Completion, MediumCommand } from '../../../protocol/scsi/commands.js';

const sectorBytes = 512;
/** Two halves of 24 sectors: a few records fill one, so that snapshots come often. */
export const metaBytes = 48 * sectorBytes;

/** A disk whose forced writes are durable at once; it refuses what passes the end of a half of it. */
export class MetaDisk {
  readonly bytes: Buffer;
  commands = 0;
  readonly writes: { readonly lba: number; readonly sectors: number }[] = [];

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  carryOut(command: MediumCommand): Completion {
    this.commands += 1;
    this.#expectWithinHalf(command);
    if (command.op === 'write') {
      expect(command.fua).to.equal(true);
      this.writes.push({ lba: command.lba, sectors: command.data.length / sectorBytes });
      this.bytes.set(command.data, command.lba * sectorBytes);
    }
    const data =
      command.op === 'read'
        ? Buffer.from(this.bytes.subarray(command.lba * sectorBytes, (command.lba + command.sectors) * sectorBytes))
        : new Uint8Array(0);
    return { status: 'good', data };
  }

  #expectWithinHalf(command: MediumCommand): void {
    if (command.op !== 'read' && command.op !== 'write') throw new Error(`a journal does not ${command.op}`);
    const sectors = command.op === 'read' ? command.sectors : command.data.length / sectorBytes;
    const halfSectors = Math.floor(this.bytes.length / sectorBytes / 2);
    expect(command.lba % 1).to.equal(0);
    expect(sectors).to.be.within(1, 2048);
    expect((command.lba % halfSectors) + sectors).to.be.at.most(halfSectors);
    expect(command.lba).to.be.within(0, 2 * halfSectors - 1);
  }
}

export class JournalLab {
  readonly disk: MetaDisk;
  readonly effects: DeviceEffect[] = [];
  readonly disks = new DiskQueue(this.effects);
  /** Records that the state has, and those that were told to be durable. */
  state: string[] = [];
  readonly told: string[] = [];
  journal: Journal<string> | undefined;
  found: RecoveredRecords | undefined;
  /** Why nothing can be made durable any more, once the journal said so. */
  lost: JournalLoss | undefined;
  /** What a snapshot consists of, where it is not the state as one record. */
  parts: readonly string[] | undefined;
  /** Whether it is each record of the state by itself. */
  isSplit = false;
  readonly #limits: { readonly growthBytesMin?: number; readonly batchBytesMax?: number };

  constructor(bytes: Buffer, limits: { readonly growthBytesMin?: number; readonly batchBytesMax?: number } = {}) {
    this.disk = new MetaDisk(bytes);
    this.#limits = limits;
  }

  /** Reads the records back, or formats a fresh disk. */
  start(): RecoveredRecords {
    new JournalRecovery(this.disks, this.disk.bytes.length / sectorBytes, (found) => {
      this.found = found;
    }).start();
    this.runAll();
    if (this.found === undefined) throw new Error('recovery did not end');
    if (this.found.kind === 'corrupt') return this.found;
    const stamp = Buffer.alloc(16, 'stamp');
    const fresh = { half: 1 as const, checkpoint: 0, sequence: 0, atSector: 0, stamp };
    if (this.found.kind === 'recovered') this.state = this.found.records.flatMap(recordsOf);
    this.journal = new Journal<string>({
      disks: this.disks,
      sectors: this.disk.bytes.length / sectorBytes,
      position: this.found.kind === 'recovered' ? this.found.position : fresh,
      state: {
        encode: (record) => Buffer.from(record),
        apply: (record) => this.state.push(...record.split('|')),
        snapshot: () => this.parts ?? (this.isSplit ? [...this.state] : [this.state.join('|')]),
      },
      ...this.#limits,
      onLost: (why) => {
        this.lost = why;
      },
    });
    if (this.found.kind === 'fresh') this.journal.checkpoint();
    return this.found;
  }

  append(record: string): void {
    const resume = (outcome: Outcome) => {
      expect(outcome).to.deep.equal({ kind: 'done', data: new Uint8Array(0) });
      this.told.push(record);
    };
    this.journal?.append(record, { name: record, resume });
  }

  /** Carries out the next command; false when there is none. */
  run(): boolean {
    const next = this.effects.shift();
    if (next === undefined) return false;
    if (next.kind !== 'disk') throw new Error(`a journal has no effect such as ${next.kind}`);
    expect(next.disk).to.equal('meta');
    this.disks.complete(next.tag, this.disk.carryOut(next.command), 0);
    return true;
  }

  runAll(): void {
    while (this.run());
  }

  /** The power goes while the next command is carried out: only its first `sectors` sectors are written. */
  tear(sectors: number): void {
    const next = this.effects.shift();
    if (next?.kind !== 'disk' || next.command.op !== 'write') return;
    const part = next.command.data.subarray(0, sectors * sectorBytes);
    this.disk.bytes.set(part, next.command.lba * sectorBytes);
  }
}

/** A journal started from a copy of a disk. */
export function recovered(bytes: Buffer): JournalLab {
  const lab = new JournalLab(Buffer.from(bytes));
  lab.start();
  return lab;
}

function recordsOf(record: Buffer): string[] {
  const text = record.toString();
  return text === '' ? [] : text.split('|');
}
