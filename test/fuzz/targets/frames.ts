/** Frames, streams of them, and the two kinds of payload that the link makes of them. */
import { crc32 } from 'node:zlib';
import { FrameSplitter } from '../../../hil/run/lines/frames.js';
import { cobsBytesMax, cobsDecode, cobsEncode } from '../../../protocol/frame/cobs.js';
import { Deframer } from '../../../protocol/frame/deframer.js';
import { decodeFrame, encodeFrame, markOf } from '../../../protocol/frame/frame.js';
import { encodedFrameBytesMax, frameBytesMin } from '../../../protocol/limits.js';
import { decodeAcknowledgement, encodeAcknowledgement } from '../../../protocol/link/acknowledgement.js';
import { decodeOpen, encodeOpen, openBytes } from '../../../protocol/link/open-frame.js';
import { fromHex, vectors } from '../../protocol/vectors.js';
import { bufferOf, type Outcome, property, type Target } from '../target.js';

const frameRefusals = ['frame-encoding', 'frame-length', 'frame-checksum', 'frame-kind'];

/** Input: the mark as u32, then the bytes between two delimiters. */
export const frame: Target = {
  name: 'frame',
  about: 'one frame: COBS, checksum, kind',
  seeds: vectors.frames.map(({ mark, encoded }) => Buffer.concat([u32(mark), fromHex(encoded).subarray(0, -1)])),
  words: [Buffer.of(0xff), Buffer.of(0x40), Buffer.of(0x80), Buffer.of(0xfe)],
  inputBytesMax: 70_000,
  holds: { fixedBytes: 1024, perByte: 1.1 },
  modules: ['protocol/frame/'],
  run: (input) => {
    if (input.length < 4) return { label: 'too short' };
    const mark = bufferOf(input).readUInt32LE(0);
    const encoded = input.subarray(4);
    const decoded = decodeFrame(encoded, mark);
    const isFrame = markOf(encoded) !== undefined;
    if (!decoded.ok) return refusedFrame(decoded.refusal.code);
    property(isFrame, 'what is decoded has a mark');
    const again = decodeFrame(encodeFrame(decoded.frame, mark).subarray(0, -1), mark);
    property(again.ok && again.frame.payload.length === decoded.frame.payload.length, 'it is encoded as it was');
    return { label: decoded.frame.kind, output: decoded.frame };
  },
  repair: (input) => {
    const plain = Buffer.alloc(Math.max(input.length, frameBytesMin));
    const length = cobsDecode(bufferOf(input.subarray(4)), plain);
    if (length < frameBytesMin) return input;
    plain.writeUInt32LE((crc32(plain.subarray(0, length - 4)) ^ bufferOf(input).readUInt32LE(0)) >>> 0, length - 4);
    const encoded = Buffer.alloc(cobsBytesMax(length));
    return Buffer.concat([
      input.subarray(0, 4),
      encoded.subarray(0, cobsEncode(plain.subarray(0, length), encoded, 0)),
    ]);
  },
};

function refusedFrame(code: string): Outcome {
  property(frameRefusals.includes(code), `${code} is no refusal of a frame`);
  return { label: code };
}

const streamBytesMax = 2 ** 17;
/** Every chunk of a stream costs more than its bytes. */
const chunksMax = 64;

/** Input: u16 how many bytes arrive at once, then records of a byte and u16 how often it stands there. */
export const deframer: Target = {
  runsInTests: 10,
  name: 'deframer',
  about: 'a stream cut into frames, by the pure deframer and by the one for lines: both find the same',
  seeds: [1, 7, 4096].map((step) =>
    streamOf(
      step,
      vectors.frames.map(({ encoded }) => fromHex(encoded)),
    ),
  ),
  words: [Buffer.of(0, 1, 0), Buffer.of(1, 0xff, 0xff), Buffer.of(1, 0, 0x80)],
  inputBytesMax: 4096,
  allocates: { fixedBytes: 24 * 2 ** 20, perByte: 2 ** 14 },
  holds: { fixedBytes: 2 * encodedFrameBytesMax, perByte: 2 ** 17 },
  modules: ['protocol/frame/deframer', 'hil/run/lines/frames'],
  run: (input) => {
    const { step, stream } = expanded(bufferOf(input));
    const pure = new Deframer();
    const found: Uint8Array[] = [];
    const split: Uint8Array[] = [];
    const splitter = new FrameSplitter({
      frameBytesMax: encodedFrameBytesMax,
      onFrame: (each) => split.push(Uint8Array.from(each)),
    });
    let overlong = 0;
    for (let at = 0; at < stream.length; at += step) {
      const chunk = stream.subarray(at, at + step);
      for (const each of pure.push(chunk)) {
        if (each.kind === 'frame') found.push(each.encoded);
        else overlong += 1;
      }
      splitter.push(chunk);
      property(pure.heldBytes <= encodedFrameBytesMax, 'no more than a frame is held');
    }
    property(found.length === split.length, `${found.length} frames, and ${split.length}`);
    for (const [index, each] of found.entries()) {
      property(Buffer.compare(each, split[index] as Uint8Array) === 0, 'both find the same frames');
    }
    property(overlong === splitter.overlongRuns, `${overlong} refusals, ${splitter.overlongRuns} runs dropped`);
    return { label: `${found.length > 0 ? 'frames' : 'none'}${overlong > 0 ? ', overlong' : ''}`, output: found };
  },
};

function streamOf(step: number, frames: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat(frames).subarray(0, 1200);
  return Buffer.concat([Buffer.of(step & 0xff, step >> 8), ...[...bytes].map((byte) => Buffer.of(byte, 1, 0))]);
}

function expanded(input: Buffer): { step: number; stream: Buffer } {
  const parts: Buffer[] = [];
  let bytes = 0;
  for (let at = 2; at + 3 <= input.length; at += 3) {
    const count = Math.min(input.readUInt16LE(at + 1), streamBytesMax - bytes);
    parts.push(Buffer.alloc(count, input.readUInt8(at)));
    bytes += count;
  }
  const step = Math.max(1, input.length < 2 ? 1 : input.readUInt16LE(0), Math.ceil(bytes / chunksMax));
  return { step, stream: Buffer.concat(parts) };
}

/** Input: the payload of an acknowledgement. */
export const acknowledgement: Target = {
  name: 'acknowledgement',
  about: 'the payload of a link acknowledgement',
  seeds: vectors.acknowledgements.map(({ payload }) => fromHex(payload)),
  words: [Buffer.of(0x7f, 0, 0), Buffer.of(0xff, 0xff, 3), Buffer.of(0x40, 1, 2), Buffer.of(0x80, 3, 4)],
  inputBytesMax: 512,
  modules: ['protocol/link/acknowledgement'],
  run: (input) => {
    const records = decodeAcknowledgement(input);
    if (records === undefined) return { label: 'refused' };
    property(records.length <= 3, 'there is a record for each queue at most');
    const again = decodeAcknowledgement(encodeAcknowledgement(records));
    property(sameRuns(again, records), 'the records are encoded as they were');
    return { label: `${records.length} records`, output: records };
  },
};

interface Runs {
  readonly next: number;
  readonly runs: readonly number[];
}

/** Numbers may stand in more bytes than they need, so only what they say is compared. */
function sameRuns(again: readonly Runs[] | undefined, records: readonly Runs[]): boolean {
  const said = (all: readonly Runs[]) => all.map(({ next, runs }) => [next, ...runs].join(' ')).join(';');
  return again !== undefined && said(again) === said(records);
}

/** Input: the payload of an open. */
export const open: Target = {
  name: 'open',
  about: 'the payload of a link open',
  seeds: vectors.frames.filter(({ kind }) => kind === 0x80).map(({ payload }) => fromHex(payload)),
  inputBytesMax: 64,
  modules: ['protocol/link/open-frame'],
  run: (input) => {
    const decoded = decodeOpen(input);
    if (!decoded.ok) {
      const { code } = decoded.refusal;
      property(['version-mismatch', 'frame-length', 'frame-kind'].includes(code), `${code} is no refusal of an open`);
      return { label: code };
    }
    // The last four bytes are reserved and not looked at.
    const again = encodeOpen(decoded.open).subarray(0, openBytes - 4);
    property(again.equals(input.subarray(0, openBytes - 4)), 'it is encoded as it was');
    return { label: 'open', output: decoded.open };
  },
};

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
