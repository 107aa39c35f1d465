/** Blocks that a host would hit at a moment that matters. */
import type { MainState } from '../../firmware-sim/main/main-state.js';
import type { ReplicaState } from '../../firmware-sim/replica/replica-state.js';

/** The first block that is frozen and not sent; while nothing is frozen, of those that a stream has to send. */
export function blockToSend(state: MainState, volume: number): number | undefined {
  if (!state.formatted) return undefined;
  const { frozen, sent, changed, streamed } = state.volume(volume);
  const [wanted, there] = state.transfer === undefined ? [changed, streamed] : [frozen, sent];
  for (const block of wanted) if (!there.has(block)) return block;
  return undefined;
}

/** The last block of an image that is committed and not structured: those before it have their turn first. */
export function blockToStructure({ volumes }: ReplicaState, volume: number): number | undefined {
  const last = [...(volumes[volume]?.overlay.runs() ?? [])].at(-1);
  return last === undefined ? undefined : last.first + last.count - 1;
}

/** The first block that the sub has staged and that does not count as sent at main. */
export function blockStaged(main: MainState, { volumes }: ReplicaState, volume: number): number | undefined {
  if (!main.formatted) return undefined;
  const { sent, streamed } = main.volume(volume);
  const there = main.transfer === undefined ? streamed : sent;
  for (const { first, count } of volumes[volume]?.staged.runs() ?? []) {
    for (let block = first as number; block < first + count; block += 1) if (!there.has(block)) return block;
  }
  return undefined;
}
