/**
 * How durable records lie on a controller's meta disk.
 *
 * The disk has two halves. A half is a chain of batches from its first sector on; each batch is a whole number of
 * sectors and holds records one after the other. A half begins with a snapshot (all of the state, as ordinary
 * records), whose last batch says so; what follows are the records since. The half with the higher checkpoint number
 * whose snapshot is whole is the one that counts.
 *
 *     0     4      8           12         16       20      24        40       44    48
 *     +-----+------+-----------+----------+--------+-------+---------+--------+-----+---------------------------+
 *     |magic|flags |checkpoint |sequence  |length  |check  |stamp    |reserved|check|records: u32 length, bytes …|
 *     +-----+------+-----------+----------+--------+-------+---------+--------+-----+---------------------------+
 *
 * `check` at 20 is the CRC-32 of the records, the one at 44 that of bytes 0 … 43. All numbers little-endian.
 */
import { crc32 } from 'node:zlib';
import { sectorBytes } from '../../protocol/ids.js';

const magic = 0x314a4643; // "CFJ1"
const headerBytes = 48;
/** The most bytes of records that one batch takes. */
export const batchPayloadBytesMax = 512 * 1024;

/** Checkpoints and batches are counted on from what is read: one that is so far up leaves no numbers, and was never written. */
const counterMax = 2 ** 31;

const flagSnapshot = 1;
const flagSnapshotEnd = 2;
const flagRetired = 4;

export interface BatchHeader {
  /** `snapshot`: a part of one; `snapshotEnd`: its last; `records`: appended since; `retired`: this half is out of use. */
  readonly kind: 'snapshot' | 'snapshotEnd' | 'records' | 'retired';
  readonly checkpoint: number;
  /** Index of the batch in its half. */
  readonly sequence: number;
  readonly payloadBytes: number;
  readonly payloadCheck: number;
  /** 16 random bytes of the day the meta area was formatted. */
  readonly stamp: Uint8Array;
}

const kindFlags = {
  records: 0,
  snapshot: flagSnapshot,
  snapshotEnd: flagSnapshot | flagSnapshotEnd,
  retired: flagRetired,
};

export interface BatchPlace {
  readonly kind: BatchHeader['kind'];
  readonly checkpoint: number;
  readonly sequence: number;
  readonly stamp: Uint8Array;
}

/** Encodes records as one batch, padded with zeros to whole sectors. */
export function encodeBatch(place: BatchPlace, records: readonly Uint8Array[]): Buffer {
  const payloadBytes = records.reduce((sum, each) => sum + 4 + each.length, 0);
  const batch = Buffer.allocUnsafe(sectorsOf(payloadBytes) * sectorBytes);
  let at = headerBytes;
  for (const each of records) {
    batch.set(each, batch.writeUInt32LE(each.length, at));
    at += 4 + each.length;
  }
  batch.fill(0, at);
  batch.writeUInt32LE(magic, 0);
  batch.writeUInt32LE(kindFlags[place.kind], 4);
  batch.writeUInt32LE(place.checkpoint, 8);
  batch.writeUInt32LE(place.sequence, 12);
  batch.writeUInt32LE(payloadBytes, 16);
  batch.writeUInt32LE(crc32(batch.subarray(headerBytes, at)), 20);
  batch.set(place.stamp, 24);
  batch.writeUInt32LE(0, 40);
  batch.writeUInt32LE(crc32(batch.subarray(0, 44)), 44);
  return batch;
}

/** Sectors of a batch with so many bytes of records. */
export function sectorsOf(payloadBytes: number): number {
  return Math.ceil((headerBytes + payloadBytes) / sectorBytes);
}

/** Whether a batch may begin at `at`: what tells most sectors apart that hold none. */
export function mayBegin(bytes: Buffer, at: number): boolean {
  return bytes.readUInt32LE(at) === magic;
}

/** The header at the start of `sector`, or undefined when there is none. */
export function decodeHeader(sector: Buffer): BatchHeader | undefined {
  if (sector.length < headerBytes || sector.readUInt32LE(0) !== magic) return undefined;
  if (crc32(sector.subarray(0, 44)) !== sector.readUInt32LE(44)) return undefined;
  const flags = sector.readUInt32LE(4);
  const kind = (Object.keys(kindFlags) as BatchHeader['kind'][]).find((each) => kindFlags[each] === flags);
  const checkpoint = sector.readUInt32LE(8);
  const sequence = sector.readUInt32LE(12);
  if (kind === undefined || checkpoint > counterMax || sequence > counterMax) return undefined;
  return {
    kind,
    checkpoint,
    sequence,
    payloadBytes: sector.readUInt32LE(16),
    payloadCheck: sector.readUInt32LE(20),
    stamp: Uint8Array.from(sector.subarray(24, 40)),
  };
}

/** The records of a batch whose header has been decoded, or undefined when they fail their check. */
export function decodeRecords(header: BatchHeader, batch: Buffer): Buffer[] | undefined {
  const end = headerBytes + header.payloadBytes;
  // Stryker disable next-line ConditionalExpression: what is cut short fails its check; this spares the one case in 2^32
  if (batch.length < end || crc32(batch.subarray(headerBytes, end)) !== header.payloadCheck) return undefined;
  const records: Buffer[] = [];
  for (let at = headerBytes; at < end; ) {
    if (end - at < 4) return undefined;
    const length = batch.readUInt32LE(at);
    if (length > end - at - 4) return undefined;
    records.push(batch.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return records;
}
