/** Streams of compressed runs. */
import { constants, inflateRawSync, inflateSync } from 'node:zlib';
import { inflateRun } from '../../../protocol/compression/inflate.js';
import { windowBitsMax, windowBitsMin } from '../../../protocol/compression/window-bits.js';
import { fromHex, vectors } from '../../protocol/vectors.js';
import { bufferOf, property, type Target } from '../target.js';

/** The window that is announced, then u16 the length of the run's content. */
const headerBytes = 3;
const { taken, refused } = vectors.compressed;

/** Input: a window, the length of a run's content, and the stream that came for it. */
export const compressed: Target = {
  name: 'compressed',
  about: 'the zlib stream of a compressed run',
  seeds: [
    ...taken.map(({ windowBits, content, stream }) => inputOf(windowBits, content.length / 2, fromHex(stream))),
    ...refused.map(({ windowBits, contentBytes, stream }) => inputOf(windowBits, contentBytes, fromHex(stream))),
  ],
  words: [Buffer.of(0x78, 0x9c), Buffer.of(0x18, 0x19), Buffer.of(0x01, 0x00, 0x00, 0xff, 0xff)],
  inputBytesMax: 4096,
  holds: { fixedBytes: 2 ** 16 + 4096, perByte: 0 },
  modules: ['protocol/compression/', 'pako/'],
  run: (input) => {
    const [windowBits = 0, contentBytes, stream] = partsOf(input);
    const content = inflateRun(stream, { windowBits, contentBytes });
    property(content === undefined || content.length === contentBytes, 'it is as long as the run');
    const other = otherOf(stream, windowBits);
    const isRun = other !== undefined && other.length === contentBytes;
    property((content !== undefined) === isRun, `another inflater ${isRun ? 'takes' : 'refuses'} it`);
    if (content === undefined) return { label: 'refused' };
    property(other?.equals(content) === true, 'another inflater gets the same');
    return { label: 'taken', output: content };
  },
  repair: (input) => {
    const [windowBits, , stream] = partsOf(input);
    const body = stream.subarray(2);
    const content = rawContent(body);
    if (content === undefined) return input;
    const check = Buffer.alloc(4);
    check.writeUInt32BE(adler32(content));
    return inputOf(windowBits, content.length % 65_536, Buffer.concat([headerOf(stream), body.subarray(0, -4), check]));
  },
};

function inputOf(windowBits: number, contentBytes: number, stream: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(windowBits, contentBytes & 0xff, contentBytes >> 8), stream]);
}

function partsOf(input: Uint8Array): readonly [windowBits: number, contentBytes: number, stream: Buffer] {
  const bytes = Buffer.concat([bufferOf(input), Buffer.alloc(headerBytes)]);
  return [bytes.readUInt8(0), bytes.readUInt16LE(1), bufferOf(input).subarray(headerBytes)];
}

/** What Node's own zlib makes of all of it. */
function otherOf(stream: Buffer, windowBits: number): Buffer | undefined {
  if (windowBits < windowBitsMin || windowBits > windowBitsMax) return undefined;
  try {
    const whole = { windowBits, maxOutputLength: 65_536, chunkSize: 65_536, info: true } as const;
    const { buffer, engine } = inflateSync(stream, whole) as unknown as {
      readonly buffer: Buffer;
      readonly engine: { readonly bytesWritten: number };
    };
    return engine.bytesWritten === stream.length ? buffer : undefined;
  } catch {
    return undefined;
  }
}

function rawContent(body: Buffer): Buffer | undefined {
  try {
    return inflateRawSync(body, { maxOutputLength: 65_536, finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return undefined;
  }
}

/** CMF as it is, FLG without a dictionary, and the check of both right (RFC 1950, 2.2). */
function headerOf(stream: Buffer): Buffer {
  const cmf = stream[0] ?? 0x78;
  const level = (stream[1] ?? 0) & 0xc0;
  return Buffer.of(cmf, level + ((31 - ((cmf * 256 + level) % 31)) % 31));
}

/** RFC 1950, 8.2. */
function adler32(data: Uint8Array): number {
  let [a, b] = [1, 0];
  for (const byte of data) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  return b * 65_536 + a;
}
