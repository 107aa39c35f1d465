/** Main's durable state as a test sees it: words for its maps, and short ways to its records. */
import type { MainRecord } from '../../../firmware-sim/main/main-records.js';
import { snapshotOf } from '../../../firmware-sim/main/main-snapshot.js';
import { MainState } from '../../../firmware-sim/main/main-state.js';
import type { VolumeMaps } from '../../../firmware-sim/main/volume-maps.js';
import { type StoredBlocks, zeroSlot } from '../../../firmware-sim/storage/stored-blocks.js';
import { blockNumber, epoch, generation, type Method, volumeNumber } from '../../../protocol/ids.js';
import { type RefusalCode, refusals } from '../../../protocol/refusals.js';

export const blockBytes = 4096;
export const pair = Buffer.alloc(16, 7);
export const commitDigest = Buffer.alloc(16, 9);

/** Digests of blocks: each byte of one is its letter's. */
export const digestsOf = (letters: string) =>
  Buffer.concat(Array.from(letters, (letter) => Buffer.alloc(16, letter === '.' ? 0 : letter)));

const at = (first: number, count: number, volume = 0) => ({
  ...{ volume: volumeNumber(volume), first: blockNumber(first), count },
});

/** A state that a test builds record by record, with two volumes of 64 blocks. */
export class StateLab {
  readonly state = new MainState();

  constructor(method: Method = 'differential') {
    this.apply({ kind: 'formatted', pair, method, blockBytes, volumes: [64 * blockBytes, 64 * blockBytes] });
  }

  apply(record: MainRecord): this {
    this.state.apply(record);
    return this;
  }

  changing(first: number, count: number, volume = 0): this {
    return this.apply({ kind: 'changing', ...at(first, count, volume) });
  }

  frozen(number: number, { full = false, included = [] as number[], token = 1 } = {}): this {
    const made = { generation: generation(number), full, token: Buffer.alloc(16, token), included };
    return this.apply({ kind: 'frozen', ...made });
  }

  kept(of: number, first: number, slot: number, letters: string): this {
    const run = { ...at(first, letters.length), slot, digests: digestsOf(letters) };
    return this.apply({ kind: 'kept', generation: generation(of), ...run });
  }

  deferred(first: number, slot: number, letters: string): this {
    return this.apply({ kind: 'deferred', ...at(first, letters.length), slot, digests: digestsOf(letters) });
  }

  range(kind: 'released' | 'drained', first: number, count: number): this {
    return this.apply({ kind, ...at(first, count) });
  }

  sent(of: number, first: number, letters: string): this {
    const run = { ...at(first, letters.length), digests: digestsOf(letters) };
    return this.apply({ kind: 'sent', generation: generation(of), ...run });
  }

  unsent(of: number, first: number, count: number): this {
    return this.apply({ kind: 'unsent', generation: generation(of), ...at(first, count) });
  }

  committed(number: number): this {
    return this.apply({ kind: 'committed', generation: generation(number), digest: commitDigest });
  }

  failed(number: number, code: RefusalCode | number): this {
    const told = typeof code === 'number' ? code : refusals[code].number;
    return this.apply({ kind: 'failed', generation: generation(number), code: told });
  }

  takenOver(now: number): this {
    return this.apply({ kind: 'takenOver', epoch: epoch(now) });
  }

  /** Slots given up since the last look: volume, first, count. */
  freed(): string[] {
    return this.state.freed.splice(0).map(({ volume, first, count }) => `${volume}: ${first}+${count}`);
  }

  maps(volume = 0): Record<string, string> {
    return mapsOf(this.state.volume(volume));
  }
}

function wordsOf(runs: Iterable<{ readonly first: number; readonly count: number }>): string {
  return [...runs].map(({ first, count }) => `${first}+${count}`).join(' ');
}

/** Blocks with their slots and letters; `z` is the slot of zeros. */
function stored(map: StoredBlocks): string {
  const blocks: string[] = [];
  for (const { first, count, slot, digests } of map.runs()) {
    for (let index = 0; index < count; index += 1) {
      const letter = digests[index * 16] === 0 ? '.' : String.fromCharCode(digests[index * 16] ?? 0);
      blocks.push(`${first + index}${letter}${slot === zeroSlot ? 'z' : slot + index}`);
    }
  }
  return blocks.join(' ');
}

/** The maps of a volume that are not empty, as words. */
export function mapsOf(volume: VolumeMaps): Record<string, string> {
  const { allocated, allocatedSince, changed, frozenChanges, frozen, sent, streamed, kept, deferred, before } = volume;
  const sets = { allocated, allocatedSince, changed, frozenChanges, frozen };
  const words = Object.entries(sets).map(([name, set]) => [name, wordsOf(set.runs())]);
  for (const [name, map] of Object.entries({ kept, deferred, before })) words.push([name, stored(map)]);
  // Slots of what has been sent mean nothing.
  for (const [name, map] of Object.entries({ sent, streamed }))
    words.push([name, stored(map).replace(/z|\d+(?= |$)/g, '')]);
  return Object.fromEntries(words.filter(([, text]) => text !== ''));
}

/** All of a state that must survive, as plain values. */
export function valuesOf(state: MainState): unknown {
  const { pair: id, method, blockBytes: bytes, volumeBytes, epoch: now, lastFrozen, committed, structured } = state;
  const { transfer, fullNeeded, takenOver, failingBack, included, pairState, reason } = state;
  return {
    ...{ pair: Buffer.from(id), method, bytes, volumeBytes, now, lastFrozen, committed, structured, transfer },
    ...{ fullNeeded, takenOver, failingBack, included, pairState, reason, token: Buffer.from(state.token) },
    freezes: state.freezes.all.map(({ token, ...each }) => ({ ...each, token: Buffer.from(token) })),
    ...{ digest: Buffer.from(state.commitDigest), failures: [...state.failures] },
    volumes: state.volumes.map(mapsOf),
  };
}

/** What a state becomes when a snapshot of it is read back. */
export function readBack(state: MainState): MainState {
  const again = new MainState();
  for (const record of snapshotOf(state)) again.apply(record);
  return again;
}
