/**
 * What happened to the blocks of each area, drawn as a grid for each generation. Cells stand for a power of two of
 * blocks and show the gravest of their states; what is wrong is circled as well.
 */
import {
  aggregate,
  areaNames,
  type BlockState,
  blockStates,
  type Cell,
  type CellMap,
  countStates,
  encodeStates,
  stateLetters,
} from '../block-states.js';
import { type Markup, markup } from '../markup.js';
import { bytesText, counted, countText } from '../quantity.js';
import type { BlockMapRecord, GenerationRecord, RunRecord } from '../run-record.js';

/** Cells of all maps together, and of one, so that the page stays small. */
const pageCellsMax = 49_152;
const mapCellsMax = 2048;
/** Generations that are drawn; those that failed come first, then the newest. */
const generationsMax = 6;
/** Units of the drawing for one cell. */
const cellUnits = 10;
/** Circles around wrong cells, at most. */
const circlesMax = 200;

export function blockMaps(record: RunRecord): Markup | undefined {
  const generations = drawnGenerations(record);
  const drawn = new Set(generations.map(({ generation }) => generation));
  const maps = record.blockMaps.filter(({ generation, states }) => drawn.has(generation) && states !== '');
  if (maps.length === 0) return undefined;
  const cellsMax = Math.max(128, Math.min(mapCellsMax, Math.floor(pageCellsMax / maps.length)));
  const left = new Set(record.blockMaps.map(({ generation }) => generation)).size - generations.length;
  return markup`<section><h2>Blocks</h2>
<p class="note">${cellNote(record, maps, cellsMax)} ${left > 0 && `${counted(left, 'further generation')}: see report.json.`}</p>
${legend(maps)}
${generations.map((generation) => generationMaps(generation, maps, record, cellsMax))}</section>`;
}

/** What a cell stands for: the same in all maps of volumes of one size. */
function cellNote(record: RunRecord, maps: readonly BlockMapRecord[], cellsMax: number): string {
  const sizes = [...new Set(maps.map(({ states }) => aggregate(states, cellsMax).blocksPerCell))].sort((a, b) => a - b);
  const [least = 1, most = least] = [sizes[0], sizes.at(-1)];
  if (most === 1) return `Each cell is one block of ${bytesText(record.blockBytes)}.`;
  const blocks = least === most ? countText(most) : `${countText(least)} to ${countText(most)}`;
  const bytes = sizes.map((size) => bytesText(size * record.blockBytes));
  const span = least === most ? bytes[0] : `${bytes[0]} to ${bytes.at(-1)}`;
  return `Each cell is ${blocks} blocks (${span}) and shows the gravest state among them.`;
}

function drawnGenerations(record: RunRecord): GenerationRecord[] {
  const mapped = new Set(record.blockMaps.map(({ generation }) => generation));
  const newestFirst = record.generations.filter(({ generation }) => mapped.has(generation)).reverse();
  const failed = newestFirst.filter(({ verdict }) => verdict === 'failed');
  const others = newestFirst.filter(({ verdict }) => verdict !== 'failed');
  return [...failed, ...others].slice(0, generationsMax).sort((a, b) => a.generation - b.generation);
}

function generationMaps(
  { generation, verdict }: GenerationRecord,
  maps: readonly BlockMapRecord[],
  record: RunRecord,
  cellsMax: number,
): Markup {
  const own = maps
    .filter((map) => map.generation === generation)
    .sort((a, b) => a.volume - b.volume || areaNames.indexOf(a.area) - areaNames.indexOf(b.area));
  return markup`<h3>Generation ${generation} <span class="tag ${verdict}">${verdictWord(verdict)}</span></h3>
<div class="maps">${own.map((map) => figure(map, record, cellsMax))}</div>`;
}

export function verdictWord(verdict: GenerationRecord['verdict']): string {
  return { passed: '✓ passed', failed: '✕ failed', unverified: '– unverified' }[verdict];
}

function figure({ area, volume, states }: BlockMapRecord, record: RunRecord, cellsMax: number): Markup {
  const map = aggregate(states, cellsMax);
  const found = countStates(states);
  const counts = stateLetters.flatMap((letter) => {
    const blocks = found.get(letter);
    return blocks === undefined || letter === 'e' || letter === 'u'
      ? []
      : [`${countText(blocks)} ${blockStates[letter].name}`];
  });
  const caption = counts.reverse().join(' · ') || (found.has('u') ? 'unchanged' : 'empty');
  const title = `${area}${record.volumes.length > 1 ? ` ${volume}` : ''}`;
  return markup`<figure><figcaption><b>${title}</b> <span>${caption}</span></figcaption>${drawing(map, `${title}: ${caption}`)}</figure>`;
}

/** Cells side by side: twice as wide as high, or as near as a power of two comes. */
function columnsFor(cells: number): number {
  return Math.min(64, 2 ** Math.ceil(Math.log2(Math.sqrt(2 * cells))));
}

function drawing(map: CellMap, label: string): Markup {
  const columns = columnsFor(map.cells.length);
  const rows = Math.ceil(map.cells.length / columns);
  const [width, height] = [columns * cellUnits, rows * cellUnits];
  const states = encodeStates(map.cells.map(({ state }) => ({ state, count: 1 })));
  return markup`<svg class="map" viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}" data-cells="${states}" data-columns="${columns}" data-per="${map.blocksPerCell}" data-blocks="${map.blocks}">
${[...cellPaths(map.cells, columns)].map(([name, d]) => markup`<path class="${name}" d="${d}"/>`)}
${circles(map.cells, columns)}</svg>`;
}

/** One path for each state and shade, neighbours in a row joined. */
function cellPaths(cells: readonly Cell[], columns: number): Map<string, string> {
  const paths = new Map<string, string>();
  for (let start = 0; start < cells.length; ) {
    const name = classOf(cells[start]);
    const rowEnd = Math.min(cells.length, start - (start % columns) + columns);
    let end = start + 1;
    while (end < rowEnd && classOf(cells[end]) === name) end += 1;
    const at = `M${(start % columns) * cellUnits} ${Math.floor(start / columns) * cellUnits}`;
    const width = (end - start) * cellUnits;
    paths.set(name, `${paths.get(name) ?? ''}${at}h${width}v${cellUnits}h-${width}z`);
    start = end;
  }
  return paths;
}

/** The state's class, and how much of the cell is in it: in three shades. */
function classOf(cell: Cell | undefined): string {
  if (cell === undefined) return '';
  if ('euw'.includes(cell.state)) return `state-${cell.state}`;
  return `state-${cell.state} shade-${cell.share > 0.66 ? 3 : cell.share > 0.25 ? 2 : 1}`;
}

function circles(cells: readonly Cell[], columns: number): Markup[] {
  const wrong = [...cells.keys()].filter((index) => cells[index]?.state === 'w').slice(0, circlesMax);
  return wrong.map((index) => {
    const x = ((index % columns) + 0.5) * cellUnits;
    const y = (Math.floor(index / columns) + 0.5) * cellUnits;
    return markup`<circle class="wrong-ring" cx="${x}" cy="${y}" r="${cellUnits * 1.5}"/>`;
  });
}

function legend(maps: readonly BlockMapRecord[]): Markup {
  const present = new Set<BlockState>(maps.flatMap(({ states }) => [...countStates(states).keys()]));
  return markup`<ul class="legend">${stateLetters
    .filter((letter) => present.has(letter))
    .map(
      (letter) =>
        markup`<li><svg viewBox="0 0 20 20" aria-hidden="true"><path class="state-${letter} shade-3" d="M1 1h18v18h-18z"/></svg><b>${blockStates[letter].name}</b> ${blockStates[letter].meaning}</li>`,
    )}</ul>`;
}
