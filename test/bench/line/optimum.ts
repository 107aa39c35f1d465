/**
 * What no sender of whole frames can pass: the best size of payload, each frame repeated until it arrives, nothing else
 * on the line, and the error rate known beforehand.
 */
import { frameCheckBytes, frameHeaderBytes, unitBytes } from '../../../protocol/limits.js';

/** Header, check and delimiter. COBS adds one byte more to each frame, which is not held against us here. */
const aroundBytes = frameHeaderBytes + frameCheckBytes + 1;
/** A code for each 254 bytes without a zero: of random bytes 0.37 of the stretches, which are 161 bytes long on average. */
const cobsShare = 0.0023;

/** The share of the line that payload can have, with frames of 64 … `payloadBytesMax` bytes of payload. */
export function optimum(bitErrorRate: number, payloadBytesMax: number): number {
  let best = 0;
  for (let payload = unitBytes; payload <= payloadBytesMax; payload += unitBytes) {
    const onLine = payload + aroundBytes + cobsShare * payload;
    best = Math.max(best, (payload / onLine) * (1 - bitErrorRate) ** (8 * onLine));
  }
  return best;
}
