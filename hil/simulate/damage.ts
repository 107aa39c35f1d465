/**
 * What a fault makes of one frame on the wire: bytes to bytes, with its delimiter. What it does to time and to the line
 * itself (`stall`, `stale`, `disconnect`) is the wire's (faulty-wire.ts).
 */
import { crc32 } from 'node:zlib';
import { Deflater } from '../../protocol/compression/deflater.js';
import { plainRun } from '../../protocol/compression/plain-run.js';
import { windowBitsMin } from '../../protocol/compression/window-bits.js';
import { contentDigests, runDigest } from '../../protocol/digest.js';
import { cobsBytesMax, cobsDecode, cobsEncode } from '../../protocol/frame/cobs.js';
import { decodeFrame, encodeFrame, markOf } from '../../protocol/frame/frame.js';
import { blockNumber, unreachable } from '../../protocol/ids.js';
import { frameBytesMin, frameCheckBytes, frameHeaderBytes } from '../../protocol/limits.js';
import { decodeMessage, encodeMessage, type MessageNamed } from '../../protocol/message/messages.js';
import type { LineEffect } from './plan.js';

/** An effect on the bytes of one frame alone. */
export type ByteEffect = Exclude<LineEffect, { kind: 'stall' | 'stale' | 'disconnect' }>;

/**
 * The bytes that arrive in place of `frame`, which stays as it is; undefined when the effect changes nothing, such as a
 * forgery of a frame without data. Offsets wrap around at the frame's length; runs of bytes end with the frame.
 */
export function damage(frame: Uint8Array, effect: ByteEffect): Uint8Array | undefined {
  if (frame.length === 0) return undefined;
  const damaged = damagedOf(frame, effect);
  if (damaged === undefined || Buffer.compare(frame, damaged) === 0) return undefined;
  return damaged;
}

function damagedOf(frame: Uint8Array, effect: ByteEffect): Uint8Array | undefined {
  switch (effect.kind) {
    case 'flip':
      return flipped(frame, effect.bits);
    case 'dropFrame':
      return frame.subarray(0, 0);
    case 'duplicateFrame':
      return Buffer.concat(new Array<Uint8Array>(1 + effect.copies).fill(frame));
    case 'delimiter':
      return withDelimiter(frame, effect.how, effect.at);
    case 'length':
      return xored(frame, 0, 1, effect.xor);
    case 'checksum':
      return withCheck(frame, effect.byte, effect.xor);
    case 'forge':
      return forged(frame, (payload) =>
        xored(payload, effect.at % payload.length, 1 + (effect.at % payload.length), effect.xor),
      );
    case 'forgeData':
      return forged(frame, (payload) => withOtherData(payload, effect));
    case 'overrun':
      return frame.subarray(0, effect.at % frame.length);
    case 'insertBytes':
      return spliced(frame, effect.at % frame.length, effect.at % frame.length, Buffer.from(effect.hex, 'hex'));
    case 'burst':
    case 'dropBytes':
    case 'duplicateBytes':
      return withRun(frame, effect);
    default:
      return unreachable(effect);
  }
}

function flipped(frame: Uint8Array, bits: readonly number[]): Uint8Array {
  const damaged = Buffer.from(frame);
  for (const bit of bits) {
    const at = Math.floor(bit / 8) % frame.length;
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (bit % 8));
  }
  return damaged;
}

function withRun(frame: Uint8Array, effect: Extract<ByteEffect, { bytes: number }>): Uint8Array {
  const from = effect.at % frame.length;
  const to = Math.min(from + effect.bytes, frame.length);
  if (effect.kind === 'burst') return xored(frame, from, to, effect.xor);
  if (effect.kind === 'dropBytes') return spliced(frame, from, to);
  return spliced(frame, to, to, frame.subarray(from, to));
}

function withDelimiter(frame: Uint8Array, how: 'lost' | 'changed' | 'extra', at: number): Uint8Array {
  const delimiter = frame.length - 1;
  if (how === 'lost') return frame.subarray(0, delimiter);
  if (how === 'changed') return xored(frame, delimiter, frame.length, 1 + (at % 255));
  return spliced(frame, at % frame.length, at % frame.length, Buffer.of(0));
}

/**
 * Other content with a check that is right for it, but for one byte: who compares less than the whole check takes it. Random
 * noise gets past 24 compared bits once in 16 million frames.
 */
function withCheck(frame: Uint8Array, byte: number, xor: number): Uint8Array | undefined {
  const plain = Buffer.alloc(frame.length);
  const length = cobsDecode(Buffer.from(frame.subarray(0, -1)), plain);
  if (length < frameBytesMin) return undefined;
  const end = length - frameCheckBytes;
  const mark = crc32(plain.subarray(0, end)) ^ plain.readUInt32LE(end);
  const changed = end === frameHeaderBytes ? 1 : frameHeaderBytes + (xor % (end - frameHeaderBytes));
  const damaged = xored(plain.subarray(0, length), changed, changed + 1, xor);
  damaged.writeUInt32LE((crc32(damaged.subarray(0, end)) ^ mark ^ (xor << (8 * byte))) >>> 0, end);
  const encoded = Buffer.alloc(cobsBytesMax(length) + 1);
  return encoded.subarray(0, cobsEncode(damaged, encoded, 0) + 1);
}

function forged(frame: Uint8Array, change: (payload: Uint8Array) => Uint8Array | undefined): Uint8Array | undefined {
  const encoded = frame.subarray(0, -1);
  const mark = markOf(encoded);
  const decoded = mark === undefined ? undefined : decodeFrame(encoded, mark);
  if (mark === undefined || decoded?.ok !== true) return undefined;
  const { frame: genuine } = decoded;
  const { payload } = genuine;
  if (genuine.kind !== 'data' || payload.length === 0) return undefined;
  const changed = change(payload);
  return changed === undefined ? undefined : encodeFrame({ ...genuine, payload: changed }, mark);
}

/**
 * A message of blocks in another place, or with other content and the digests of that; one of a command's data with another
 * byte; undefined for any other payload.
 */
function withOtherData(payload: Uint8Array, { at, xor }: { readonly at: number; readonly xor: number }) {
  const decoded = decodeMessage(payload);
  if (!decoded.ok) return undefined;
  const { message } = decoded;
  if (message.kind === 'dataOut' || message.kind === 'dataIn') return encodeMessage(withOtherByte(message, at, xor));
  if (message.kind === 'zeroRun')
    return encodeMessage(message.count > 1 && xor % 2 === 0 ? shorter(message) : elsewhere(message, at));
  if (message.kind === 'heldRun') return encodeMessage(elsewhere(message, at));
  if (message.kind === 'blockRun')
    return encodeMessage(at % 4 === 3 ? elsewhere(message, at >> 2) : withOtherContent(message, at, xor));
  const plain = message.kind === 'compressedRun' ? plainRun(message) : undefined;
  if (message.kind !== 'compressedRun' || plain === undefined) return undefined;
  const { data: content, digest } = withOtherContent(plain, at, xor);
  const data = new Deflater(windowBitsOf(message.data)).deflate(content, content.length);
  // The link counts bytes: where there are more of them, or fewer, the run goes elsewhere as it is.
  if (data?.length !== message.data.length) return encodeMessage(elsewhere(message, at));
  return encodeMessage({ ...message, data, digest });
}

function shorter(run: MessageNamed<'zeroRun'>): MessageNamed<'zeroRun'> {
  return { ...run, count: run.count - 1 };
}

function elsewhere<Run extends MessageNamed<'zeroRun' | 'blockRun' | 'compressedRun' | 'heldRun'>>(
  run: Run,
  at: number,
): Run {
  return { ...run, first: blockNumber(run.first ^ (1 + (at % 4))) };
}

function withOtherByte<Data extends MessageNamed<'dataOut' | 'dataIn'>>(message: Data, at: number, xor: number): Data {
  const place = at % Math.max(1, message.data.length);
  return { ...message, data: xored(message.data, place, Math.min(place + 1, message.data.length), xor) };
}

function withOtherContent(run: MessageNamed<'blockRun'>, at: number, xor: number): MessageNamed<'blockRun'> {
  const place = at % run.data.length;
  const data = xored(run.data, place, place + 1, xor);
  return { ...run, data, digest: runDigest(contentDigests(data, data.length / run.count)) };
}

/** The window that a zlib stream names (RFC 1950, 2.2); a deflater has none below 2^9. */
function windowBitsOf(stream: Uint8Array): number {
  return Math.max(windowBitsMin, 8 + ((stream[0] ?? 0) >> 4));
}

function xored(bytes: Uint8Array, from: number, to: number, xor: number): Buffer {
  const damaged = Buffer.from(bytes);
  for (let at = from; at < to; at += 1) damaged[at] = (damaged[at] ?? 0) ^ xor;
  return damaged;
}

function spliced(frame: Uint8Array, from: number, to: number, between: Uint8Array = Buffer.alloc(0)): Buffer {
  return Buffer.concat([frame.subarray(0, from), between, frame.subarray(to)]);
}
