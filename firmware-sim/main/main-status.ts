/** What main answers to getStatus. */
import { epoch, generation } from '../../protocol/ids.js';
import type { MessageNamed } from '../../protocol/message/messages.js';
import { refusals } from '../../protocol/refusals.js';
import type { MainCore } from './main-core.js';
import type { MainState } from './main-state.js';

export interface MainStatusOptions {
  readonly request: number;
  readonly state: MainState;
  /** Undefined while the records are being read. */
  readonly core: MainCore | undefined;
  readonly lines: MessageNamed<'status'>['lines'];
}

export function mainStatus({ request, state, core, lines }: MainStatusOptions): MessageNamed<'status'> {
  const sum = (each: (volume: (typeof state.volumes)[number]) => number) =>
    state.volumes.reduce((total, volume) => total + each(volume), 0);
  const failed = [...state.failures].at(-1);
  const inTransfer = state.transfer !== undefined;
  return {
    kind: 'status',
    request,
    role: 'main',
    pairState: state.pairState,
    reason: state.reason === undefined ? 0 : refusals[state.reason].number,
    pair: state.pair,
    epoch: state.epoch ?? epoch(1),
    method: state.method,
    blockBytes: state.blockBytes,
    volumes: state.volumeBytes,
    frozen: state.lastFrozen,
    committed: state.committed,
    structured: state.structured,
    failed: generation(failed?.[0] ?? 0),
    failedReason: failed === undefined ? 0 : refusals[failed[1]].number,
    commitDigest: state.commitDigest,
    blocksTotal: inTransfer ? sum(({ frozen }) => frozen.size) : sum((volume) => state.difference(volume).size),
    blocksSent: inTransfer ? sum(({ sent }) => sent.size) : sum(({ streamed }) => streamed.size),
    deferredBlocks: sum(({ deferred, before }) => deferred.size + before.size),
    changedBlocks: sum(({ changed }) => changed.size),
    unstructuredBlocks: 0,
    shadowSlots:
      core === undefined ? 0 : state.volumes.reduce((total, _, volume) => total + core.slotsTotal(volume), 0),
    shadowSlotsFree:
      core === undefined ? 0 : state.volumes.reduce((total, _, volume) => total + core.slotsFree(volume), 0),
    hostStallUsMax: core?.stallUsMax ?? 0,
    lines,
  };
}
