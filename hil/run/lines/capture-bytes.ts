/** Captures the frames of a line where its bytes pass by: what arrives at its ends, damaged or not. */
import { encodedFrameBytesMax } from '../../../protocol/limits.js';
import type { LineCapture } from '../../capture/capture-file.js';
import type { Way } from '../../capture/pcapng.js';
import { nowUs, timeOfDayUs } from '../clock.js';
import { FrameSplitter } from './frames.js';

/** Returns what takes the bytes of each way, in order: a frame is captured when its delimiter has passed. */
export function captureBytes(capture: LineCapture): (way: Way, bytes: Uint8Array) => void {
  const splitter = (way: Way) =>
    new FrameSplitter({
      frameBytesMax: encodedFrameBytesMax,
      onFrame: (frame) => capture.take(way, frame, timeOfDayUs(nowUs())),
    });
  const splitters = { in: splitter('in'), out: splitter('out') };
  return (way, bytes) => splitters[way].push(bytes);
}
