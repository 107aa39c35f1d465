/**
 * The parts of the page that are text and tables.
 */
import { Markup, markup } from '../markup.js';
import { bytesText, counted, countText, durationText, percentText } from '../quantity.js';
import type { CheckRecord, GenerationRecord, RunRecord } from '../run-record.js';
import { summarize } from '../summary.js';
import { verdictWord } from './block-maps.js';

/** Events that are listed; of more, the first and the last halves of this. */
const eventsMax = 400;

export function header(record: RunRecord): Markup {
  const { word, reason, about } = summarize(record);
  return markup`<header class="${record.verdict}">
<p class="eyebrow">coldframe <span>${record.title}</span></p>
<h1><span class="seal" aria-hidden="true">${seal(record)}</span>${word}</h1>
<p class="reason">${reason}</p>
<p class="about">${about}</p>
${figures(record)}
<div class="repeat"><span>Repeat</span><code>${record.command}</code></div>
${record.capture !== undefined && markup`<div class="repeat"><span>Capture</span><code>${record.capture}</code></div>`}
</header>`;
}

function seal(record: RunRecord): string {
  return { passed: '✓', failed: '✕', unavailable: '?', interrupted: '‖' }[record.verdict];
}

function figures(record: RunRecord): Markup {
  const { bytesOnLine, volumeBytes, latencyUs, writes } = summarize(record);
  const copies = volumeBytes * record.generations.length;
  const entries: [string, string, string][] = [
    [
      'on the line',
      bytesText(bytesOnLine),
      `${percentText(bytesOnLine, copies)} of ${counted(record.generations.length, 'full copy', 'full copies')}`,
    ],
    ['host writes', countText(writes), latencyUs ? `median ${durationText(latencyUs.median)}` : ''],
    ...(latencyUs
      ? [
          ['slowest write', durationText(latencyUs.max), `99 % below ${durationText(latencyUs.p99)}`] as [
            string,
            string,
            string,
          ],
        ]
      : []),
    ['run', durationText(record.durationUs), `seed ${record.seed}`],
  ];
  return markup`<dl class="figures">${entries.map(
    ([name, value, more]) => markup`<div><dt>${name}</dt><dd>${value}</dd><dd class="more">${more}</dd></div>`,
  )}</dl>`;
}

export function generationTable(record: RunRecord): Markup | undefined {
  if (record.generations.length === 0) return undefined;
  return markup`<section><h2>Generations</h2><div class="scroll"><table>
<thead><tr><th>#</th><th>image</th><th class="n">blocks sent</th><th class="n spare">of these zeros</th><th class="n">deferred</th><th class="n">freeze to commit</th><th class="wide">on the line, of ${bytesText(summarize(record).volumeBytes)}</th></tr></thead>
<tbody>${record.generations.map(generationRow)}</tbody></table></div></section>`;
}

function generationRow(generation: GenerationRecord): Markup {
  const { frozenAtUs, committedAtUs, failedReason, bytesOnLine, volumeBytes } = generation;
  const took = committedAtUs === undefined ? (failedReason ?? '–') : durationText(committedAtUs - frozenAtUs);
  const width = Math.min(100, (100 * bytesOnLine) / volumeBytes).toFixed(2);
  const found = [...generation.wrongRanges.slice(0, 8).map(rangeText), ...generation.explanations.slice(0, 8)];
  return markup`<tr><td>${generation.generation}</td><td><span class="tag ${generation.verdict}">${verdictWord(generation.verdict)}</span></td>
<td class="n">${countText(generation.blocksSent)}</td><td class="n spare">${knownCount(generation.zeroBlocks)}</td><td class="n">${countText(generation.deferredBlocks)}</td><td class="n">${took}</td>
<td class="wide"><div class="share"><i style="width:${width}%"></i></div><span>${bytesText(bytesOnLine)}</span> <small>${percentText(bytesOnLine, volumeBytes)}</small></td></tr>${
    found.length > 0 &&
    markup`<tr class="found"><td></td><td colspan="6"><ul>${found.map((text) => markup`<li>${text}</li>`)}</ul></td></tr>`
  }`;
}

const knownCount = (count: number | undefined): string => (count === undefined ? '–' : countText(count));

function rangeText({ volume, first, count }: GenerationRecord['wrongRanges'][number]): string {
  const blocks = count === 1 ? `block ${first}` : `blocks ${first} to ${first + count - 1}`;
  return `volume ${volume}, ${blocks}: not as in the golden image`;
}

const checkSigns: Readonly<Record<CheckRecord['verdict'], string>> = { passed: '✓', failed: '✕', flaky: '≈' };

export function checkList(record: RunRecord): Markup | undefined {
  if (record.checks.length === 0) return undefined;
  const ordered = [...record.checks].sort((a, b) => a.verdict.localeCompare(b.verdict));
  return markup`<section><h2>Checks</h2><ul class="checks">${ordered.map(
    ({ name, verdict, seconds, details }) =>
      markup`<li class="${verdict}"><span class="sign">${checkSigns[verdict]}</span><span class="name">${name}<span class="unseen"> ${verdict}</span></span><span class="took">${durationText(seconds * 1e6)}</span>${
        details !== '' && markup`<pre>${details}</pre>`
      }</li>`,
  )}</ul></section>`;
}

export function lineTable(record: RunRecord): Markup | undefined {
  if (record.lines.length === 0) return undefined;
  return markup`<section><h2>Lines</h2><div class="scroll"><table>
<thead><tr><th>line</th><th>address</th><th class="n">sent</th><th class="n">received</th><th class="n">frames</th><th class="n">repeated</th><th class="n">damaged</th><th class="n">sessions</th></tr></thead>
<tbody>${record.lines.map(
    (line) =>
      markup`<tr><td>${line.name}</td><td><code>${line.address}</code></td><td class="n">${bytesText(line.bytesSent)}</td><td class="n">${bytesText(line.bytesReceived)}</td><td class="n">${known(line.framesSent)}</td><td class="n">${known(line.framesRepeated)}</td><td class="n">${known(line.framesDamaged)}</td><td class="n">${known(line.sessions)}</td></tr>`,
  )}</tbody></table></div></section>`;
}

const known = (count: number | undefined): string => (count === undefined ? '–' : countText(count));

export function eventLog(record: RunRecord): Markup | undefined {
  const { events } = record;
  if (events.length === 0) return undefined;
  const half = eventsMax / 2;
  const left = Math.max(0, events.length - eventsMax);
  const shown = left === 0 ? [events] : [events.slice(0, half), events.slice(-half)];
  const gap = markup`<tr><td colspan="4" class="gap">${counted(left, 'event')} left out here: see report.json</td></tr>`;
  return markup`<section><details${record.verdict !== 'passed' && new Markup(' open')}><summary><h2>Events <small>${countText(events.length)}</small></h2></summary><div class="scroll"><table class="events">
<tbody>${shown.map((part, index) => markup`${index > 0 && gap}${part.map(eventRow)}`)}</tbody></table></div></details></section>`;
}

function eventRow({ atUs, kind, generation, text, values }: RunRecord['events'][number]): Markup {
  const more = Object.entries(values).map(([name, value]) => `${name} ${value}`);
  return markup`<tr><td class="n">${durationText(atUs)}</td><td><span class="kind">${kind}</span></td><td class="n">${generation}</td><td>${text}${
    more.length > 0 && markup` <small>${more.join(', ')}</small>`
  }</td></tr>`;
}
