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
  | { readonly kind: 'notRun'; readonly reason: string };

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
}

export function countsOf({ checks }: Pick<SuiteRecord, 'checks'>): Counts {
  const count = (kind: Outcome['kind']) => checks.filter(({ outcome }) => outcome.kind === kind).length;
  return { passed: count('passed'), failed: count('failed'), notRun: count('notRun') };
}

export function recordOf({ number, says, clause }: Requirement, outcome: Outcome, seconds: number): CheckRecord {
  return { number, says, clause, outcome, seconds };
}

/** The word for all of it. A run that ended early passes nothing. */
export function verdictOf(record: Pick<SuiteRecord, 'checks' | 'endedBy'>): 'passed' | 'failed' | 'unavailable' {
  if (countsOf(record).failed > 0) return 'failed';
  return record.endedBy === undefined ? 'passed' : 'unavailable';
}

/** Why a run ended early, in a sentence. */
export function endText({ code, detail }: Refusal): string {
  return `It ended early: ${code}: ${detail}`;
}

/** What the tries before the one that passed came to, in a sentence. */
export function triesText(before: readonly string[]): string {
  return `passed at try ${before.length + 1}; before: ${before.join('; ')}`;
}
