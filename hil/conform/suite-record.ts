/** What a run of the suite comes to: for the terminal, for machines, and for the page that is signed. */
import type { Refusal } from '../../protocol/refusals.js';
import type { ConformRole, Requirement } from './check.js';

export type Outcome =
  /** `before`: what came at the tries before the one that passed; only what measures times has more than one. */
  | { readonly kind: 'passed'; readonly before?: readonly string[] }
  | {
      readonly kind: 'failed';
      readonly expected: string;
      readonly came: string;
      readonly remedy: string;
      /** The last frames of the check, one line each. */
      readonly frames: readonly string[];
    }
  /** `isHindered`: the state of the device is the reason, and none that the run was given. */
  | { readonly kind: 'notRun'; readonly reason: string; readonly isHindered?: true };

export interface CheckRecord {
  readonly number: string;
  readonly says: string;
  readonly clause: string | undefined;
  readonly outcome: Outcome;
  readonly seconds: number;
}

/** What the device says of itself, in the order in which it is shown. */
export type Identity = Readonly<Record<string, string>>;

export interface SuiteRecord {
  readonly role: ConformRole;
  readonly line: string;
  /** The line at which the suite was the other controller; undefined where it had the first one alone. */
  readonly remote: string | undefined;
  readonly isSealed: boolean;
  readonly isDataLossAllowed: boolean;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly version: string;
  readonly command: string;
  readonly identity: Identity;
  readonly checks: readonly CheckRecord[];
  /** Why the run ended before all checks were made. */
  readonly endedBy?: Refusal;
}

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly notRun: number;
  /** Of those that were not run, the ones that the state of the device has hindered. */
  readonly hindered: number;
}

/**
 * What a run comes to: that nothing failed is no success where the state of the device kept checks from being made, or where the
 * run ended early.
 */
export type Verdict = 'passed' | 'failed' | 'hindered' | 'unavailable';

export function countsOf({ checks }: Pick<SuiteRecord, 'checks'>): Counts {
  const count = (kind: Outcome['kind']) => checks.filter(({ outcome }) => outcome.kind === kind).length;
  const hindered = checks.filter(isHindered).length;
  return { passed: count('passed'), failed: count('failed'), notRun: count('notRun'), hindered };
}

export function verdictOf(record: Pick<SuiteRecord, 'checks' | 'endedBy'>): Verdict {
  const { failed, hindered } = countsOf(record);
  if (failed > 0) return 'failed';
  if (record.endedBy !== undefined) return 'unavailable';
  return hindered > 0 ? 'hindered' : 'passed';
}

/** How many checks the state of the device has hindered, and which state; nothing where it has hindered none. */
export function hindranceText({ checks }: Pick<SuiteRecord, 'checks'>): string | undefined {
  const reasons = checks.flatMap((each) => (isHindered(each) ? [each.outcome.reason] : []));
  if (reasons.length === 0) return undefined;
  return `${reasons.length} not run for the state of the device: ${[...new Set(reasons)].join('; ')}`;
}

type HinderedRecord = CheckRecord & { readonly outcome: Extract<Outcome, { kind: 'notRun' }> };

function isHindered(record: CheckRecord): record is HinderedRecord {
  return record.outcome.kind === 'notRun' && record.outcome.isHindered === true;
}

export function recordOf({ number, says, clause }: Requirement, outcome: Outcome, seconds: number): CheckRecord {
  return { number, says, clause, outcome, seconds };
}

/** Why a run ended early, in a sentence. */
export function endText({ code, detail }: Refusal): string {
  return `It ended early: ${code}: ${detail}`;
}

/** What the tries before the one that passed came to, in a sentence. */
export function triesText(before: readonly string[]): string {
  return `passed at try ${before.length + 1}; before: ${before.join('; ')}`;
}
