/**
 * The report of a run as one page that needs nothing else: no network, no fonts, no script to be readable.
 */
import { Markup, markup } from '../markup.js';
import type { RunRecord } from '../run-record.js';
import { blockMaps } from './block-maps.js';
import { hoverScript } from './hover.js';
import { checkList, eventLog, generationTable, header, lineTable } from './sections.js';
import { style } from './style.js';
import { timeline } from './timeline.js';

/** The text of `report.html`. */
export function reportHtml(record: RunRecord): string {
  const page = markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${record.verdict}: ${record.title}</title><style>${new Markup(style)}</style></head>
<body>${patterns}<main>
${header(record)}
${timeSection(record)}
${generationTable(record)}
${blockMaps(record)}
${checkList(record)}
${lineTable(record)}
${eventLog(record)}
<footer>coldframe · run ${record.runId} · ${record.startedAt} · all of it for machines: report.json, junit.xml</footer>
</main><script>${new Markup(hoverScript)}</script></body></html>
`;
  return page.text;
}

/** Fills that are told apart without their colour. */
const patterns = markup`<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs>
<pattern id="failed" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" fill="var(--bad-wash)"/><rect width="3" height="6" fill="var(--bad)"/></pattern>
<pattern id="zero" width="10" height="10" patternUnits="userSpaceOnUse"><rect width="10" height="10" fill="var(--cell)"/><rect x="1.5" y="1.5" width="7" height="7" fill="none" stroke="var(--zero)" stroke-width="2"/></pattern>
<pattern id="kept" width="10" height="10" patternUnits="userSpaceOnUse"><rect width="10" height="10" fill="var(--kept)"/><path d="M0 10L10 0" stroke="var(--card)" stroke-width="2"/></pattern>
<pattern id="pending" width="10" height="10" patternUnits="userSpaceOnUse"><rect width="10" height="10" fill="var(--cell)"/><circle cx="5" cy="5" r="3" fill="var(--pending)"/></pattern>
<pattern id="wrong" width="10" height="10" patternUnits="userSpaceOnUse"><rect width="10" height="10" fill="var(--bad)"/><path d="M2.5 2.5l5 5m0-5l-5 5" stroke="var(--card)" stroke-width="1.8"/></pattern>
</defs></svg>`;

function timeSection(record: RunRecord): Markup | undefined {
  if (record.generations.length === 0 && record.latencies.length === 0) return undefined;
  const deferred = record.latencies.some((latency) => latency.deferred === true);
  const broad = new Markup(timeline(record, 1000).text.replace('class="timeline"', 'class="timeline broad"'));
  const narrow = new Markup(timeline(record, 620).text.replace('class="timeline"', 'class="timeline narrow"'));
  return markup`<section><h2>Freezes, transfers and host writes</h2>
${broad}${narrow}
<ul class="legend">
<li>${sample('<path class="mark-freeze" d="M4 5h12l-6 9z"/>')}<b>freeze</b></li>
<li>${sample('<rect class="bar-transfer" y="4" width="20" height="12"/>')}<b>transfer</b></li>
<li>${sample('<circle class="mark-commit" cx="10" cy="10" r="6"/>')}<b>commit</b></li>
<li>${sample('<rect class="bar-structure" y="4" width="20" height="12"/>')}<b>structuring</b></li>
<li>${sample('<path class="mark-structured" d="M10 4l6 6l-6 6l-6-6z"/>')}<b>structured</b></li>
<li>${sample('<path class="dot" d="M6 13h0M13 7h0"/>')}<b>host write</b></li>
${deferred && markup`<li>${sample('<path class="dot-deferred" d="M6 13h0M13 7h0"/>')}<b>deferred write</b></li>`}
</ul></section>`;
}

function sample(shape: string): Markup {
  return markup`<svg viewBox="0 0 20 20" aria-hidden="true">${new Markup(shape)}</svg>`;
}
