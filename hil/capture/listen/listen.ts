/** Listens to all lines of a capture, each by itself. */
import type { CapturedFrame, CaptureLine } from '../read-capture.js';
import type { HeardFrame } from './heard.js';
import { LineListener } from './line-listener.js';

/** What is heard in the frames, one for one. With a key, 32 bytes, also what is sealed under it. */
export function* listen(frames: Iterable<CapturedFrame>, key?: Uint8Array): Generator<HeardFrame> {
  const listeners = new Map<CaptureLine, LineListener>();
  for (const frame of frames) {
    const listener = listeners.get(frame.line) ?? new LineListener(frame.line, key);
    listeners.set(frame.line, listener);
    yield listener.hear(frame);
  }
}
