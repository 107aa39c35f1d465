/**
 * What main makes of the sub's pairing: the comparison of pair id, epoch, generation and commit digest, as one
 * ordered table. The first row that fits decides.
 */
import { sameDigest } from '../../protocol/digest.js';
import type { MessageNamed } from '../../protocol/message/messages.js';
import type { RefusalCode } from '../../protocol/refusals.js';
import type { Geometry } from '../controller/geometry.js';
import type { ReplicaState } from '../replica/replica-state.js';
import type { MainState } from './main-state.js';

export type PairingVerdict =
  /** The sub belongs to no pair yet. */
  | { readonly kind: 'unpaired' }
  /** The two cannot work together; nothing is sent. */
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly detail: string }
  /** The sub has taken over, or had when main was away. */
  | { readonly kind: 'takenOver' }
  /** A failback has come to its end at the sub; main has not heard of it. */
  | { readonly kind: 'givenBack' }
  /** The sub's image is not the one that a difference would build on. */
  | { readonly kind: 'olderSub' }
  /** The generation on its way is committed; main had not heard of it. */
  | { readonly kind: 'committed' }
  /** A generation that main had given up is committed after all. */
  | { readonly kind: 'adopted' }
  | { readonly kind: 'same' };

export function comparePairing(
  state: MainState,
  { geometry, replica }: { readonly geometry: Geometry; readonly replica: ReplicaState },
  sub: MessageNamed<'pairing'>,
): PairingVerdict {
  if (sub.pair.every((byte) => byte === 0)) return { kind: 'unpaired' };
  if (!sameDigest(sub.pair, state.pair)) return { kind: 'refused', code: 'foreign-pair', detail: '' };
  if (sub.blockBytes !== geometry.blockBytes) {
    return { kind: 'refused', code: 'block-size-mismatch', detail: `${sub.blockBytes} at the sub` };
  }
  if (sub.volumes.join() !== geometry.volumes.join()) {
    return { kind: 'refused', code: 'volume-mismatch', detail: `[${sub.volumes.join()}] at the sub` };
  }
  if (sub.epoch > state.epoch || sub.takenOver) return { kind: 'takenOver' };
  if (state.failingBack && sub.committed === replica.committed) return { kind: 'givenBack' };
  if (sub.epoch < state.epoch) return { kind: 'olderSub' };
  if (sub.committed > state.lastFrozen) {
    const detail = `the sub has generation ${sub.committed}, main has frozen ${state.lastFrozen}`;
    return { kind: 'refused', code: 'older-main', detail };
  }
  if (sub.committed === state.transfer?.generation) return { kind: 'committed' };
  if (sub.committed > state.committed) return { kind: 'adopted' };
  const same = sub.committed === state.committed && sameDigest(sub.commitDigest, state.commitDigest);
  return { kind: same ? 'same' : 'olderSub' };
}
