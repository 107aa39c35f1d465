/** What a run has met: which class of fault, while the firmware was in which state, on which area or line. */
import type { MainController } from '../../firmware-sim/main/main-controller.js';
import type { SubController } from '../../firmware-sim/sub/sub-controller.js';
import type { Fault, Site } from './plan.js';

export type Coverage = Map<string, number>;

/** The class of a fault, as it is switched on and off. */
export function faultClassOf(fault: Fault): string {
  switch (fault.kind) {
    case 'line':
      return `line ${fault.effect.kind}`;
    case 'disk':
      return fault.effect.kind === 'error' ? `disk ${fault.effect.sense}` : `disk ${fault.effect.kind}`;
    case 'power':
      if (fault.disksStayOn) return 'restart';
      if (fault.foreignArea !== undefined) return 'foreign area';
      return (fault.olderDisks ?? fault.olderEffects) === undefined ? 'power' : 'older disks';
    case 'pause':
      return 'pause';
    case 'host':
      return 'host process';
  }
}

/** Where a fault happened: an area, a line and direction, or a controller. */
export function placeOf(fault: Fault): string {
  switch (fault.kind) {
    case 'line':
      return `${fault.line} ${fault.direction}`;
    case 'disk':
      return `${fault.site} ${fault.disk.replace(/[0-9]$/, '')}`;
    case 'power':
    case 'pause':
    case 'host':
      return fault.who;
  }
}

/** The state of a controller in a word or two. */
export function mainStateOf({ state }: MainController, on: boolean): string {
  if (!on) return 'off';
  if (!state.formatted) return 'recovering';
  if (state.failingBack) return 'failing back';
  if (state.takenOver) return 'taken over';
  if (state.transfer !== undefined) return state.transfer.full ? 'full transfer' : 'transfer';
  if (state.pairState === 'PSUE' || state.pairState === 'PSUS') return 'suspended';
  return state.volumes.some(({ deferred, before }) => deferred.size + before.size > 0) ? 'draining' : 'idle';
}

export function subStateOf({ state, replica }: SubController, on: boolean): string {
  if (!on) return 'off';
  if (state.blockBytes === 0) return 'recovering';
  if (state.failback !== undefined) return 'failing back';
  if (state.takenOver) return 'taken over';
  if (replica.overlaid > 0) return 'structuring';
  if (replica.receiving !== undefined) return 'receiving';
  return replica.committed === 0 ? 'empty' : 'idle';
}

export function siteOf(fault: Fault): Site {
  if (fault.kind === 'disk') return fault.site;
  if (fault.kind === 'line') return fault.line === 'subHost' ? 'sub' : 'main';
  return fault.who === 'sub' || fault.who === 'subHost' ? 'sub' : 'main';
}
