/**
 * What main makes of the sub's pairing: pair id, epoch, generation and commit digest compared, and the row of the
 * recovery table that fits.
 */
import { sameDigest, spoiltDigest } from '../../protocol/digest.js';
import { assert } from '../../protocol/ids.js';
import type { MessageNamed } from '../../protocol/message/messages.js';
import type { RefusalCode } from '../../protocol/refusals.js';
import type { Geometry } from '../controller/geometry.js';
import { type PairingFacts, type RecoveryVerdict, recoveryRow } from '../controller/recovery-table.js';
import type { ReplicaState } from '../replica/replica-state.js';
import type { MainState } from './main-state.js';

export type PairingVerdict =
  | { readonly kind: Exclude<RecoveryVerdict, 'refused'> }
  /** The two cannot work together; nothing is sent. */
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly detail: string };

/** What main knows, besides its state. */
interface MainKnowledge {
  readonly geometry: Geometry;
  readonly replica: ReplicaState;
}

type SubPairing = MessageNamed<'pairing'>;

export function comparePairing(state: MainState, main: MainKnowledge, sub: SubPairing): PairingVerdict {
  const { verdict, code } = recoveryRow(factsOf(state, main, sub));
  if (verdict !== 'refused') return { kind: verdict };
  assert(code !== undefined, 'a refusal has a reason');
  return { kind: verdict, code, detail: detailOf(state, sub) };
}

/** The sub says that it cannot structure what it has committed. */
export function isSpoilt(commitDigest: Uint8Array): boolean {
  return sameDigest(commitDigest, spoiltDigest);
}

/** Main's records and the sub's pairing, side by side. */
export function factsOf(state: MainState, { geometry, replica }: MainKnowledge, sub: SubPairing): PairingFacts {
  return {
    pair: sub.pair.every((byte) => byte === 0) ? 'none' : sameDigest(sub.pair, state.pair) ? 'same' : 'other',
    shape: shapeOf(geometry, sub),
    epoch: sub.epoch === state.epoch ? 'same' : sub.epoch > state.epoch ? 'newer' : 'older',
    sub: sub.takenOver ? 'taken over' : 'follows',
    main: state.failingBack ? 'failing back' : state.takenOver ? 'taken over' : 'main side',
    image: imageOf(state, replica, sub),
  };
}

function shapeOf(geometry: Geometry, sub: SubPairing): PairingFacts['shape'] {
  if (sub.blockBytes !== geometry.blockBytes) return 'other block size';
  return sub.volumes.join() === geometry.volumes.join() ? 'same' : 'other volumes';
}

function imageOf(state: MainState, replica: ReplicaState, sub: SubPairing): PairingFacts['image'] {
  if (state.failingBack && sub.committed === replica.committed) return 'failed back';
  if (sub.committed > state.lastFrozen) return 'never frozen';
  if (sub.committed === state.transfer?.generation) return 'on its way';
  if (sub.committed > state.committed) return 'given up';
  // What the sub cannot structure is no image to go on from, though main may have noted its commit.
  const isWhole = !isSpoilt(sub.commitDigest);
  const common = sub.committed === state.committed && sameDigest(sub.commitDigest, state.commitDigest);
  return common && isWhole ? 'common' : 'older or other';
}

function detailOf(state: MainState, sub: SubPairing): string {
  const generations = `the sub has generation ${sub.committed} of epoch ${sub.epoch}`;
  return `${generations}, blocks of ${sub.blockBytes} bytes, volumes [${sub.volumes.join()}]; main has frozen ${state.lastFrozen}`;
}
