import type { MessageNamed } from '../../protocol/message/messages.js';
import type { RefusalCode } from '../../protocol/refusals.js';
import { digestPartsMax } from './digest-scan.js';
import type { Geometry } from './geometry.js';

/** Why a request for digests cannot be met, or undefined. */
export function digestRefusal(message: MessageNamed<'getDigests'>, geometry: Geometry): RefusalCode | undefined {
  const { volume, first, count, partBlocks } = message;
  if (volume >= geometry.volumes.length) return 'unknown-volume';
  if (count < 1 || first + count > geometry.blocksOf(volume)) return 'range-outside';
  // Parts of no blocks would be endlessly many.
  if (Math.ceil(count / partBlocks) > digestPartsMax) return 'too-many-requests';
  return undefined;
}
