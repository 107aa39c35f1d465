/** What the parts of a sub share, over disks in memory, step by step: disk commands and records end when a test says so. */
import { expect } from 'chai';
import type { RunForms } from '../../../firmware-sim/controller/board.js';
import { Geometry } from '../../../firmware-sim/controller/geometry.js';
import { Disk } from '../../../firmware-sim/disk/disk.js';
import { MemoryStore } from '../../../firmware-sim/disk/memory-store.js';
import { persistAtOnce } from '../../../firmware-sim/disk/persist-at-once.js';
import type { ReplicaRecord } from '../../../firmware-sim/replica/replica-records.js';
import { ReplicaState } from '../../../firmware-sim/replica/replica-state.js';
import { DiskQueue } from '../../../firmware-sim/storage/disk-queue.js';
import { done, type Operation } from '../../../firmware-sim/storage/operation.js';
import { SlotAllocator } from '../../../firmware-sim/storage/slot-allocator.js';
import { zeroSlot } from '../../../firmware-sim/storage/stored-blocks.js';
import { SubCore } from '../../../firmware-sim/sub/sub-core.js';
import { type SubRecord, subRecords } from '../../../firmware-sim/sub/sub-records.js';
import { SubState } from '../../../firmware-sim/sub/sub-state.js';
import type { DeviceEffect, DiskName } from '../../../protocol/device.js';
import { contentDigests } from '../../../protocol/digest.js';
import type { Message } from '../../../protocol/message/messages.js';
import type { Completion } from '../../../protocol/scsi/commands.js';

/** Two sectors. */
export const blockBytes = 1024;
export const stagingSlots = 32;

/** Blocks full of a letter each; a dot stands for a block of zeros. */
export function blocksOf(letters: string): Buffer {
  return Buffer.concat(Array.from(letters, (letter) => Buffer.alloc(blockBytes, letter === '.' ? 0 : letter)));
}

/** The letters of sectors, one for each; a dot stands for zeros, a question mark for anything else. */
export function lettersOf(data: Uint8Array): string {
  return Array.from({ length: data.length / 512 }, (_, index) => {
    const sector = data.subarray(index * 512, (index + 1) * 512);
    const byte = sector[0] ?? 0;
    if (!sector.every((each) => each === byte)) return '?';
    return byte === 0 ? '.' : String.fromCharCode(byte);
  }).join('');
}

const ownKinds: ReadonlySet<string> = new Set(subRecords.map(({ kind }) => kind));

type DiskEffect = Extract<DeviceEffect, { kind: 'disk' }>;

class Medium {
  readonly store = new MemoryStore();
  readonly disk: Disk;

  constructor(sectors: number) {
    this.disk = new Disk({ capacitySectors: sectors, store: this.store });
  }

  run({ tag, command }: DiskEffect): Completion {
    const [ended] = persistAtOnce(this.disk, this.store, this.disk.step(command, tag));
    if (ended === undefined) throw new Error(`${command.op} did not end`);
    return ended.completion;
  }
}

export class SubLab {
  readonly effects: DeviceEffect[] = [];
  runForms: RunForms = { takenBits: 0, sentBits: 0, held: false };
  readonly sent: Message[] = [];
  readonly records: { readonly record: SubRecord | ReplicaRecord; readonly operation: Operation | undefined }[] = [];
  readonly state = new SubState();
  readonly replica = new ReplicaState();
  readonly core: SubCore;
  readonly #media = new Map<DiskName, Medium>();
  readonly #slots = new SlotAllocator(stagingSlots);

  /** A volume of so many sectors; `fresh`: it belongs to no pair yet. */
  constructor(sectors = 32, fresh = false) {
    const volumes = [sectors * 512];
    this.state.apply({ kind: 'prepared', blockBytes, volumes });
    if (!fresh)
      this.state.apply({ kind: 'joined', pair: Buffer.alloc(16, 1), method: 'differential', epoch: 1 as never });
    this.replica.resize(1);
    this.#media.set('secondary0', new Medium(sectors));
    this.#media.set('staging0', new Medium(stagingSlots * 2));
    this.core = new SubCore({
      ...{ effects: this.effects, disks: new DiskQueue(this.effects), state: this.state, replica: this.replica },
      ...{ geometry: new Geometry(blockBytes, volumes), allocators: [this.#slots] },
      record: (record, operation) => this.records.push({ record, operation }),
      send: (port, message) => {
        expect(port).to.equal('remote');
        this.sent.push(message);
      },
      runForms: () => this.runForms,
    });
  }

  /** Committed and not structured: these letters lie in staging. */
  overlaid(first: number, letters: string): void {
    for (const [index, letter] of Array.from(letters).entries()) {
      const slot = letter === '.' ? zeroSlot : (this.#slots.take(1)?.first ?? 99);
      if (letter !== '.') this.put('staging0', slot * 2, blocksOf(letter));
      this.replica.volume(0).overlay.set(first + index, 1, slot, contentDigests(blocksOf(letter), blockBytes));
    }
  }

  /** Structured: these letters lie in the secondary area, and their digests are known. */
  structured(first: number, letters: string): void {
    const { known, occupied } = this.replica.volume(0);
    this.put('secondary0', first * 2, blocksOf(letters));
    known.set(first, letters.length, zeroSlot, contentDigests(blocksOf(letters), blockBytes));
    occupied.add(first, letters.length);
  }

  /** Changes what lies on a disk, behind everybody's back. */
  put(disk: DiskName, sector: number, data: Buffer): void {
    this.#media.get(disk)?.store.apply({ writes: [{ offset: sector * 512, data }], punches: [] });
  }

  /** Disk commands that wait to be carried out, as words. */
  get waiting(): string[] {
    return this.#diskEffects().map(({ disk, command }) => {
      if (command.op === 'read') return `${disk} read ${command.lba}+${command.sectors}`;
      if (command.op === 'write') return `${disk} write ${command.lba}+${command.data.length / 512}`;
      if (command.op === 'unmap') return `${disk} unmap ${command.ranges.map((each) => `${each.lba}+${each.sectors}`)}`;
      return `${disk} ${command.op}`;
    });
  }

  /** Ends the next disk command: carries it out, unless it ends otherwise. False when there is none. */
  disk(completion?: Completion): boolean {
    const next = this.#diskEffects()[0];
    if (next === undefined) return false;
    this.effects.splice(this.effects.indexOf(next), 1);
    const medium = this.#media.get(next.disk);
    if (medium === undefined) throw new Error(`there is no disk ${next.disk}`);
    this.core.disks.complete(next.tag, completion ?? medium.run(next), 0);
    return true;
  }

  /** Makes the next record durable. False when none waits. */
  durable(): boolean {
    const next = this.records.shift();
    if (next === undefined) return false;
    const { record } = next;
    if (ownKinds.has(record.kind)) this.state.apply(record as SubRecord);
    else this.replica.apply(record as ReplicaRecord);
    if (record.kind === 'changing') this.replica.overwritten(record.volume, record.first, record.count);
    next.operation?.resume(done, 0);
    return true;
  }

  /** Lets everything go on until nothing is under way; names what was done, in order. */
  settle(): string[] {
    const steps: string[] = [];
    for (;;) {
      const [command] = this.waiting;
      const [record] = this.records;
      if (command !== undefined) steps.push(command);
      else if (record !== undefined) steps.push(`record ${record.record.kind}`);
      if (!this.disk() && !this.durable()) return steps;
    }
  }

  /** The letters of sectors of the secondary area. */
  letters(lba: number, sectors: number): string {
    const data = Buffer.alloc(sectors * 512);
    const completion = this.#media.get('secondary0')?.run({
      ...{ kind: 'disk', disk: 'secondary0', tag: 0 },
      command: { op: 'read', lba, sectors },
    });
    if (completion?.status === 'good') data.set(completion.data);
    return lettersOf(data);
  }

  #diskEffects(): DiskEffect[] {
    return this.effects.flatMap((effect) => (effect.kind === 'disk' ? [effect] : []));
  }
}
