/**
 * What the ends send each other: contents that follow from a number, so that nothing has to be kept to know whether they
 * arrived unchanged.
 *
 *     0         4          8        12
 *     +---------+----------+--------+------------------------------+
 *     | session | priority | index  | bytes that follow from these |     shorter contents have no such header
 *     +---------+----------+--------+------------------------------+
 */
import type { Priority } from '../../../protocol/message/message.js';
import { Random } from '../../random.js';

export interface Parcel {
  /** The sender's session, numbered over both ends. */
  readonly session: number;
  readonly priority: Priority;
  /** Its place among those of its session and priority, from 0. */
  readonly index: number;
}

export const parcelHeaderBytes = 12;
export const parcelBytesMax = 2 ** 20;

const poolBytes = parcelBytesMax + 2 ** 16;
const pool = new Random('contents of parcels').fill(Buffer.alloc(poolBytes));
// Stretches with and without zeros, because frames are encoded in other ways for them.
pool.fill(0, 4096, 8192);
pool.fill(0xff, 16384, 32768);

/** The content of so many bytes. */
export function contentOf(parcel: Parcel, bytes: number): Buffer {
  const from = fromOf(parcel);
  const content = Buffer.from(pool.subarray(from, from + bytes));
  if (bytes < parcelHeaderBytes) return content;
  content.writeUInt32LE(parcel.session, 0);
  content.writeUInt32LE(parcel.priority, 4);
  content.writeUInt32LE(parcel.index, 8);
  return content;
}

/** What a content says that it is; undefined when it is too short to say. */
export function parcelOf(content: Uint8Array): Parcel | undefined {
  if (content.length < parcelHeaderBytes) return undefined;
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const priority = bytes.readUInt32LE(4) as Priority;
  return { session: bytes.readUInt32LE(0), priority, index: bytes.readUInt32LE(8) };
}

/** Whether the content is that of this parcel. */
export function isContentOf(parcel: Parcel, content: Uint8Array): boolean {
  const from = fromOf(parcel);
  const headerBytes = content.length < parcelHeaderBytes ? 0 : parcelHeaderBytes;
  const expected = pool.subarray(from + headerBytes, from + content.length);
  return Buffer.compare(expected, content.subarray(headerBytes)) === 0;
}

function fromOf({ session, priority, index }: Parcel): number {
  return (session * 7919 + priority * 4099 + index * 104_729) % (poolBytes - parcelBytesMax);
}
