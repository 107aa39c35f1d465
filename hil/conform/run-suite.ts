/** Carries out the checks, one after the other, each on links of its own. */
import { unreachable } from '../../protocol/ids.js';
import { RefusalError } from '../../protocol/refusals.js';
import { Bench, noRemote, type Surroundings } from './bench.js';
import type { Check, Requirement } from './check.js';
import { Finding, Hindered, NotRun } from './finding.js';
import { PowerHook } from './power-hook.js';
import { type CheckRecord, type Outcome, recordOf } from './suite-record.js';
import { bitsPerByte, slowness, type Wire } from './wire.js';

export interface SuiteOptions extends Surroundings {
  readonly requirements: readonly Requirement[];
  /** Told before each check and after it. */
  readonly onCheck?: (requirement: Requirement, record?: CheckRecord) => void;
  readonly signal?: AbortSignal;
}

/** The longest that a check may take on a line without a baud rate, in microseconds. */
const checkUsMax = 60_000_000;
/** The same where images are sent: each step of those has a limit of its own. */
const remoteCheckUsMax = 3_600_000_000;
/** A check that would send for longer is left out, in seconds. */
const sendSecondsMax = 20;
/** The same on a sealed line on which there is no session: the device opens one by itself. */
const quietSecondsMax = 4;
/** Below it a frame takes as long as what is measured. */
const timedBaudMin = 57_600;
/** So often a time is measured until it is right, each time after a longer pause: whatever keeps this machine busy may pass. */
const timedTriesMax = 5;
const timedPauseUs = 500_000;

export interface SuiteEnd {
  readonly records: readonly CheckRecord[];
  /** Why not all checks could be made: the line was lost and did not come back, or the power could not be cut. */
  readonly lost: RefusalError | undefined;
}

/** The options, and what all of the run has to know of the power. */
interface Suite extends SuiteOptions {
  readonly power: PowerHook;
}

/** Carries out the checks of these requirements. */
export async function runSuite(options: SuiteOptions): Promise<SuiteEnd> {
  const records: CheckRecord[] = [];
  const power = new PowerHook(options.powerCycle);
  const suite: Suite = { ...options, power, powerCycle: power.cycle };
  for (const requirement of options.requirements) {
    options.onCheck?.(requirement);
    const startUs = options.wire.nowUs();
    const found = await outcomeOf(requirement, suite);
    const outcome: Outcome = power.failure === undefined ? found : { kind: 'notRun', reason: power.failure.message };
    const record = recordOf(requirement, outcome, (options.wire.nowUs() - startUs) / 1e6);
    records.push(record);
    options.onCheck?.(requirement, record);
    if (options.signal?.aborted === true) return { records, lost: undefined };
    if (power.failure !== undefined) return { records, lost: power.failure };
    const gone = lostWire(options);
    if (gone !== undefined) return { records, lost: new RefusalError('line-lost', gone.trouble?.detail ?? gone.name) };
  }
  return { records, lost: undefined };
}

function lostWire({ wire, remote }: SuiteOptions): Wire | undefined {
  return [wire, remote?.wire].find((each) => each?.isOpen === false);
}

async function outcomeOf({ how }: Requirement, options: Suite): Promise<Outcome> {
  switch (how.kind) {
    case 'unchecked':
      return { kind: 'notRun', reason: how.reason };
    case 'check': {
      const reason = reasonAgainst(how, options);
      return reason === undefined ? measured(how, options) : { kind: 'notRun', reason };
    }
    default:
      return unreachable(how);
  }
}

/** Why a check is not made here at all. */
function reasonAgainst(check: Check, options: SuiteOptions): string | undefined {
  const { role, key, wire, allowDataLoss, powerCycle, remote } = options;
  const { roles, onRemote, losesData, cutsPower, line } = check;
  if (roles !== undefined && !roles.includes(role)) return `it is for ${roles.join(' and ')}`;
  if (onRemote === true && remote === undefined) return noRemote;
  if (line === 'sealed' && key === undefined) return 'it is for sealed lines: give --key-file';
  if (line === 'clear' && key !== undefined) return 'it is for lines in clear';
  if (losesData === true && !allowDataLoss) return 'it changes what the device holds: give --allow-data-loss';
  if (cutsPower === true && powerCycle === undefined) return 'it cuts the power of the device: give --power-cycle';
  return tooSlow(check, wire, key !== undefined);
}

function tooSlow({ bytes = 0, isQuiet, isTimed }: Check, { baud }: Wire, isSealed: boolean): string | undefined {
  if (isTimed === true && baud !== undefined && baud < timedBaudMin)
    return `it measures times that ${baud} baud are too slow for: give ${timedBaudMin} or more`;
  const secondsMax = isQuiet === true && isSealed ? quietSecondsMax : sendSecondsMax;
  if (baud === undefined || (bytes * bitsPerByte) / baud <= secondsMax) return undefined;
  return `it sends ${bytes} bytes, too many for ${baud} baud${isSealed ? ' with a key' : ''}`;
}

/** A time that is wrong once may be the machine's; one that is wrong each time is the device's. */
async function measured(check: Check, options: Suite): Promise<Outcome> {
  const before: string[] = [];
  for (;;) {
    const outcome = await carriedOut(check, options);
    const isGone = lostWire(options) !== undefined || options.power.failure !== undefined;
    const isStopped = options.signal?.aborted === true || isGone;
    const isLast = check.isTimed !== true || before.length + 1 === timedTriesMax || isStopped;
    if (outcome.kind === 'passed' && before.length > 0) return { ...outcome, before };
    if (outcome.kind !== 'failed' || isLast) return outcome;
    before.push(outcome.came);
    await new Promise<void>((resolve) => options.wire.after(before.length * timedPauseUs, resolve));
  }
}

async function carriedOut(check: Check, options: Suite): Promise<Outcome> {
  const bench = new Bench(options);
  const clock = limit(bench, check);
  try {
    await Promise.race([check.run(bench), clock.expired]);
    return { kind: 'passed' };
  } catch (error) {
    if (error instanceof Hindered) return { kind: 'notRun', reason: error.message, isHindered: true };
    if (error instanceof NotRun) return { kind: 'notRun', reason: error.message };
    const { expected, came } = findingOf(error);
    return { kind: 'failed', expected, came, remedy: check.remedy, frames: bench.transcript() };
  } finally {
    clock.off();
    bench.end();
    // Nobody has given a device back its power.
    if (options.power.failure === undefined) await bench.lineBack();
  }
}

/** A line that is lost under a check is something that the device did, unless it stays away. */
function findingOf(error: unknown): Finding {
  if (error instanceof Finding) return error;
  if (error instanceof RefusalError)
    return new Finding('a line that stays up', `${error.refusal.code}: ${error.refusal.detail}`);
  throw error;
}

function limit({ wire }: Bench, { bytes = 0, onRemote }: Check): { readonly expired: Promise<never>; off(): void } {
  const stillUs = onRemote === true ? remoteCheckUsMax : checkUsMax;
  const limitUs = (stillUs + (wire.baud === undefined ? 0 : (bytes * 15e6) / wire.baud)) * slowness(wire);
  let off: () => void = () => {};
  const expired = new Promise<never>((_, reject) => {
    off = wire.after(limitUs, () => reject(new Finding('an end of the check', `none within ${limitUs / 1e6} s`)));
  });
  expired.catch(() => {});
  return { expired, off: () => off() };
}
