/**
 * Frames: what stands between two delimiters on a line (PROTOCOL.md, "Frames").
 *
 *     0        1          3           n-4       n
 *     +--------+----------+-----------+---------+
 *     | kind   | sequence | payload   | check   |  -> COBS -> 00
 *     +--------+----------+-----------+---------+
 */
import { crc32 } from 'node:zlib';
import { asBuffer } from '../as-buffer.js';
import { frameBytesMax, frameBytesMin, frameCheckBytes, frameHeaderBytes } from '../limits.js';
import type { Priority } from '../message/message.js';
import { partOf } from '../part-of.js';
import type { Refusal, RefusalCode } from '../refusals.js';
import { cobsBytesMax, cobsDecode, cobsEncode } from './cobs.js';

export type Frame =
  | {
      readonly kind: 'data';
      readonly priority: Priority;
      /** The fragment begins, or ends, its message. */
      readonly first: boolean;
      readonly last: boolean;
      /** Number of the fragment's first unit, modulo 2^16. */
      readonly sequence: number;
      readonly payload: Uint8Array;
    }
  | { readonly kind: 'acknowledgement'; readonly payload: Uint8Array }
  | { readonly kind: 'open'; readonly payload: Uint8Array };

export type DecodedFrame =
  | { readonly ok: true; readonly frame: Frame }
  | { readonly ok: false; readonly refusal: Refusal };

const acknowledgementKind = 0x40;
const openKind = 0x80;
const firstFlag = 0x08;
const lastFlag = 0x04;

/** Encodes a frame with its delimiter. `mark` is that of the link and direction; open frames do without. */
export function encodeFrame(frame: Frame, mark: number): Buffer {
  return new FrameEncoder().encode(frame, mark);
}

/** Encodes one frame after the other with the same working memory, which stays in the processor's cache. */
export class FrameEncoder {
  #plain = Buffer.alloc(0);

  encode(frame: Frame, mark: number): Buffer {
    const { payload } = frame;
    const end = frameHeaderBytes + payload.length;
    // Stryker disable next-line ConditionalExpression,EqualityOperator: new memory where the old would do
    if (this.#plain.length < end + frameCheckBytes) this.#plain = Buffer.allocUnsafe(end + frameCheckBytes);
    const plain = this.#plain.subarray(0, end + frameCheckBytes);
    plain[0] = kindByte(frame);
    // Stryker disable next-line ConditionalExpression: of other frames there is no sequence, which is written as 0
    plain.writeUInt16LE(frame.kind === 'data' ? frame.sequence : 0, 1);
    plain.set(payload, frameHeaderBytes);
    const check = crc32(plain.subarray(0, end)) ^ (frame.kind === 'open' ? 0 : mark);
    plain.writeUInt32LE(check >>> 0, end);
    const encoded = Buffer.allocUnsafe(cobsBytesMax(plain.length) + 1);
    const delimiter = cobsEncode(plain, encoded, 0);
    encoded[delimiter] = 0;
    return partOf(encoded, 0, delimiter + 1);
  }
}

/**
 * Decodes the bytes between two delimiters. Never throws: whatever is wrong comes back as `frame-encoding`,
 * `frame-length`, `frame-checksum` or `frame-kind`. The payload is a view of a buffer of its own.
 */
export function decodeFrame(encoded: Uint8Array, mark: number): DecodedFrame {
  const plain = unstuff(encoded);
  if (typeof plain === 'string') return refuse(plain, encoded);
  const open = (plain.readUInt8(0) & 0xc0) === openKind;
  if (differenceOfCheck(plain) !== (open ? 0 : mark >>> 0)) return refuse('frame-checksum', encoded);
  const frame = frameOf(plain);
  return frame === undefined ? refuse('frame-kind', encoded) : { ok: true, frame };
}

/**
 * The mark that an encoded frame was made with, for who listens to a line without its opens: equal in all good frames of
 * one direction, 0 in opens. Undefined when the bytes are no frame at all.
 */
export function markOf(encoded: Uint8Array): number | undefined {
  const plain = unstuff(encoded);
  return typeof plain === 'string' ? undefined : differenceOfCheck(plain);
}

function kindByte(frame: Frame): number {
  if (frame.kind === 'acknowledgement') return acknowledgementKind;
  if (frame.kind === 'open') return openKind;
  return (frame.priority << 4) | (frame.first ? firstFlag : 0) | (frame.last ? lastFlag : 0);
}

function unstuff(encoded: Uint8Array): Buffer | RefusalCode {
  // A longer frame is not worth decoding; a shorter one is looked at first, for the more telling refusal.
  if (encoded.length > cobsBytesMax(frameBytesMax)) return 'frame-length';
  const plain = Buffer.allocUnsafe(Math.max(0, encoded.length - 1));
  const length = cobsDecode(asBuffer(encoded), plain);
  if (length < 0) return 'frame-encoding';
  return length < frameBytesMin || length > frameBytesMax ? 'frame-length' : partOf(plain, 0, length);
}

function differenceOfCheck(plain: Buffer): number {
  const end = plain.length - frameCheckBytes;
  return (crc32(plain.subarray(0, end)) ^ plain.readUInt32LE(end)) >>> 0;
}

function frameOf(plain: Buffer): Frame | undefined {
  const kind = plain.readUInt8(0);
  const sequence = plain.readUInt16LE(1);
  const payload = plain.subarray(frameHeaderBytes, plain.length - frameCheckBytes);
  if (kind === openKind || kind === acknowledgementKind) {
    if (sequence !== 0) return undefined;
    return { kind: kind === openKind ? 'open' : 'acknowledgement', payload };
  }
  const priority = kind >> 4;
  if (priority > 2 || (kind & 0x03) !== 0) return undefined;
  const first = (kind & firstFlag) !== 0;
  const last = (kind & lastFlag) !== 0;
  return { kind: 'data', priority: priority as Priority, first, last, sequence, payload };
}

function refuse(code: RefusalCode, encoded: Uint8Array): DecodedFrame {
  return { ok: false, refusal: { code, detail: `${encoded.length} bytes` } };
}
