/**
 * Takes the zlib stream of a compressed run. However long it would become, no more than the run's bytes are ever written:
 * the receiver knows from the run how many there have to be.
 */
import { Z_FINISH, Z_OK, Z_STREAM_END, ZStream, zlibInflate, zlibInflateInit2 } from 'pako';
import { isWindowBits } from './window-bits.js';

/** What a stream has to be. */
export interface InflateLimits {
  /** The length of the content, in bytes: no more and no less. */
  readonly contentBytes: number;
  /** The largest window, as a logarithm; 0: nothing is taken. */
  readonly windowBits: number;
}

/**
 * The content of a stream, in a buffer of its own; undefined when it is no stream of RFC 1950, has a window that is too
 * large or asks for a dictionary, ends early or late, has other content than its check says, or something behind it.
 */
export function inflateRun(data: Uint8Array, { contentBytes, windowBits }: InflateLimits): Uint8Array | undefined {
  const content = inflateUpTo(data, { contentBytes, windowBits });
  return content?.length === contentBytes ? content : undefined;
}

/** The same for content of at most `contentBytes`, for those who cannot know how many there have to be. */
export function inflateUpTo(data: Uint8Array, { contentBytes, windowBits }: InflateLimits): Uint8Array | undefined {
  if (windowBits === 0 || !isWindowBits(windowBits)) return undefined;
  const stream = new ZStream();
  if (zlibInflateInit2(stream, windowBits) !== Z_OK) return undefined;
  stream.input = data;
  stream.avail_in = data.length;
  stream.output = new Uint8Array(contentBytes);
  stream.avail_out = contentBytes;
  const ended = zlibInflate(stream, Z_FINISH) === Z_STREAM_END && stream.avail_in === 0;
  return ended ? stream.output.subarray(0, stream.next_out) : undefined;
}
