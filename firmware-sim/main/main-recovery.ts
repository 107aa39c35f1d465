/** Main after power on: what a fresh meta area becomes, and whether the records fit what the process was started with. */
import { createHash } from 'node:crypto';
import type { Method } from '../../protocol/ids.js';
import type { Refusal } from '../../protocol/refusals.js';
import type { MainRecord } from './main-records.js';
import type { MainState } from './main-state.js';

/** What the process was started with. */
export interface MainConfiguration {
  readonly method: Method;
  readonly blockBytes: number;
  readonly volumes: readonly number[];
}

/** Why the records do not fit what the process was started with, or undefined. */
export function contradiction(state: MainState, configuration: MainConfiguration): Refusal | undefined {
  const { method, blockBytes, volumes } = configuration;
  if (state.method !== method) return { code: 'wrong-method', detail: `the pair is ${state.method}, not ${method}` };
  if (state.blockBytes !== blockBytes) {
    return { code: 'block-size-mismatch', detail: `the pair uses ${state.blockBytes} bytes, not ${blockBytes}` };
  }
  if (state.volumeBytes.join() !== volumes.join()) {
    return {
      code: 'volume-mismatch',
      detail: `the pair has [${state.volumeBytes.join()}] bytes, not [${volumes.join()}]`,
    };
  }
  return undefined;
}

/** The first records of a new pair; its id comes from the entropy of this power on. */
export function newPair(entropy: Uint8Array, { method, blockBytes, volumes }: MainConfiguration): MainRecord {
  const pair = createHash('sha256').update('coldframe pair').update(entropy).digest().subarray(0, 16);
  return { kind: 'formatted', pair, method, blockBytes, volumes };
}
