/** What the sub answers to getStatus. */
import { generation } from '../../protocol/ids.js';
import type { MessageNamed } from '../../protocol/message/messages.js';
import { type RefusalCode, refusals } from '../../protocol/refusals.js';
import type { ReplicaState } from '../replica/replica-state.js';
import type { FailbackSender } from './failback-sender.js';
import type { SubCore } from './sub-core.js';
import type { SubState } from './sub-state.js';

export interface SubStatusOptions {
  readonly request: number;
  readonly state: SubState;
  readonly replica: ReplicaState;
  /** Undefined while the records are being read. */
  readonly core: SubCore | undefined;
  readonly failback: FailbackSender | undefined;
  readonly failed: readonly [number, RefusalCode] | undefined;
  readonly lines: MessageNamed<'status'>['lines'];
}

export function subStatus({
  request,
  state,
  replica,
  core,
  failback,
  failed,
  lines,
}: SubStatusOptions): MessageNamed<'status'> {
  const slots = core?.allocators ?? [];
  const staged = replica.volumes.reduce((sum, each) => sum + each.staged.size, 0);
  const back = failback?.busy === true ? failback.progress : undefined;
  return {
    kind: 'status',
    request,
    role: 'sub',
    pairState: state.pairState,
    reason: state.reason === undefined ? 0 : refusals[state.reason].number,
    pair: state.pair,
    epoch: state.epoch,
    method: state.method,
    blockBytes: state.blockBytes,
    volumes: state.volumeBytes,
    frozen: replica.receiving?.generation ?? replica.committed,
    committed: replica.committed,
    structured: replica.structured,
    failed: generation(failed?.[0] ?? 0),
    failedReason: failed === undefined ? 0 : refusals[failed[1]].number,
    commitDigest: replica.commitDigest,
    blocksTotal: back?.total ?? staged,
    blocksSent: back?.sent ?? staged,
    deferredBlocks: 0,
    changedBlocks: state.changed.reduce((sum, each) => sum + each.size, 0),
    unstructuredBlocks: replica.overlaid,
    shadowSlots: slots.reduce((sum, each) => sum + each.total, 0),
    shadowSlotsFree: slots.reduce((sum, each) => sum + each.free, 0),
    hostStallUsMax: 0,
    lines,
  };
}
