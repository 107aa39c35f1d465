/**
 * The report of a run as lines for the terminal.
 */
import { bytesText, counted, countText, durationText, percentText } from './quantity.js';
import type { GenerationRecord, RunRecord } from './run-record.js';
import { summarize } from './summary.js';

export interface TerminalOptions {
  /** Whether the terminal shows colours; without them nothing is lost. */
  readonly colour: boolean;
}

/** Explanations and wrong ranges of one generation that are printed. */
const findingsMax = 8;

/** The summary, without line ends: what was run, the generations, the checks, the verdict, how to repeat it. */
export function terminalLines(record: RunRecord, { colour }: TerminalOptions): string[] {
  const { about, latencyUs, writes } = summarize(record);
  const paint = painter(colour);
  const latency = latencyUs
    ? `${counted(writes, 'host write')}: median ${durationText(latencyUs.median)}, 99 % below ${durationText(latencyUs.p99)}, slowest ${durationText(latencyUs.max)}.`
    : undefined;
  return [
    printable(record.title),
    paint('soft', about),
    ...(latency === undefined ? [] : [paint('soft', latency)]),
    '',
    ...generationLines(record, paint),
    ...checkLines(record, paint),
    verdictLine(record, paint),
    `${paint('soft', 'repeat:')} ${printable(record.command)}`,
    ...(record.capture === undefined ? [] : [`${paint('soft', 'capture:')} ${printable(record.capture)}`]),
  ];
}

type Paint = (style: 'good' | 'bad' | 'soft' | 'strong', text: string) => string;

/** Colours that both light and dark terminals show; cyan and red, so that nobody has to tell red from green. */
function painter(colour: boolean): Paint {
  const codes = { good: '36', bad: '1;31', soft: '2', strong: '1' };
  return (style, text) => (colour ? `\u001b[${codes[style]}m${text}\u001b[0m` : text);
}

function generationLines(record: RunRecord, paint: Paint): string[] {
  if (record.generations.length === 0) return [];
  const heads = ['gen', 'image', 'sent', 'zeros', 'deferred', 'freeze to commit', 'on the line', 'of the volume'];
  const rows = record.generations.map(cellsOf);
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === 1 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ');
  const lines = [paint('soft', line(heads))];
  for (const [index, generation] of record.generations.entries()) {
    const text = line(rows[index] ?? []);
    lines.push(generation.verdict === 'failed' ? paint('bad', text) : text, ...findings(generation));
  }
  return [...lines, ''];
}

function cellsOf(generation: GenerationRecord): string[] {
  const { frozenAtUs, committedAtUs, failedReason, bytesOnLine, volumeBytes, verdict } = generation;
  return [
    String(generation.generation),
    { passed: '✓ passed', failed: '✕ failed', unverified: '– unverified' }[verdict],
    countText(generation.blocksSent),
    generation.zeroBlocks === undefined ? '–' : countText(generation.zeroBlocks),
    countText(generation.deferredBlocks),
    committedAtUs === undefined ? (failedReason ?? '–') : durationText(committedAtUs - frozenAtUs),
    bytesText(bytesOnLine),
    percentText(bytesOnLine, volumeBytes),
  ];
}

function findings({ wrongRanges, explanations }: GenerationRecord): string[] {
  const ranges = wrongRanges.map(({ volume, first, count }) =>
    count === 1
      ? `volume ${volume}, block ${first} is wrong`
      : `volume ${volume}, blocks ${first} to ${first + count - 1} are wrong`,
  );
  const shown = [...ranges.slice(0, findingsMax), ...explanations.slice(0, findingsMax).map(printable)];
  const left = ranges.length - findingsMax;
  if (left > 0) shown.push(`and ${counted(left, 'further range')}: see report.json`);
  return shown.map((text) => `       ${text}`);
}

function checkLines({ checks }: RunRecord, paint: Paint): string[] {
  const lines = checks.flatMap(({ name, verdict, seconds, details }) => {
    const sign = { passed: paint('good', '✓'), flaky: paint('strong', '≈ flaky:'), failed: paint('bad', '✕') }[verdict];
    const detailLines = details === '' ? [] : details.split('\n').map((text) => `    ${printable(text)}`);
    return [`${sign} ${printable(name)} ${paint('soft', `(${durationText(seconds * 1e6)})`)}`, ...detailLines];
  });
  return lines.length === 0 ? [] : [...lines, ''];
}

function verdictLine(record: RunRecord, paint: Paint): string {
  const { word, reason } = summarize(record);
  const style = { passed: 'good', failed: 'bad', unavailable: 'strong', interrupted: 'strong' } as const;
  return `${paint(style[record.verdict], word.toUpperCase())}  ${printable(reason)}`;
}

/** Text from outside must not steer the terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}
