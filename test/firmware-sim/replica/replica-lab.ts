/** A receiver over disks in memory, step by step: each disk command and each record ends when the test says so. */
import { expect } from 'chai';
import type { Board, RunForms } from '../../../firmware-sim/controller/board.js';
import { Geometry } from '../../../firmware-sim/controller/geometry.js';
import { Receiver } from '../../../firmware-sim/replica/receiver.js';
import type { ReplicaRecord } from '../../../firmware-sim/replica/replica-records.js';
import { ReplicaState } from '../../../firmware-sim/replica/replica-state.js';
import { DiskQueue } from '../../../firmware-sim/storage/disk-queue.js';
import { done, type Operation } from '../../../firmware-sim/storage/operation.js';
import { RangeLocks } from '../../../firmware-sim/storage/range-locks.js';
import { SlotAllocator } from '../../../firmware-sim/storage/slot-allocator.js';
import type { DeviceEffect, DiskName } from '../../../protocol/device.js';
import { contentDigests, GenerationDigest, runDigest } from '../../../protocol/digest.js';
import { blockNumber, epoch, generation, volumeNumber } from '../../../protocol/ids.js';
import type { Message } from '../../../protocol/message/messages.js';
import type { Completion, MediumCommand } from '../../../protocol/scsi/commands.js';

/** Small blocks: one sector each. */
export const blockBytes = 512;

/** Blocks full of a letter each; a dot stands for a block of zeros. */
export function blocksOf(letters: string): Buffer {
  return Buffer.concat(Array.from(letters, (letter) => Buffer.alloc(blockBytes, letter === '.' ? 0 : letter)));
}

/** Digests of as many different blocks. */
export function digestsOf(count: number): Uint8Array {
  return contentDigests(blocksOf('abcdefghijklmnopqrstuvwxyz'.slice(0, count)), blockBytes);
}

/** The digest over volume 0 with these letters from block 0 on; a blank is a block that is not part of it. */
export function digestOf(letters: string): Uint8Array {
  const digest = new GenerationDigest();
  for (const [block, letter] of Array.from(letters).entries()) {
    if (letter !== ' ') digest.add(0, block, contentDigests(blocksOf(letter), blockBytes));
  }
  return digest.finish();
}

type DiskEffect = Extract<DeviceEffect, { kind: 'disk' }>;

export class ReplicaLab {
  readonly effects: DeviceEffect[] = [];
  readonly sent: Message[] = [];
  readonly marks: string[] = [];
  readonly suspended: string[] = [];
  readonly records: { readonly record: ReplicaRecord; readonly operation: Operation | undefined }[] = [];
  readonly state = new ReplicaState();
  readonly locks = new RangeLocks<Operation>();
  readonly allocators: readonly SlotAllocator[];
  readonly receiver: Receiver;
  readonly media = new Map<DiskName, Buffer>();
  runForms: RunForms = { takenBits: 0, sentBits: 0, held: false };
  progress = 0;

  /** Sizes of the volumes and of each staging area, in blocks. */
  constructor({ volumes, stagingSlots = 64 }: { volumes: readonly number[]; stagingSlots?: number }) {
    this.state.resize(volumes.length);
    this.allocators = volumes.map(() => new SlotAllocator(stagingSlots));
    for (const [index, blocks] of volumes.entries()) {
      this.media.set(`secondary${index}`, Buffer.alloc(blocks * blockBytes));
      this.media.set(`staging${index}`, Buffer.alloc(stagingSlots * blockBytes));
    }
    this.receiver = new Receiver({
      board: this.#board(),
      state: this.state,
      geometry: new Geometry(
        blockBytes,
        volumes.map((blocks) => blocks * blockBytes),
      ),
      staging: (volume) => `staging${volume}`,
      image: (volume) => `secondary${volume}`,
      allocators: this.allocators,
      locks: this.locks,
      onProgress: () => {
        this.progress += 1;
      },
    });
  }

  begin(number: number, full = false): void {
    const base = generation(number - 1);
    const of = { epoch: epoch(1), generation: generation(number), base, full, state: 'PAIR' } as const;
    this.receiver.begin({ kind: 'begin', ...of });
    this.settle();
  }

  /** A run of blocks arrives, each full of its letter. */
  run(run: number, of: { first: number; letters: string; volume?: number; generation?: number }): void {
    const data = blocksOf(of.letters);
    this.receiver.blockRun({
      ...{ kind: 'blockRun', run, generation: generation(of.generation ?? 1), volume: volumeNumber(of.volume ?? 0) },
      ...{
        first: blockNumber(of.first),
        count: of.letters.length,
        digest: runDigest(contentDigests(data, blockBytes)),
        data,
      },
    });
  }

  zeros(run: number, of: { first: number; count: number; volume?: number; generation?: number }): void {
    const volume = volumeNumber(of.volume ?? 0);
    const place = { generation: generation(of.generation ?? 1), volume, first: blockNumber(of.first), count: of.count };
    this.receiver.zeroRun({ kind: 'zeroRun', run, ...place });
  }

  /** Complete arrives, with the counts and the digest that the test gives. */
  complete(number: number, of: { blocks: number; zeroBlocks: number; digest: Uint8Array }): void {
    this.receiver.complete({ kind: 'complete', generation: generation(number), ...of });
  }

  /** Disk commands that wait to be carried out, as words. */
  get waiting(): string[] {
    return this.#diskEffects().map(({ disk, command }) => `${disk} ${command.op}`);
  }

  /** Ends the next disk command: carries it out, unless it ends otherwise. False when there is none. */
  disk(completion?: Completion): boolean {
    const next = this.#diskEffects()[0];
    if (next === undefined) return false;
    this.effects.splice(this.effects.indexOf(next), 1);
    this.receiver.board.disks.complete(next.tag, completion ?? this.#carryOut(next), 0);
    this.receiver.pump();
    return true;
  }

  /** Makes the next record durable. False when none waits. */
  durable(): boolean {
    const next = this.records.shift();
    if (next === undefined) return false;
    this.state.apply(next.record);
    next.operation?.resume(done, 0);
    this.receiver.pump();
    return true;
  }

  /** Lets everything go on until nothing is under way. */
  settle(): void {
    this.receiver.pump();
    while (this.disk() || this.durable());
  }

  /** Messages since the last look, as words. */
  told(): string[] {
    return this.sent.splice(0).map((message) => {
      if (message.kind === 'stored') return `stored ${message.runs.join()} of ${message.generation}`;
      if (message.kind === 'runRefused') return `runRefused ${message.run} ${message.code}`;
      if (message.kind === 'abandon') return `abandon ${message.generation} ${message.code} ${message.state}`;
      return 'generation' in message ? `${message.kind} ${message.generation}` : message.kind;
    });
  }

  /** The letters of blocks on a disk. */
  letters(disk: DiskName, first: number, count: number): string {
    const medium = this.media.get(disk) ?? Buffer.alloc(0);
    return Array.from({ length: count }, (_, index) => {
      const block = medium.subarray((first + index) * blockBytes, (first + index + 1) * blockBytes);
      const byte = block[0] ?? 0;
      return block.every((each) => each === byte) ? (byte === 0 ? '.' : String.fromCharCode(byte)) : '?';
    }).join('');
  }

  #board(): Board<ReplicaRecord> {
    return {
      disks: new DiskQueue(this.effects),
      nowUs: 0,
      effects: this.effects,
      record: (record, operation) => this.records.push({ record, operation }),
      send: (port, message) => {
        expect(port).to.equal('remote');
        this.sent.push(message);
      },
      runForms: () => this.runForms,
      log: () => {},
      mark: (name, values) => this.marks.push(`${name} ${Object.values(values).join()}`),
      suspend: (code, detail) => this.suspended.push(`${code}: ${detail}`),
    };
  }

  #diskEffects(): DiskEffect[] {
    return this.effects.flatMap((effect) => (effect.kind === 'disk' ? [effect] : []));
  }

  #carryOut({ disk, command }: DiskEffect): Completion {
    const medium = this.media.get(disk);
    if (medium === undefined) throw new Error(`there is no disk ${disk}`);
    return { status: 'good', data: carriedOut(medium, command) };
  }
}

/** A receiver of 32 blocks that has begun generation 1 and told nothing since. */
export function begun(options: { stagingSlots?: number; volumes?: readonly number[] } = {}): ReplicaLab {
  const lab = new ReplicaLab({ volumes: [32], ...options });
  lab.begin(1);
  lab.told();
  return lab;
}

function carriedOut(medium: Buffer, command: MediumCommand): Uint8Array {
  switch (command.op) {
    case 'read':
      return Buffer.from(medium.subarray(command.lba * 512, (command.lba + command.sectors) * 512));
    case 'write':
      medium.set(command.data, command.lba * 512);
      break;
    case 'unmap':
      for (const { lba, sectors } of command.ranges) medium.fill(0, lba * 512, (lba + sectors) * 512);
      break;
    case 'synchronizeCache':
      break;
    default:
      throw new Error(`a receiver does not ${command.op}`);
  }
  return new Uint8Array(0);
}
