/** What a fault of a plan does, in words. */
import { unreachable } from '../../protocol/ids.js';
import type { DiskEffect, Fault, HostFault, LineEffect, LineFault, PowerFault, Survival } from './plan.js';
import { timeText } from './time-text.js';

/** One line, without its time. */
export function faultText(fault: Fault): string {
  switch (fault.kind) {
    case 'line':
      return `frame ${fault.frame} from ${wayOf(fault)}: ${lineText(fault.effect)}`;
    case 'disk':
      return `${fault.disk}, ${fault.operation} ${fault.nth}: ${diskText(fault.effect)}`;
    case 'power': {
      const older = olderText(fault);
      const who = fault.who === 'both' ? 'main and sub' : fault.who;
      if (fault.disksStayOn)
        return `${who} restarts after effect ${fault.afterEffects}, its disks stay on; back ${fault.offUs} µs later`;
      const foreign = fault.foreignArea === undefined ? '' : `, with a ${fault.foreignArea} of another pair`;
      return `power of ${who} goes after effect ${fault.afterEffects}, ${survivalText(fault.survival)}; back ${fault.offUs} µs later${older}${foreign}`;
    }
    case 'pause':
      return `${fault.who} takes nothing for ${fault.us} µs after its effect ${fault.afterEffects}`;
    case 'host':
      return hostText(fault);
  }
}

function hostText({ who, atUs, offUs, knows, heard }: HostFault): string {
  const next = knows ? 'another one gives again what was under way' : 'another one knows nothing of it';
  const line = heard ? ', the line gone meanwhile' : '';
  return `the host’s process at ${who === 'host' ? 'main' : 'the sub'} ends at ${timeText(atUs)}; ${offUs} µs later ${next}${line}`;
}

function olderText({ olderDisks, olderEffects }: PowerFault): string {
  if (olderDisks !== undefined) return `, with its disks as at power on ${olderDisks}`;
  return olderEffects === undefined ? '' : `, with its disks as they were ${olderEffects} effects ago`;
}

/** What of that which is not flushed survives. */
export function survivalText({ sectors, torn, seed }: Survival): string {
  const kept = { none: 'nothing survives', all: 'all survives', some: `some survives (draw ${seed})` }[sectors];
  return `${kept}${torn === 'no' ? '' : `, one write torn (${torn})`}`;
}

const ways: Readonly<Record<string, string>> = {
  'host there': 'host to main',
  'host back': 'main to host',
  'remote there': 'main to sub',
  'remote back': 'sub to main',
  'subHost there': 'host to sub',
  'subHost back': 'sub to host',
};

function wayOf({ line, direction }: LineFault): string {
  return ways[`${line} ${direction}`] ?? line;
}

/** What happens to a frame. */
export function lineText(effect: LineEffect): string {
  switch (effect.kind) {
    case 'flip':
      return `bits ${effect.bits.join(', ')} flipped`;
    case 'burst':
      return `${effect.bytes} bytes from ${effect.at} on changed`;
    case 'dropBytes':
      return `${effect.bytes} bytes from ${effect.at} on lost`;
    case 'duplicateBytes':
      return `${effect.bytes} bytes from ${effect.at} on twice`;
    case 'insertBytes':
      return `${effect.hex} put in at ${effect.at}`;
    case 'dropFrame':
      return 'lost';
    case 'duplicateFrame':
      return `comes ${1 + effect.copies} times`;
    case 'delimiter':
      return `delimiter ${effect.how}`;
    case 'length':
      return 'first COBS code changed';
    case 'checksum':
      return 'check changed';
    case 'forge':
      return `byte ${effect.at} of the payload changed, the frame’s check made right again`;
    case 'forgeData':
      return 'its data is other, and all checks of it are right';
    case 'stale':
      return `the frame of ${effect.framesAgo} before comes again after it`;
    case 'stall':
      return `${effect.us} µs late, and all behind it`;
    case 'overrun':
      return `lost from byte ${effect.at} on`;
    case 'disconnect':
      return `the line is lost at byte ${effect.at}, for ${effect.us} µs`;
    default:
      return unreachable(effect);
  }
}

function meanwhileText({ restarts, cutsLineUs }: Extract<DiskEffect, { kind: 'slow' }>): string {
  const restart = restarts === undefined ? '' : `; meanwhile ${restarts} restarts`;
  return cutsLineUs === undefined ? restart : `${restart}; meanwhile the line is lost for ${cutsLineUs} µs`;
}

function diskText(effect: DiskEffect): string {
  switch (effect.kind) {
    case 'error':
      return `ends with ${effect.sense}`;
    case 'sticky':
      return 'its first sector is bad from here on';
    case 'corrupt':
      return `byte ${effect.at} is another`;
    case 'lose':
      return 'never happens; GOOD';
    case 'misdirect':
      return `goes ${effect.sectors} sectors further on`;
    case 'stale':
      return 'gives what was there before';
    case 'slow':
      return `takes ${effect.us} µs longer${meanwhileText(effect)}`;
    case 'reset':
      return 'the disk loses its power for a moment: its cache is gone, all under way ends with a unit attention';
    default:
      return unreachable(effect);
  }
}
