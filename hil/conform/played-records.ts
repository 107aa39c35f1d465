/** What the suite durably knows where it is a controller: kept from check to check, and no more than one has to know. */
import { zeroDigest } from '../../protocol/digest.js';
import type { CarriedBlocks } from './carried.js';

/** A generation that is being received. */
export interface Staging {
  readonly generation: number;
  readonly base: number;
  full: boolean;
  readonly blocks: CarriedBlocks;
}

/** As a sub. */
export interface SubRecord {
  pair: Uint8Array;
  epoch: number;
  committed: number;
  digest: Uint8Array;
  /** What the newest committed generation carried. */
  image: CarriedBlocks | undefined;
  staging: Staging | undefined;
}

export interface PlayedRecords {
  readonly sub: SubRecord;
  /** As a main: the highest number that it has given to a generation. */
  frozen: number;
}

/** A sub without a pair, and a main that has never frozen. */
export function newPlayedRecords(): PlayedRecords {
  const nothing = { epoch: 0, committed: 0, digest: zeroDigest, image: undefined, staging: undefined };
  return { sub: { pair: new Uint8Array(16), ...nothing }, frozen: 0 };
}
