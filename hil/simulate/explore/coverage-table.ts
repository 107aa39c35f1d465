/** What an exploration has met, for people: a table of faults by class and state of the controller, and the areas. */
import type { LineEffectKind } from '../plan.js';
import { wrapped } from './wrapped.js';

/** A place of the table: `<class> × <site> <state> × <area or line>`, as coverage.ts makes it. */
interface Met {
  readonly fault: string;
  readonly column: string;
  readonly place: string;
  readonly count: number;
}

type Counts = Readonly<Record<string, number>>;

const lineKinds: Readonly<Record<LineEffectKind, true>> = {
  ...{ flip: true, burst: true, dropBytes: true, duplicateBytes: true, insertBytes: true, dropFrame: true },
  ...{ duplicateFrame: true, delimiter: true, length: true, checksum: true, forge: true, forgeData: true, stale: true },
  ...{ stall: true, overrun: true, disconnect: true },
};
const diskKinds = [
  ...['medium', 'hardware', 'aborted', 'busy', 'taskSetFull', 'notReady', 'sticky'],
  ...['corrupt', 'lose', 'misdirect', 'stale', 'slow', 'reset'],
];
/** All rows: what a plan can hold, met or not. */
export const faultRows: readonly string[] = [
  ...Object.keys(lineKinds).map((kind) => `line ${kind}`),
  ...diskKinds.map((kind) => `disk ${kind}`),
  ...['power', 'restart', 'older disks', 'foreign area', 'pause', 'host process'],
];
/** States of each site in the order of a life, with headings of at most five letters. */
const columns: readonly (readonly [string, string])[] = [
  ['main recovering', 'recov'],
  ['main idle', 'idle'],
  ['main full transfer', 'full'],
  ['main transfer', 'send'],
  ['main draining', 'drain'],
  ['main suspended', 'susp'],
  ['main taken over', 'taken'],
  ['main failing back', 'back'],
  ['main off', 'off'],
  ['sub recovering', 'recov'],
  ['sub empty', 'empty'],
  ['sub receiving', 'recv'],
  ['sub structuring', 'strct'],
  ['sub idle', 'idle'],
  ['sub taken over', 'taken'],
  ['sub failing back', 'back'],
  ['sub off', 'off'],
];
const labelWidth = 20;
const columnWidth = 6;
const headingMax = 5;

/** The table, line by line; classes of faults that met nothing are named below it, and states that none met have no column. */
export function coverageTable(coverage: Counts): string[] {
  const met = Object.entries(coverage).flatMap(([key, count]) => partsOf(key, count));
  const cells = summed(met, ({ fault, column }) => `${fault} × ${column}`);
  const seen = new Set(met.map(({ column }) => column));
  const shown = [
    ...columns.filter(([name]) => seen.has(name)),
    ...[...seen]
      .filter((name) => !columns.some(([known]) => known === name))
      .map((name) => [name, name.replace(/^\w+ /, '').slice(0, headingMax)] as const),
  ];
  const rows = [...new Set([...faultRows, ...met.map(({ fault }) => fault)])];
  const isMet = (row: string) => met.some(({ fault }) => fault === row);
  const unmet = rows.filter((row) => !isMet(row));
  return [
    ...headings(shown),
    ...rows.filter(isMet).map((row) =>
      line(
        row,
        shown.map(([column]) => countCell(cells.get(`${row} × ${column}`) ?? 0)),
      ),
    ),
    ...wrapped(areaCounts(met), 'areas:  '),
    ...wrapped(unmet, 'never:  '),
  ];
}

/** What the link has met: plain counters. */
export function linkCoverageLines(coverage: Counts): string[] {
  const entries = Object.entries(coverage).sort(([a], [b]) => (a < b ? -1 : 1));
  return wrapped(
    entries.map(([key, count]) => `${key} ${countCell(count)}`),
    '  ',
  );
}

function partsOf(key: string, count: number): Met[] {
  const [fault, column, place] = key.split(' × ');
  return fault === undefined || column === undefined || place === undefined ? [] : [{ fault, column, place, count }];
}

function summed(met: readonly Met[], keyOf: (each: Met) => string): Map<string, number> {
  const sums = new Map<string, number>();
  for (const each of met) sums.set(keyOf(each), (sums.get(keyOf(each)) ?? 0) + each.count);
  return sums;
}

function headings(shown: readonly (readonly [string, string])[]): string[] {
  const sites = shown.map(([name], index) => {
    const [site = ''] = name.split(' ');
    return shown[index - 1]?.[0].startsWith(`${site} `) ? '' : site;
  });
  return [
    line('', sites),
    line(
      '',
      shown.map(([, heading]) => heading),
    ),
  ];
}

function line(label: string, cells: readonly string[]): string {
  return `${label.padEnd(labelWidth)}${cells.map((cell) => cell.padStart(columnWidth)).join('')}`.trimEnd();
}

/** At most four characters: 0 is a dot, 1234 is 1.2k. */
function countCell(count: number): string {
  if (count === 0) return '·';
  if (count < 1000) return String(count);
  const [value, unit] = count < 999_500 ? [count / 1000, 'k'] : [count / 1e6, 'M'];
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)}${unit}`;
}

function areaCounts(met: readonly Met[]): string[] {
  const places = [...summed(met, ({ place }) => place)].sort(([a], [b]) => (a < b ? -1 : 1));
  return places.map(([place, count]) => `${place} ${countCell(count)}`);
}
