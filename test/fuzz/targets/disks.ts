/** What controllers read from their disks before they take the first command. */
import { crc32 } from 'node:zlib';
import { AllocationScan } from '../../../firmware-sim/controller/allocation-scan.js';
import { decodeStamp, encodeStamp } from '../../../firmware-sim/controller/area-stamp.js';
import { Geometry } from '../../../firmware-sim/controller/geometry.js';
import { DiskQueue } from '../../../firmware-sim/storage/disk-queue.js';
import type { DeviceEffect } from '../../../protocol/device.js';
import type { Refusal } from '../../../protocol/refusals.js';
import { JournalLab } from '../../firmware-sim/storage/journal-lab.js';
import { fromHex } from '../../protocol/vectors.js';
import { blockBytes, volumeBlocks } from '../records.js';
import { entriesOf, joined } from '../script.js';
import { bufferOf, property, type Target } from '../target.js';

const pair = Buffer.alloc(16, 0x70);

/** Input: the sector where the stamp of an area stands. */
export const stamp: Target = {
  name: 'stamp',
  about: 'the stamp of a shadow or staging area',
  seeds: [
    encodeStamp({ pair, place: 'shadow', volume: 0 }).subarray(0, 32),
    encodeStamp({ pair, place: 'staging', volume: 7 }),
  ],
  inputBytesMax: 512,
  modules: ['firmware-sim/controller/area-stamp'],
  run: (input) => {
    const found = decodeStamp(input);
    if (found === undefined) return { label: 'none' };
    if (found.place !== 'unknown') {
      const again = decodeStamp(encodeStamp({ ...found, place: found.place }));
      property(again?.place === found.place && again.volume === found.volume, 'it is encoded as it was');
    }
    return { label: found.place, output: found };
  },
  repair: (input) => {
    const copy = Buffer.from(input);
    if (copy.length >= 32) copy.writeUInt32LE(crc32(copy.subarray(0, 28)), 28);
    return copy;
  },
};

const metaSectors = 48;
const metaBytes = metaSectors * 512;
const journalMagic = 0x314a4643;

/** A meta disk after so many records. */
function worked(records: number): Uint8Array {
  const lab = new JournalLab(Buffer.alloc(metaBytes));
  lab.start();
  lab.runAll();
  for (let number = 0; number < records; number += 1) {
    lab.append(`record ${number}`.padEnd(60 + ((number * 37) % 500), '.'));
    lab.runAll();
  }
  return ofAnotherDay(lab.disk.bytes);
}

/** With another stamp: what is left of one formatting is not mistaken for a part of the next. */
function ofAnotherDay(bytes: Buffer): Uint8Array {
  for (let at = 0; at < bytes.length; at += 512)
    if (bytes.readUInt32LE(at) === journalMagic) bytes.fill(0x73, at + 24, at + 40);
  return repairedJournal(bytes);
}

/** Input: a meta disk of 48 sectors; what is missing is zeros. */
export const journal: Target = {
  runsInTests: 60,
  name: 'journal',
  about: 'a whole meta disk: recovery of its records, an append, a snapshot, and recovery again',
  seeds: [worked(0).subarray(0, 1024), worked(3), worked(20), Buffer.alloc(0), Buffer.alloc(1024, 0xff)],
  words: [Buffer.from('CFJ1'), Buffer.of(1, 0, 0, 0), Buffer.of(3, 0, 0, 0), Buffer.of(4, 0, 0, 0)],
  inputBytesMax: metaBytes,
  allocates: { fixedBytes: 4 * 2 ** 20, perByte: 256 },
  // A record costs a buffer, and may be of no bytes but its length.
  holds: { fixedBytes: 2 ** 16, perByte: 64 },
  modules: ['firmware-sim/storage/journal', 'firmware-sim/storage/disk-queue'],
  run: (input) => {
    const lab = recovered(input);
    const { found } = lab;
    if (found === undefined || found.kind === 'corrupt') return { label: 'corrupt', output: found };
    lab.runAll();
    lab.append('appended');
    lab.runAll();
    if (lab.lost !== undefined) return { label: `${found.kind}, ${lab.lost}`, output: found };
    property(lab.told.includes('appended'), 'the record is told durable');
    lab.journal?.checkpoint();
    lab.runAll();
    const again = recovered(lab.disk.bytes);
    property(again.found?.kind === 'recovered', `${again.found?.kind} after an append`);
    property(again.state.at(-1) === 'appended', 'what was told durable is there');
    return { label: found.kind, output: found };
  },
  repair: repairedJournal,
};

function recovered(input: Uint8Array): JournalLab {
  const bytes = Buffer.alloc(metaBytes);
  bytes.set(input);
  const lab = new JournalLab(bytes);
  lab.start();
  return lab;
}

/** Both checks of every batch that begins a sector put right. */
function repairedJournal(input: Uint8Array): Uint8Array {
  const bytes = Buffer.from(input);
  for (let at = 0; at + 48 <= bytes.length; at += 512) {
    if (bytes.readUInt32LE(at) !== journalMagic) continue;
    const end = at + 48 + bytes.readUInt32LE(at + 16);
    if (end <= bytes.length) bytes.writeUInt32LE(crc32(bytes.subarray(at + 48, end)), at + 20);
    bytes.writeUInt32LE(crc32(bytes.subarray(at, at + 44)), at + 44);
  }
  return bytes;
}

const geometry = new Geometry(blockBytes, [volumeBlocks * blockBytes, 2 * volumeBlocks * blockBytes]);
const volumeSectors = (volume: number) => geometry.bytesOf(volume) / 512;
const wholeVolume = (sectors: number, status: number) => lbaStatus([[0, sectors, status]]);

function lbaStatus(runs: readonly (readonly [number, number, number])[]): Buffer {
  const data = Buffer.alloc(8 + 16 * runs.length);
  data.writeUInt32BE(data.length - 4, 0);
  for (const [index, [lba, sectors, status]] of runs.entries()) {
    data.writeUInt32BE(lba, 8 + 16 * index + 4);
    data.writeUInt32BE(sectors, 8 + 16 * index + 8);
    data.writeUInt8(status, 8 + 16 * index + 12);
  }
  return data;
}

/** After so many answers that make sense a scan has ended, whatever came before. */
const sensibleAnswers = 4;

/** Input: the answers of a disk to GET LBA STATUS, each with u16 its length before it; then it answers as it should. */
export const allocationScan: Target = {
  name: 'allocation-scan',
  about: 'what a disk says that it holds: a scan over GET LBA STATUS of two volumes',
  seeds: [
    joined([wholeVolume(volumeSectors(0), 0), wholeVolume(volumeSectors(1), 1)]),
    joined([
      lbaStatus([
        [0, 100, 0],
        [100, 20, 1],
      ]),
      lbaStatus([[120, volumeSectors(0) - 120, 0]]),
    ]),
    joined([fromHex('00'), Buffer.alloc(0)]),
  ],
  words: [Buffer.of(0, 0, 2, 0), Buffer.of(0xff, 0xff, 0xff, 0xff)],
  inputBytesMax: 2048,
  allocates: { fixedBytes: 2 ** 20, perByte: 512 },
  holds: { fixedBytes: 2 ** 16, perByte: 64 },
  modules: ['firmware-sim/controller/allocation-scan', 'protocol/scsi/capacity-data'],
  run: (input) => {
    const effects: DeviceEffect[] = [];
    const disks = new DiskQueue(effects);
    const found: number[] = [];
    let ended: { readonly failure: Refusal | undefined } | undefined;
    const note = (volume: number, first: number, count: number) => {
      const fits = count > 0 && first >= 0 && first + count <= geometry.blocksOf(volume);
      property(fits, `blocks ${first}+${count} of ${geometry.blocksOf(volume)}`);
      found.push(first, count);
    };
    new AllocationScan(disks, geometry, 'primary', note, (failure) => {
      ended = { failure };
    }).start();
    const given = entriesOf(bufferOf(input));
    for (let index = 0; ended === undefined; index += 1) {
      property(index < given.length + sensibleAnswers, 'the scan ends');
      answerNext(effects, disks, given[index]);
    }
    return { label: ended.failure?.code ?? 'scanned', output: found };
  },
};

function answerNext(effects: DeviceEffect[], disks: DiskQueue, given: Buffer | undefined): void {
  const effect = effects.shift();
  if (effect?.kind !== 'disk' || effect.command.op !== 'getLbaStatus') throw new Error('a scan asks for its status');
  const sectors = volumeSectors(effect.disk === 'primary0' ? 0 : 1) - effect.command.lba;
  disks.complete(effect.tag, { status: 'good', data: given ?? lbaStatus([[effect.command.lba, sectors, 0]]) }, 0);
}
