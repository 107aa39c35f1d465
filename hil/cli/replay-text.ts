/** The outcomes of a replay, in lines for people and as objects for programs. */
import { fieldsOf, type Plain } from '../capture/describe.js';
import type { ReplayOutcome } from '../replay/replay.js';
import type { ReplayRole } from '../replay/roles.js';
import { counted } from '../report/quantity.js';
import { fieldsText, printable, valueText } from './decode-text.js';

const signs = { same: '=', differs: '≠', missing: '−', extra: '+' } as const;
type Verdict = keyof typeof signs;

export function verdictOf(outcome: ReplayOutcome): Verdict {
  if (outcome.kind !== 'answered') return outcome.kind;
  return outcome.differences.length === 0 ? 'same' : 'differs';
}

/** One line, and one more for each field that differs. */
export function outcomeLines(outcome: ReplayOutcome, role: ReplayRole): string[] {
  const { line, atUs, message } = outcome;
  const time = (atUs / 1e6).toFixed(6).padStart(12);
  const text = `${message.kind} ${fieldsText(fieldsOf(message))}`.trimEnd();
  const about = `${signs[verdictOf(outcome)]} ${time}  ${line.name}  ${role} > ${line.peer}  ${text}`;
  const differences = outcome.kind === 'answered' ? outcome.differences : [];
  return [
    printable(about),
    ...differences.map(({ field, captured, answered }) =>
      printable(`      ${field}: ${valueText(answered)}, in the capture ${valueText(captured)}`),
    ),
  ];
}

/** The same for programs. */
export function outcomeObject(outcome: ReplayOutcome, role: ReplayRole): Readonly<Record<string, Plain | undefined>> {
  const { line, atUs, message } = outcome;
  const differences = outcome.kind === 'answered' ? outcome.differences : [];
  return {
    outcome: verdictOf(outcome),
    ...(outcome.kind === 'extra' ? {} : { number: outcome.number }),
    ...{ atUs, line: line.name, from: role, to: line.peer, kind: message.kind, fields: fieldsOf(message) },
    ...(differences.length === 0 ? {} : { differences: differences as unknown as Plain }),
  };
}

/** How many of each, in one sentence. */
export function replaySummary(outcomes: readonly ReplayOutcome[]): string {
  const count = (verdict: Verdict) => outcomes.filter((outcome) => verdictOf(outcome) === verdict).length;
  const captured = outcomes.length - count('extra');
  const parts = [`${count('differs')} differ`, `${count('missing')} missing`, `${count('extra')} besides`];
  return `${counted(captured, 'answer')} in the capture: ${count('same')} the same, ${parts.join(', ')}`;
}
