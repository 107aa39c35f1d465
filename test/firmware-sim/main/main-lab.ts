/** What the parts of main share, over disks in memory, step by step: disk commands and records end when a test says so. */
import { expect } from 'chai';
import type { RunForms } from '../../../firmware-sim/controller/board.js';
import { Geometry } from '../../../firmware-sim/controller/geometry.js';
import { Disk } from '../../../firmware-sim/disk/disk.js';
import { MemoryStore } from '../../../firmware-sim/disk/memory-store.js';
import { persistAtOnce } from '../../../firmware-sim/disk/persist-at-once.js';
import type { HostWrite } from '../../../firmware-sim/main/host-write.js';
import { MainCore } from '../../../firmware-sim/main/main-core.js';
import { type MainRecord, mainRecords } from '../../../firmware-sim/main/main-records.js';
import { MainState } from '../../../firmware-sim/main/main-state.js';
import type { ReplicaRecord } from '../../../firmware-sim/replica/replica-records.js';
import { ReplicaState } from '../../../firmware-sim/replica/replica-state.js';
import { DiskQueue } from '../../../firmware-sim/storage/disk-queue.js';
import { done, type Operation } from '../../../firmware-sim/storage/operation.js';
import { SlotAllocator } from '../../../firmware-sim/storage/slot-allocator.js';
import { zeroSlot } from '../../../firmware-sim/storage/stored-blocks.js';
import type { DeviceEffect, DiskName } from '../../../protocol/device.js';
import { contentDigests } from '../../../protocol/digest.js';
import { blockNumber, generation, type Method, volumeNumber } from '../../../protocol/ids.js';
import type { Message } from '../../../protocol/message/messages.js';
import type { Completion } from '../../../protocol/scsi/commands.js';

/** Two sectors. */
export const blockBytes = 1024;

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

type DiskEffect = Extract<DeviceEffect, { kind: 'disk' }>;
const ownKinds: ReadonlySet<string> = new Set(mainRecords.map(({ kind }) => kind));

export class MainLab {
  readonly effects: DeviceEffect[] = [];
  readonly sent: Message[] = [];
  readonly records: { readonly record: MainRecord | ReplicaRecord; readonly operation: Operation | undefined }[] = [];
  /** Host writes that have been answered. */
  readonly ended: HostWrite[] = [];
  readonly core: MainCore;
  readonly slots: SlotAllocator;
  maySend = true;
  runForms: RunForms = { takenBits: 0, sentBits: 0, held: false };
  readonly #stores = new Map<DiskName, MemoryStore>();
  readonly #disks = new Map<DiskName, Disk>();

  /** One volume of so many sectors, and a shadow area of so many slots; `others`: further volumes' sectors. */
  constructor({ sectors = 32, slots = 16, method = 'differential' as Method, others = [] as readonly number[] } = {}) {
    const volumes = [sectors, ...others].map((each) => each * 512);
    const replica = new ReplicaState();
    replica.resize(volumes.length);
    const sizes = volumes.flatMap((bytes, volume): [DiskName, number][] => [
      [`primary${volume}`, bytes / 512],
      [`shadow${volume}`, slots * 2],
    ]);
    for (const [name, size] of sizes) {
      const store = new MemoryStore();
      this.#stores.set(name, store);
      this.#disks.set(name, new Disk({ capacitySectors: size, store }));
    }
    this.slots = new SlotAllocator(slots);
    const state = new MainState();
    state.apply({ kind: 'formatted', pair: Buffer.alloc(16, 1), method, blockBytes, volumes });
    this.core = new MainCore({
      ...{ effects: this.effects, disks: new DiskQueue(this.effects), state, replica },
      ...{
        geometry: new Geometry(blockBytes, volumes),
        allocators: [this.slots, ...others.map(() => new SlotAllocator(slots))],
      },
      record: (record, operation) => this.records.push({ record, operation }),
      send: (port, message) => {
        expect(port).to.equal('remote');
        this.sent.push(message);
      },
      runForms: () => this.runForms,
      maySend: () => this.maySend,
      onWriteEnded: (write) => this.ended.push(write),
    });
  }

  /** These letters lie in the primary area. */
  primary(first: number, letters: string): void {
    this.put('primary0', first * 2, blocksOf(letters));
    this.core.state.apply({
      kind: 'changing',
      volume: volumeNumber(0),
      first: blockNumber(first),
      count: letters.length,
    });
  }

  /** These blocks count as changed. */
  changed(volume: number, first: number, count: number): void {
    const run = { volume: volumeNumber(volume), first: blockNumber(first), count };
    this.core.state.apply({ kind: 'changing', ...run });
  }

  /** The host has written these letters, and they lie in the shadow area. */
  deferred(first: number, letters: string): void {
    for (const [index, letter] of Array.from(letters).entries()) {
      const slot = letter === '.' ? zeroSlot : (this.slots.take(1)?.first ?? 99);
      if (letter !== '.') this.put('shadow0', slot * 2, blocksOf(letter));
      const digests = contentDigests(blocksOf(letter), blockBytes);
      const at = { volume: volumeNumber(0), first: blockNumber(first + index), count: 1 };
      this.core.state.apply({ kind: 'changing', ...at });
      this.core.state.apply({ kind: 'deferred', ...at, slot, digests });
    }
  }

  /** Freezes what has changed, as this generation. */
  freeze(number: number, full = false): void {
    const made = { generation: generation(number), full, token: Buffer.alloc(16, number), included: [] };
    this.core.state.apply({ kind: 'frozen', ...made });
  }

  /** The sub holds these blocks. */
  isSent(first: number, letters: string): void {
    const run = { volume: volumeNumber(0), first: blockNumber(first), count: letters.length };
    const digests = contentDigests(blocksOf(letters), blockBytes);
    this.core.state.apply({ kind: 'sent', generation: this.core.state.sending, ...run, digests });
  }

  /** Changes what lies on a disk, behind everybody's back. */
  put(disk: DiskName, sector: number, data: Buffer): void {
    this.#stores.get(disk)?.apply({ writes: [{ offset: sector * 512, data }], punches: [] });
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
    this.core.disks.complete(next.tag, completion ?? this.#run(next), this.core.nowUs);
    return true;
  }

  /** Makes the next record durable. False when none waits. */
  durable(): boolean {
    const next = this.records.shift();
    if (next === undefined) return false;
    const { record } = next;
    if (ownKinds.has(record.kind)) this.core.state.apply(record as MainRecord);
    else this.core.replica.apply(record as ReplicaRecord);
    next.operation?.resume(done, this.core.nowUs);
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

  /** The letters of sectors of a disk, as the next reader finds them. */
  letters(disk: DiskName, lba: number, sectors: number): string {
    const completion = this.#run({ kind: 'disk', disk, tag: 0, command: { op: 'read', lba, sectors } });
    return completion.status === 'good' ? lettersOf(completion.data) : completion.status;
  }

  #run({ disk, tag, command }: DiskEffect): Completion {
    const [found, store] = [this.#disks.get(disk), this.#stores.get(disk)];
    if (found === undefined || store === undefined) throw new Error(`there is no disk ${disk}`);
    const [ended] = persistAtOnce(found, store, found.step(command, tag));
    if (ended === undefined) throw new Error(`${command.op} did not end`);
    return ended.completion;
  }

  #diskEffects(): DiskEffect[] {
    return this.effects.flatMap((effect) => (effect.kind === 'disk' ? [effect] : []));
  }
}
