/**
 * What nothing else on a line makes: a whole frame, rightly checked, that says nothing of ours. An open of another version,
 * as a board with other firmware sends it, or of another length.
 */
import { decodeFrame, encodeFrame } from '../../protocol/frame/frame.js';
import { linkVersion, openBytes } from '../../protocol/link/open-frame.js';
import type { Random } from '../random.js';

/** With its delimiter. */
export function strangeFrame(random: Random): Buffer {
  const payload = random.fill(Buffer.alloc(1 + random.below(2 * openBytes)));
  const isOther = payload.length === openBytes || random.below(2) === 0;
  payload[0] = isOther ? linkVersion + 1 + random.below(200) : linkVersion;
  return encodeFrame({ kind: 'open', payload }, 0);
}

export function isStrangeFrame(bytes: Uint8Array): boolean {
  const decoded = bytes.length === 0 ? undefined : decodeFrame(bytes.subarray(0, -1), 0);
  return decoded?.ok === true && decoded.frame.kind === 'open';
}
