/** The main controller's state as records, for the journal's snapshots: applying them to a new state gives it again. */
import { generation, volumeNumber } from '../../protocol/ids.js';
import { refusals } from '../../protocol/refusals.js';
import type { BlockSet } from '../storage/block-set.js';
import type { MainRecord } from './main-records.js';
import type { MainState } from './main-state.js';
import type { VolumeMaps } from './volume-maps.js';

export function* snapshotOf(state: MainState): Generator<MainRecord> {
  if (!state.formatted) return;
  const { pair, method, blockBytes, volumeBytes } = state;
  yield { kind: 'formatted', pair, method, blockBytes, volumes: volumeBytes };
  for (const each of state.freezes.all) yield { kind: 'frozenBefore', ...each };
  yield counters(state);
  for (const [failed, code] of state.failures) {
    yield { kind: 'hasFailed', generation: generation(failed), code: refusals[code].number };
  }
  for (const [number, volume] of state.volumes.entries()) yield* volumeRecords(state, number, volume);
}

function counters(state: MainState): MainRecord {
  const { epoch, lastFrozen, committed, structured, commitDigest, fullNeeded, takenOver, failingBack } = state;
  return {
    kind: 'counters',
    ...{ epoch, lastFrozen, committed, structured, commitDigest, fullNeeded, takenOver, failingBack },
    transfer: state.transfer?.generation ?? generation(0),
    transferFull: state.transfer?.full ?? false,
    token: state.token,
    included: state.included,
    state: state.pairState,
    code: state.reason === undefined ? 0 : refusals[state.reason].number,
  };
}

function* volumeRecords(state: MainState, number: number, maps: VolumeMaps): Generator<MainRecord> {
  const volume = volumeNumber(number);
  const sets: readonly ['allocated' | 'allocatedSince' | 'changed' | 'frozenBlocks', BlockSet][] = [
    ['allocated', maps.allocated],
    ['allocatedSince', maps.allocatedSince],
    ['changed', maps.changed],
  ];
  for (const [kind, set] of sets) for (const run of set.runs()) yield { kind, volume, ...run };
  for (const run of maps.frozenChanges.runs()) yield { kind: 'frozenBlocks', volume, ...run };
  // Before what was sent: nothing is kept of a block that counts as sent already.
  for (const run of maps.kept.runs()) yield { kind: 'kept', generation: state.sending, volume, ...run };
  const sent = state.transfer === undefined ? maps.streamed : maps.sent;
  for (const { first, count, digests } of sent.runs())
    yield { kind: 'sent', generation: state.sending, volume, first, count, digests };
  for (const run of maps.deferred.runs()) yield { kind: 'deferred', volume, ...run };
  for (const run of maps.before.runs()) yield { kind: 'deferredBefore', volume, ...run };
}
