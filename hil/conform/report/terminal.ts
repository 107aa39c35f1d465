/** The result of the suite as lines for the terminal. */
import { counted } from '../../report/quantity.js';
import {
  type CheckRecord,
  countsOf,
  endText,
  hindranceText,
  type SuiteRecord,
  triesText,
  verdictOf,
} from '../suite-record.js';

export interface TerminalOptions {
  /** Whether the terminal shows colours; without them nothing is lost. */
  readonly colour: boolean;
}

const codes = { good: '36', bad: '1;31', soft: '2', strong: '1' } as const;

/** Who it was, a line for each check, what was found, the verdict and what repeats the run. */
export function terminalLines(record: SuiteRecord, { colour }: TerminalOptions): string[] {
  const paint = (style: keyof typeof codes, text: string) =>
    colour ? `\u001b[${codes[style]}m${text}\u001b[0m` : text;
  return [
    ...Object.entries(record.identity).map(([name, value]) => `${paint('soft', name.padEnd(18))}${printable(value)}`),
    '',
    ...record.checks.flatMap((check) => checkLines(check, paint)),
    '',
    verdictLine(record, paint),
    ...(record.endedBy === undefined ? [] : [printable(endText(record.endedBy))]),
    `${paint('soft', 'repeat:')} ${printable(record.command)}`,
  ];
}

type Paint = (style: keyof typeof codes, text: string) => string;

/** One check in a line: sign, number, what it says. */
export function headLine({ number, says, outcome }: CheckRecord, paint: Paint): string {
  const head = `${number.padEnd(6)}${says}`;
  switch (outcome.kind) {
    case 'passed':
      return `${paint('good', '✓')} ${head}`;
    case 'notRun':
      return paint('soft', `– ${head}`);
    default:
      return `${paint('bad', '✕')} ${paint('strong', head)}`;
  }
}

/** The same, and below it why it was not run, or what it found. */
export function checkLines(check: CheckRecord, paint: Paint): string[] {
  const { outcome } = check;
  const head = headLine(check, paint);
  switch (outcome.kind) {
    case 'passed':
      return [
        head,
        ...(outcome.before === undefined ? [] : [paint('soft', `        ${printable(triesText(outcome.before))}`)]),
      ];
    case 'notRun':
      return [head, paint('soft', `        not run: ${outcome.reason}`)];
    default: {
      const { expected, came, remedy, frames } = outcome;
      const found = [`expected  ${expected}`, `came      ${came}`, `do        ${remedy}`, ...frames];
      return [head, ...found.map((text) => `        ${printable(text)}`)];
    }
  }
}

function verdictLine(record: SuiteRecord, paint: Paint): string {
  const { passed, failed, notRun, hindered } = countsOf(record);
  const rest = `${counted(passed, 'check')} passed, ${notRun} not run`;
  const verdict = verdictOf(record);
  if (verdict === 'passed') return `${paint('good', 'PASSED')}  ${rest}`;
  if (verdict === 'unavailable') return `${paint('bad', 'NO VERDICT')}  ${rest}`;
  if (verdict === 'hindered')
    return `${paint('bad', 'HINDERED')}  ${counted(passed, 'check')} passed; ${hindranceText(record)}; ${notRun - hindered} not run besides`;
  const numbers = record.checks.filter(({ outcome }) => outcome.kind === 'failed').map(({ number }) => number);
  return `${paint('bad', 'FAILED')}  ${counted(failed, 'check')} failed: ${numbers.join(', ')}; ${rest}`;
}

/** Text from outside must not steer the terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}
