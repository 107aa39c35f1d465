/**
 * How many different things a frame can become that is cut off after so many bytes.
 *
 * Lost with its line, it is nothing: a controller takes whole frames only, and what had come of one is forgotten with
 * the line, however much it was. When its sender loses the power and comes back, what had come ends with the delimiter
 * that begins the next session: it is a frame that the decoder refuses, or, where only the delimiter was missing, a whole
 * one that comes late. A refused frame changes nothing but what is told of refusals. So numbers of bytes that are refused
 * for the same reason are one, and every number of bytes is decoded here to know.
 */
import { decodeFrame, markOf } from '../../../protocol/frame/frame.js';

export interface PartialFrame {
  /** So many bytes stand for the others of their kind. */
  readonly bytes: number;
  /** How many numbers of bytes are of this kind. */
  readonly of: number;
}

/** One for each way in which 1 … all bytes of a frame but its delimiter are taken; none for a delimiter alone. */
export function partialFrames(frame: Uint8Array): readonly PartialFrame[] {
  const encoded = frame.subarray(0, -1);
  const mark = markOf(encoded);
  const kinds = new Map<string, { bytes: number; of: number }>();
  for (let bytes = 1; bytes <= encoded.length; bytes += 1) {
    const decoded = decodeFrame(encoded.subarray(0, bytes), mark ?? 0);
    const kind = decoded.ok ? `taken ${bytes}` : decoded.refusal.code;
    const known = kinds.get(kind);
    // The longest is the likeliest to pass for a whole one.
    kinds.set(kind, { bytes, of: (known?.of ?? 0) + 1 });
  }
  return [...kinds.values()];
}
