/** Tells states of a disk apart, for "this has been seen before". */
import { hash } from 'node:crypto';
import type { UnflushedWrite } from './unflushed-writes.js';

export interface DiskState {
  /** Of the medium. */
  readonly medium: string;
  /** In order. */
  readonly writes: readonly UnflushedWrite[];
  /** Of each flush under way, which it covers: those that had ended by then. */
  readonly flushesBeganAt: readonly number[];
  readonly bad: readonly number[];
}

/** 64 bits, in hex. Numbers of commands and moments don't count, only what is at risk in which order. */
export function stateFingerprint({ medium, writes, flushesBeganAt, bad }: DiskState): string {
  if (writes.length === 0 && bad.length === 0) return medium;
  const parts = writes.map(({ extents, endedAt }) => {
    const places = extents.map(
      ({ first, sectors, data }) => `${first}+${sectors}${data === undefined ? '' : nameOf(data)}`,
    );
    const flushes = flushesBeganAt.map((beganAt) => (endedAt !== undefined && endedAt <= beganAt ? 'f' : '-'));
    return `${endedAt === undefined ? 'under way' : 'cached'} ${flushes.join('')} ${places.join(' ')}`;
  });
  const text = [medium, ...parts, ...[...bad].sort((a, b) => a - b)].join('\n');
  return hash('sha1', text, 'hex').slice(0, 16);
}

/** Digests of data that is kept by reference and never changed. */
const names = new WeakMap<Uint8Array, string>();

function nameOf(data: Uint8Array): string {
  let name = names.get(data);
  if (name === undefined) {
    name = hash('sha1', data, 'base64');
    names.set(data, name);
  }
  return name;
}
