/**
 * Makes the zlib streams of compressed runs (RFC 1950), each by itself. The bytes are a function of the input alone, on
 * every version of Node: traces are compared between them, and Node's own zlib changes.
 */
import {
  Z_DEFAULT_STRATEGY,
  Z_FINISH,
  Z_OK,
  Z_STREAM_END,
  ZStream,
  zlibDeflate,
  zlibDeflateInit2,
  zlibDeflateReset,
} from 'pako';
import { assert } from '../ids.js';

/** Measured (decision 0010): higher levels take more time than they save bytes. */
const level = 5;
/** The only method that there is: deflate (RFC 1950, 2.2). */
const method = 8;
/** With it a compressor holds 2^(windowBits + 2) + 2^17 bytes: 256 KiB at most. */
const memoryLevel = 8;
/** The hash of zlib itself: the streams are the very bytes that it makes, so others can be held to them. */
const asZlib = true;
const nothing = new Uint8Array(0);

export class Deflater {
  readonly windowBits: number;
  readonly #stream = new ZStream();

  /** `windowBits`: 9 … 15. */
  constructor(windowBits: number) {
    this.windowBits = windowBits;
    const status = zlibDeflateInit2(this.#stream, level, method, windowBits, memoryLevel, Z_DEFAULT_STRATEGY, asZlib);
    assert(status === Z_OK, 'a compressor for the windows that can be announced');
  }

  /** The stream of `data` in a buffer of its own, or undefined when it would have more than `bytesMax` bytes. */
  deflate(data: Uint8Array, bytesMax: number): Uint8Array | undefined {
    const stream = this.#stream;
    zlibDeflateReset(stream);
    stream.input = data;
    stream.next_in = 0;
    stream.avail_in = data.length;
    stream.output = new Uint8Array(bytesMax);
    stream.next_out = 0;
    stream.avail_out = bytesMax;
    const status = zlibDeflate(stream, Z_FINISH);
    const deflated = status === Z_STREAM_END ? stream.output.subarray(0, stream.next_out) : undefined;
    // Whoever handed the buffers over, or gets one, is not to find them held here.
    stream.input = nothing;
    stream.output = nothing as Uint8Array<ArrayBuffer>;
    return deflated;
  }
}
