/**
 * What a controller that has come back from a power cut has forgotten: decisions are durable before they count, so that
 * what it had decided, it still knows. In words, or nothing.
 */
import type { MainState } from '../../firmware-sim/main/main-state.js';
import type { ReplicaState } from '../../firmware-sim/replica/replica-state.js';
import type { SubState } from '../../firmware-sim/sub/sub-state.js';

/** Of so many generations main knows whether they have failed. */
const failuresRemembered = 64;

/** `live`: what main knew when the power went. */
export function forgottenByMain(live: MainState, now: MainState): string | undefined {
  if (now.epoch < live.epoch) return `epoch ${live.epoch}, and is in ${now.epoch}`;
  for (const failed of live.failures.keys()) {
    const isRemembered = failed > now.lastFrozen - failuresRemembered;
    if (isRemembered && !now.failures.has(failed)) return `that generation ${failed} has failed`;
  }
  const sent = live.transfer?.generation;
  if (sent === undefined || now.transfer?.generation === sent || now.committed >= sent) return undefined;
  return now.failures.has(sent) ? undefined : `generation ${sent}, which is neither on its way nor over`;
}

export interface SubKnowledge {
  readonly state: SubState;
  readonly replica: ReplicaState;
}

/** `live`: what the sub knew when the power went. */
export function forgottenBySub(live: SubKnowledge, now: SubKnowledge): string | undefined {
  if (now.state.epoch < live.state.epoch) return `epoch ${live.state.epoch}, and is in ${now.state.epoch}`;
  if (!live.state.takenOver) return undefined;
  // The end of a failback may have been on its way to the records.
  if (!now.state.takenOver) return live.state.failback === undefined ? 'that it has taken over' : undefined;
  for (const [volume, changed] of live.state.changed.entries()) {
    for (const { first, count } of changed.runs()) {
      for (let block = first as number; block < first + count; block += 1) {
        if (now.state.changed[volume]?.has(block) !== true)
          return `that a host changed block ${block} of volume ${volume}`;
      }
    }
  }
  return undefined;
}
