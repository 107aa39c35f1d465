/** The words of the demonstration. */
import { styleText } from 'node:util';
import type { Method } from '../../protocol/ids.js';
import { type DemoRun, demo, type Waits, waitsDuring } from '../job/demo.js';
import { bytesText, counted, durationText, percentText } from '../report/quantity.js';
import type { GenerationRecord, RunRecord } from '../report/run-record.js';

type Style = 'bold' | 'dim' | 'cyan' | 'red';
export type Paint = (style: Style, text: string) => string;

/** Colours where `colour` says so; without them nothing is lost. */
export const painter =
  (colour: boolean): Paint =>
  (style, text) =>
    colour ? styleText(style, text, { validateStream: false }) : text;

const ideas: Readonly<Record<Method, readonly string[]>> = {
  copy: [
    'At the freeze the image is copied to a shadow area, and sent from there. A host write to a block',
    'that has not been copied yet waits until it has: copy before write.',
  ],
  differential: [
    'Only blocks that changed since the last image are sent, from the volume itself. A host write to one',
    'that has not been sent yet goes to the shadow area, and to its place once it has: deferred write.',
  ],
  streaming: [
    'Changed blocks are sent ahead, as the host writes them. At the freeze only the rest is left to send,',
    'so that the copy is ready soonest.',
  ],
};

const labelWidth = 18;

export function introduction(paint: Paint): string[] {
  const { volumeBytes, baud, firstBlocks, blockBytes } = demo;
  return [
    paint('bold', 'Coldframe: point-in-time remote copies'),
    '',
    '  host ──── main controller ════ serial line ════ sub controller',
    '             volume, shadow                        staging, copy',
    '',
    `Both controllers are models, in virtual time; the line between them is emulated at ${baud} baud.`,
    `The volume has ${bytesText(volumeBytes)}, of which the host first writes ${bytesText(firstBlocks * blockBytes)}. It freezes twice, and goes on writing`,
    'to the very blocks that are on their way. Each image must be what the volume held at its freeze.',
    '',
  ];
}

export function methodText({ method, record }: DemoRun, paint: Paint): string[] {
  const [first, second] = record.generations;
  const head = [paint('bold', method), ...(ideas[method] ?? []).map((line) => paint('dim', `  ${line}`))];
  if (first === undefined || second === undefined) return [...head, ...verdictLines(record, paint)];
  const { firstBlocks, changedBlocks, blockBytes } = demo;
  const waits = waitsDuring(record, second);
  const shadow = shadowText(record, second);
  return [
    ...head,
    field('host wrote', `${bytesText(firstBlocks * blockBytes)}, ${frozeText(record, first)}`),
    field('on the line', lineText(first)),
    field('host wrote', `${bytesText(changedBlocks * blockBytes)}, ${frozeText(record, second)}`),
    field('on the line', lineText(second)),
    field('writes meanwhile', waitsText(waits)),
    ...(shadow === undefined ? [] : [field('shadow area', shadow)]),
    ...verdictLines(record, paint),
  ];
}

/** The methods side by side. */
export function comparison(runs: readonly DemoRun[], paint: Paint): string[] {
  const heads = ['method', 'image 2 on the line', 'of the volume', 'freeze to commit', 'slowest write', 'images'];
  const rows = runs.map(({ method, record }) => {
    const second = record.generations[1];
    if (second === undefined) return [method, '–', '–', '–', '–', wordOf(record)];
    return [
      method,
      bytesText(second.bytesOnLine),
      percentText(second.bytesOnLine, second.volumeBytes),
      tookText(second),
      durationText(waitsDuring(record, second).maxUs),
      wordOf(record),
    ];
  });
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ');
  return [paint('dim', line(heads)), ...rows.map(line), ''];
}

export function whatNext(runs: readonly DemoRun[], paint: Paint): string[] {
  const command = (text: string, about: string) => `  ${paint('cyan', text.padEnd(38))} ${about}`;
  return [
    'Reports, with a map of every block:',
    ...runs.map(({ report }) => `  ${report}`),
    '',
    'Try next:',
    command('coldframe run', 'random writes, three freezes, all checks'),
    command('coldframe run --scenario disaster', 'the main site is lost: takeover, failback'),
    command('coldframe run --scenario lost-line', 'lines and power fail in mid-transfer'),
    command('coldframe run --image disk.img', 'your own image, only read'),
    command('coldframe run --help', 'boards, processes, encryption, seeds'),
  ];
}

const field = (label: string, text: string): string => `  ${label.padEnd(labelWidth)}${text}`;

function lineText(generation: GenerationRecord): string {
  const { bytesOnLine, volumeBytes, blocksSent } = generation;
  const share = `${percentText(bytesOnLine, volumeBytes)} of the volume`;
  return `${bytesText(bytesOnLine)} (${share}), ${counted(blocksSent, 'block')}; committed ${tookText(generation)} after the freeze`;
}

function frozeText({ events }: RunRecord, { generation, frozenAtUs }: GenerationRecord): string {
  const freeze = events.find((event) => event.kind === 'freeze' && event.generation === generation);
  const underWay = Number(freeze?.values.underWay ?? 0);
  const froze = `froze at ${durationText(frozenAtUs)}: generation ${generation}`;
  if (underWay === 0) return froze;
  return `${froze} (${counted(underWay, 'write')} under way, ${freeze?.values.inImage} of them in the image)`;
}

function waitsText({ count, medianUs, maxUs }: Waits): string {
  if (count === 0) return 'none: it was committed before';
  const waited = `${counted(count, 'write')} waited ${durationText(medianUs)}`;
  return count === 1 ? waited : `${waited} (median) to ${durationText(maxUs)} (longest)`;
}

function tookText({ frozenAtUs, committedAtUs }: GenerationRecord): string {
  return committedAtUs === undefined ? '–' : durationText(committedAtUs - frozenAtUs);
}

function shadowText({ blockMaps }: RunRecord, { generation, deferredBlocks }: GenerationRecord): string | undefined {
  if (deferredBlocks > 0) return `${counted(deferredBlocks, 'new block')} waited there until the old content was sent`;
  const states = blockMaps.find((map) => map.area === 'shadow' && map.generation === generation)?.states ?? '';
  const kept = [...states.matchAll(/k(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
  return kept === 0 ? undefined : `${counted(kept, 'frozen block')} kept there until they were sent`;
}

function verdictLines(record: RunRecord, paint: Paint): string[] {
  const failed = record.checks.filter(({ verdict }) => verdict === 'failed');
  if (record.verdict === 'passed') {
    const text = `${counted(record.generations.length, 'image')} equal to the byte, ${counted(record.checks.length, 'check')} passed`;
    return [field('verdict', `${paint('cyan', '✓')} ${text}`), ''];
  }
  const lines = failed.map(({ name, details }) => field('', `${name}: ${details.split('\n')[0]}`));
  return [field('verdict', `${paint('red', '✕')} failed`), ...lines, ''];
}

const wordOf = ({ verdict }: RunRecord): string => (verdict === 'passed' ? '✓ right' : '✕ wrong');
