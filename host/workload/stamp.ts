/**
 * Blocks that say where they belong and when they were written. Every sector of 512 bytes stands alone, so that a torn
 * or misplaced one gives itself away:
 *
 *      0  4 "CFWL"        8  8 block (u64)     24  4 generation (u32)   32 476 pseudo-random fill
 *      4  1 format, 1    16  8 write (u64)     28  4 seed (u32)        508   4 CRC-32 of bytes 0 … 507
 *      5  1 volume
 *      6  2 sector of the block
 *
 * All numbers are little-endian. The fill is sfc32 (see random.ts), its state made of seed, write, block and sector.
 */
import { crc32 } from 'node:zlib';
import { sectorBytes } from '../../protocol/ids.js';

/** What a write puts into each of its sectors, apart from their places. */
export interface StampedWrite {
  readonly volume: number;
  readonly blockBytes: number;
  /** Number of the write, from 1 on. */
  readonly write: number;
  /** The generation that the write was made for: the next one to be frozen. */
  readonly generation: number;
  /** Seed of the workload, 32 bits. */
  readonly seed: number;
}

/** What a sector says of itself. */
export interface Stamp {
  readonly volume: number;
  readonly block: number;
  readonly sector: number;
  readonly write: number;
  readonly generation: number;
  readonly seed: number;
}

/** "CFWL", little-endian, and the two words that follow it in a sector's layout. */
const magic = 0x4c_57_46_43;
const format = 1;
const sectorWords = sectorBytes / 4;
const fillAt = 8;
const checkAt = sectorWords - 1;
const checkBytes = sectorBytes - 4;
const warmUpRounds = 12;

/** The contents of one whole block. */
export function stampBlock(write: StampedWrite, block: number): Buffer {
  return stampSpan(write, block * write.blockBytes, write.blockBytes);
}

/** The contents of a span of a volume; offset and length are multiples of 512. */
export function stampSpan(write: StampedWrite, offsetBytes: number, lengthBytes: number): Buffer {
  const words = new Uint32Array(lengthBytes / 4);
  const bytes = Buffer.from(words.buffer);
  const sectorsOfBlock = write.blockBytes / sectorBytes;
  const first = offsetBytes / sectorBytes;
  for (let index = 0; index * sectorBytes < lengthBytes; index += 1) {
    const block = Math.floor((first + index) / sectorsOfBlock);
    const at = index * sectorWords;
    stampHead(words, at, write, block, (first + index) % sectorsOfBlock);
    fill(words, at);
    const start = index * sectorBytes;
    words[at + checkAt] = crc32(bytes.subarray(start, start + checkBytes));
  }
  return bytes;
}

/** What a sector says of itself, or undefined when it bears no stamp or an altered one. */
export function readStamp(sector: Uint8Array): Stamp | undefined {
  if (!bearsMark(sector)) return undefined;
  const view = new DataView(sector.buffer, sector.byteOffset, sectorBytes);
  if (crc32(sector.subarray(0, checkBytes)) !== view.getUint32(checkBytes, true)) return undefined;
  return {
    volume: view.getUint8(5),
    sector: view.getUint16(6, true),
    block: Number(view.getBigUint64(8, true)),
    write: Number(view.getBigUint64(16, true)),
    generation: view.getUint32(24, true),
    seed: view.getUint32(28, true),
  };
}

/** Whether a sector begins as a stamp does; what follows may be damaged. */
export function bearsMark(sector: Uint8Array): boolean {
  const view = new DataView(sector.buffer, sector.byteOffset, sectorBytes);
  return view.getUint32(0, true) === magic && view.getUint8(4) === format;
}

function stampHead(words: Uint32Array, at: number, write: StampedWrite, block: number, sector: number): void {
  words[at] = magic;
  words[at + 1] = format | (write.volume << 8) | (sector << 16);
  words[at + 2] = block;
  words[at + 3] = block / 0x1_0000_0000;
  words[at + 4] = write.write;
  words[at + 5] = write.write / 0x1_0000_0000;
  words[at + 6] = write.generation;
  words[at + 7] = write.seed;
}

/** sfc32 over the fill of the sector whose head stands at word `at`; written out here because it is the hot loop. */
function fill(words: Uint32Array, at: number): void {
  let a = words[at + 7] ?? 0;
  let b = words[at + 4] ?? 0;
  let c = (words[at + 2] ?? 0) ^ Math.imul(words[at + 1] ?? 0, 0x9e37_79b1);
  let counter = 1;
  for (let index = fillAt - warmUpRounds; index < checkAt; index += 1) {
    const result = (a + b + counter) | 0;
    counter += 1;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + result) | 0;
    if (index >= fillAt) words[at + index] = result;
  }
}
