/** The events of a run as lines for people, while it goes on. */
import { styleText } from 'node:util';
import { durationText } from '../report/quantity.js';
import type { CheckRecord, EventRecord } from '../report/run-record.js';

/** "    35.1 s  gen 1  commit      the sub committed the image". */
export function eventLine({ atUs, kind, generation, text, values }: EventRecord): string {
  const more = Object.entries(values).map(([name, value]) => `${name} ${value}`);
  const about = generation === undefined ? '' : `gen ${generation}`;
  const end = more.length === 0 ? '' : ` (${more.join(', ')})`;
  return `${durationText(atUs).padStart(11)}  ${about.padEnd(7)}${kind.padEnd(11)}${printable(text)}${printable(end)}`;
}

/** "✕ name" or "≈ flaky: name", with what it found below. */
export function checkLine({ name, verdict, details }: CheckRecord, colour: boolean): string {
  if (verdict === 'passed') return `${' '.repeat(20)}${paint(colour, 'cyan', '✓')} ${name}`;
  const found = details.split('\n').map((line) => `${' '.repeat(22)}${printable(line)}`);
  const sign = verdict === 'flaky' ? '≈ flaky:' : paint(colour, 'red', '✕');
  return [`${' '.repeat(20)}${sign} ${name}`, ...found].join('\n');
}

function paint(colour: boolean, style: 'cyan' | 'red', text: string): string {
  return colour ? styleText(style, text, { validateStream: false }) : text;
}

/** Text from outside must not steer the terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}
