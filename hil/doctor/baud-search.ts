/** Finds the baud rate that a board speaks, when what it says is garbage at the one that was asked for. */
import type { LineAddress } from '../run/lines/address.js';
import type { Finding } from './finding.js';
import { type Observation, type ProbeOptions, probeLine } from './probe-line.js';

/** In the order in which boards have them most often. */
const rates: readonly number[] = [
  115_200, 921_600, 1_000_000, 460_800, 2_000_000, 3_000_000, 230_400, 57_600, 1_500_000, 500_000, 38_400, 19_200, 9600,
];
/** How long each is tried at most, in milliseconds: sides that look for each other say so several times in it. */
const tryMsMax = 500;

/** The finding that names the rate, or undefined when none makes frames of it. */
export async function searchBaud(
  options: ProbeOptions & { readonly address: LineAddress & { kind: 'serial' } },
): Promise<Finding | undefined> {
  const { address } = options;
  const patienceMs = Math.min(tryMsMax, options.patienceMs);
  for (const baud of rates) {
    if (options.signal?.aborted === true) return undefined;
    if (baud === address.baud) continue;
    const seen = await probeLine({ ...options, address: { ...address, baud }, patienceMs });
    if (seen.trouble === undefined && isUnderstood(seen)) return wrongBaud(address.baud, baud);
  }
  return undefined;
}

const isUnderstood = ({ peer, refusal, framesGood }: Observation): boolean =>
  peer !== undefined || refusal !== undefined || framesGood > 0;

function wrongBaud(asked: number, found: number): Finding {
  return {
    kind: 'wrong-baud',
    what: `the board speaks ${found} baud, not ${asked}`,
    seen: `garbage at ${asked} baud, good frames at ${found}`,
    remedy: `write ?baud=${found} in the address, or set the board to ${asked}`,
  };
}
