/**
 * The stamp in the last block of a shadow or staging area: which pair it belongs to, and which place in it. The
 * primary and secondary areas are the volume byte for byte and have no room for one.
 *
 *     0        8       24         25       28    32
 *     +--------+-------+----------+--------+-----+
 *     |"CFAREA1"|pair  |place     |volume  |CRC  |   place: 1 shadow, 2 staging; CRC-32 of bytes 0 … 27
 *     +--------+-------+----------+--------+-----+
 */
import { crc32 } from 'node:zlib';
import { sectorBytes } from '../../protocol/ids.js';

const magic = Buffer.from('CFAREA1\0', 'latin1');
const places = { shadow: 1, staging: 2 };

export interface AreaStamp {
  readonly pair: Uint8Array;
  readonly place: 'shadow' | 'staging';
  readonly volume: number;
}

/** A stamp as it was found; `unknown` is a place that this version does not stamp, and equals none. */
export interface FoundStamp extends Omit<AreaStamp, 'place'> {
  readonly place: AreaStamp['place'] | 'unknown';
}

export function encodeStamp({ pair, place, volume }: AreaStamp): Buffer {
  const sector = Buffer.alloc(sectorBytes);
  sector.set(magic, 0);
  sector.set(pair, 8);
  sector.writeUInt8(places[place], 24);
  sector.writeUInt8(volume, 25);
  sector.writeUInt32LE(crc32(sector.subarray(0, 28)), 28);
  return sector;
}

/** The stamp in a sector, or undefined when there is none. */
export function decodeStamp(sector: Uint8Array): FoundStamp | undefined {
  const bytes = Buffer.from(sector.buffer, sector.byteOffset, sector.byteLength);
  if (bytes.length < 32 || !bytes.subarray(0, 8).equals(magic)) return undefined;
  if (crc32(bytes.subarray(0, 28)) !== bytes.readUInt32LE(28)) return undefined;
  const place = bytes[24] === places.shadow ? 'shadow' : bytes[24] === places.staging ? 'staging' : 'unknown';
  return { pair: Uint8Array.from(bytes.subarray(8, 24)), place, volume: bytes[25] ?? 0 };
}

export function sameStamp(a: FoundStamp, b: AreaStamp): boolean {
  return Buffer.compare(a.pair, b.pair) === 0 && a.place === b.place && a.volume === b.volume;
}
