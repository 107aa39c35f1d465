/** Whether an open port is set as it was asked to be. */
import type { PortSettings } from '../run/lines/port-settings.js';
import type { Finding } from './finding.js';

/** What both ends together may be off, as a share: a UART loses the last bit of ten at half a bit. */
const shareTolerated = 0.02;

export interface Asked {
  readonly baud: number;
  readonly rtscts: boolean;
}

/** What is wrong with the settings, as far as they are known. */
export function checkSettings({ baud, rtscts }: Asked, settings: PortSettings): Finding[] {
  const findings: Finding[] = [];
  if (settings.baud !== undefined && settings.baud !== baud) findings.push(rounded(baud, settings.baud));
  if (rtscts && settings.cts === false) {
    findings.push({
      kind: 'not-clear-to-send',
      what: 'the board does not let this side send',
      seen: 'the address says rtscts=1, and CTS is off',
      remedy: 'wire RTS of the board to CTS of the adapter, or take rtscts=1 out: the protocol does without',
    });
  }
  return findings;
}

function rounded(asked: number, actual: number): Finding {
  const percent = ((100 * (actual - asked)) / asked).toFixed(1);
  const isFar = Math.abs(actual - asked) / asked > shareTolerated;
  const verdict = isFar ? 'too far off for most boards' : 'near enough if the board is exact';
  return {
    kind: 'baud-rounded',
    what: `the adapter cannot do ${asked} baud`,
    seen: `its driver set ${actual} baud, ${percent} % off: ${verdict}`,
    remedy: `set board and address to a rate that the adapter can do, such as ${nearestUsual(asked)}`,
  };
}

/** Rates that nearly every adapter divides its clock down to. */
const usualRates: readonly number[] = [9600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600, 1_000_000];

function nearestUsual(baud: number): number {
  const others = usualRates.filter((rate) => rate !== baud);
  return others.reduce((best, rate) => (Math.abs(rate - baud) < Math.abs(best - baud) ? rate : best));
}
