/**
 * What happened when: a bar for each generation from its freeze over transfer, complete and commit to structured, and
 * below it, on the same time, how long each host write took.
 */
import { type Markup, markup } from '../markup.js';
import { countText, durationText } from '../quantity.js';
import type { GenerationRecord, RunRecord } from '../run-record.js';
import { decades, type Extent, linearScale, logScale, rounded, type Scale, ticks } from './scale.js';
import { scatter } from './scatter.js';

const gutter = { left: 58, right: 14 };
const laneHeight = 30;
/** More generations than this share lanes. */
const lanesMax = 6;
const scatterHeight = 190;

/** The drawing, `width` units wide. */
export function timeline(record: RunRecord, width: number): Markup {
  const lanes = Math.min(lanesMax, record.generations.length);
  const top = 8 + lanes * laneHeight;
  const bottom = top + 14 + scatterHeight;
  const range = { from: gutter.left, to: width - gutter.right };
  const time = linearScale({ from: 0, to: record.durationUs }, range);
  const label = `Time line of ${record.generations.length} generations and ${record.latencies.length} host writes`;
  return markup`<svg class="timeline" viewBox="0 0 ${width} ${bottom + 26}" role="img" aria-label="${label}">
${timeAxis(record, time, { from: top, to: bottom }, width)}
${record.latencies.length > 0 && latencyPlot(record, time, { from: bottom, to: top + 18 }, range)}
${record.generations.map((generation, index) => lane(generation, record, { time, index, lanes, bottom }))}
</svg>`;
}

function timeAxis(record: RunRecord, time: Scale, rows: Extent, width: number): Markup {
  const marks = ticks(record.durationUs, width > 800 ? 9 : 6);
  return markup`<path class="axis" d="M${gutter.left} ${rows.to}H${width - gutter.right}"/>${marks.map(
    (at) =>
      markup`<path class="tick" d="M${time(at)} ${rows.to}v5"/><text class="axis-text" x="${time(at)}" y="${rows.to + 19}" text-anchor="${at === 0 ? 'start' : 'middle'}">${at === 0 ? '0' : durationText(at)}</text>`,
  )}`;
}

function latencyPlot(record: RunRecord, time: Scale, rows: Extent, columns: Extent): Markup {
  let [smallest, largest] = [Number.POSITIVE_INFINITY, 0];
  for (const { us } of record.latencies) {
    smallest = Math.min(smallest, us);
    largest = Math.max(largest, us);
  }
  const domain = decades(smallest, largest);
  const scale = logScale(domain, rows);
  const marks = [];
  for (let us = domain.from; us <= domain.to * 1.01; us *= 10) marks.push(us);
  return markup`${marks.map(
    (us) =>
      markup`<path class="grid" d="M${columns.from} ${scale(us)}H${columns.to}"/><text class="axis-text" x="${columns.from - 8}" y="${scale(us) + 4}" text-anchor="end">${durationText(us)}</text>`,
  )}
${scatter(record.latencies, time, scale)}`;
}

interface LanePlace {
  readonly time: Scale;
  readonly index: number;
  readonly lanes: number;
  /** Where the plot ends that the freeze's line runs down to. */
  readonly bottom: number;
}

/** One generation: a line at its freeze, a bar for each stage, a mark where the stage ends. */
function lane(generation: GenerationRecord, record: RunRecord, { time, index, lanes, bottom }: LanePlace): Markup {
  const y = 8 + (index % lanes) * laneHeight;
  const end = record.durationUs;
  const { frozenAtUs, completeAtUs, committedAtUs, structuredAtUs, failedAtUs } = generation;
  const sentAtUs = completeAtUs ?? failedAtUs ?? end;
  const frozen = time(frozenAtUs);
  const failed = failedAtUs !== undefined;
  const wrong = generation.verdict === 'failed';
  return markup`<g class="lane" data-tip="${describe(generation)}"><title>${describe(generation)}</title>
<path class="freeze-line" d="M${frozen} ${y}V${bottom}"/>
${bar(failed ? 'bar-failed' : 'bar-transfer', frozen, time(sentAtUs), y)}
${completeAtUs !== undefined && bar('bar-complete', time(completeAtUs), time(committedAtUs ?? failedAtUs ?? end), y)}
${committedAtUs !== undefined && bar('bar-structure', time(committedAtUs), time(structuredAtUs ?? end), y)}
${committedAtUs !== undefined && markup`<circle class="mark-commit" cx="${time(committedAtUs)}" cy="${y + 10}" r="5"/>`}
${structuredAtUs !== undefined && markup`<path class="mark-structured" d="M${time(structuredAtUs)} ${y + 4.5}l5.5 5.5l-5.5 5.5l-5.5-5.5z"/>`}
${failed && cross(time(failedAtUs), y + 10)}
<path class="mark-freeze" d="M${rounded(frozen - 5)} ${y - 2}h10l-5 7z"/>
<text class="lane-text${wrong ? ' lane-wrong' : ''}" x="${rounded(frozen - 8)}" y="${y + 14}" text-anchor="end">${wrong ? '✕ ' : ''}${generation.generation}</text></g>`;
}

/** At least a unit wide, so that nothing that happened goes unseen. */
function bar(name: string, from: number, to: number, y: number): Markup {
  return markup`<rect class="${name}" x="${from}" y="${y + 4}" width="${rounded(Math.max(1, to - from))}" height="12"/>`;
}

function cross(x: number, y: number): Markup {
  return markup`<path class="mark-failed" d="M${rounded(x - 5)} ${y - 5}l10 10m0-10l-10 10"/>`;
}

function describe(generation: GenerationRecord): string {
  const { frozenAtUs } = generation;
  const after = (name: string, atUs: number | undefined): string[] =>
    atUs === undefined ? [] : [`${name} after ${durationText(atUs - frozenAtUs)}`];
  return [
    `generation ${generation.generation}: frozen at ${durationText(frozenAtUs)}`,
    ...after('complete', generation.completeAtUs),
    ...after('committed', generation.committedAtUs),
    ...after('structured', generation.structuredAtUs),
    ...after(`failed (${generation.failedReason ?? 'no reason given'})`, generation.failedAtUs),
    `${countText(generation.blocksSent)} of ${countText(generation.blocksTotal)} blocks sent`,
  ].join(', ');
}
