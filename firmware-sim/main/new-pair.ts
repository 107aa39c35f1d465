/** What a fresh meta area of main becomes: a new pair, with an id of its own. */
import { createHash } from 'node:crypto';
import type { Method } from '../../protocol/ids.js';
import type { MainRecord } from './main-records.js';

/** What the process was started with. */
export interface MainConfiguration {
  readonly method: Method;
  readonly blockBytes: number;
  readonly volumes: readonly number[];
}

/** The first records of a new pair; its id comes from the entropy of this power on. */
export function newPair(entropy: Uint8Array, { method, blockBytes, volumes }: MainConfiguration): MainRecord {
  const pair = createHash('sha256').update('coldframe pair').update(entropy).digest().subarray(0, 16);
  return { kind: 'formatted', pair, method, blockBytes, volumes };
}
