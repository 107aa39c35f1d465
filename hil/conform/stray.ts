/**
 * Things to send that no device has to answer: what becomes of them shows in acknowledgements alone.
 */
import { crc32 } from 'node:zlib';
import { cobsBytesMax, cobsEncode } from '../../protocol/frame/cobs.js';

const strayTag = 0x7ffe;
const messageCheckSeed = 0x434f4c44;

/** A message with a tag that there is not, in order otherwise: receivers drop it and go on. At least 6 bytes. */
export function strayMessage(bytes: number, fill = 0x55): Buffer {
  const message = Buffer.alloc(bytes, fill);
  message.writeUInt16LE(strayTag, 0);
  return withMessageCheck(message);
}

/** Puts the check of a message into its last four bytes. */
export function withMessageCheck(message: Buffer): Buffer {
  const end = message.length - 4;
  message.writeUInt32LE(crc32(message.subarray(0, end), messageCheckSeed), end);
  return message;
}

export interface RawFrame {
  readonly kindByte: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
  readonly mark: number;
}

/** A frame of any values, before COBS; its check is right for them. */
export function plainFrame({ kindByte, sequence, payload, mark }: RawFrame): Buffer {
  const plain = Buffer.alloc(7 + payload.length);
  plain.writeUInt8(kindByte, 0);
  plain.writeUInt16LE(sequence, 1);
  plain.set(payload, 3);
  const end = plain.length - 4;
  plain.writeUInt32LE((crc32(plain.subarray(0, end)) ^ mark) >>> 0, end);
  return plain;
}

/** Bytes as they go on the line: encoded, with a delimiter. */
export function stuffed(plain: Buffer): Buffer {
  const into = Buffer.alloc(cobsBytesMax(plain.length) + 1);
  return into.subarray(0, cobsEncode(plain, into, 0) + 1);
}

/** Kind bytes of whole messages in queue 2, and of opens. */
export const wholeMessageKind = 0x2c;
export const openKind = 0x80;
export const acknowledgementKind = 0x40;

/** Bytes that repeat on every machine: a linear congruential generator (Numerical Recipes). */
export function noiseBytes(count: number, seed: number): Buffer {
  let state = seed >>> 0;
  const bytes = Buffer.alloc(count);
  for (let index = 0; index < count; index += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}
