/** What a doctor finds at a line of a bench. */

/** `blocked`: nobody can use the line as it is. The others are what was found by using it. */
export const findingKinds = {
  'port-missing': 'blocked',
  'no-port': 'blocked',
  permission: 'blocked',
  'in-use': 'blocked',
  unopened: 'blocked',
  'baud-refused': 'blocked',
  'latency-timer': 'usable',
  'baud-rounded': 'usable',
  'not-clear-to-send': 'usable',
  'no-answer': 'usable',
  'one-way': 'usable',
  looped: 'usable',
  'wrong-baud': 'usable',
  garbage: 'usable',
  console: 'usable',
  noise: 'usable',
  'other-version': 'usable',
  'key-mismatch': 'usable',
  'wrong-role': 'usable',
} as const;
export type FindingKind = keyof typeof findingKinds;

/** Each as a sentence or part of one, without a full stop. */
export interface Finding {
  readonly kind: FindingKind;
  /** What is wrong. */
  readonly what: string;
  /** How that was seen. */
  readonly seen: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** Whether the finding keeps everybody from using the line. */
export const isBlocking = ({ kind }: Pick<Finding, 'kind'>): boolean => findingKinds[kind] === 'blocked';
