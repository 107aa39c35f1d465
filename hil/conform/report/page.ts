/** The result of the suite as one page to be kept and signed; it needs nothing else. */
import { style } from '../../report/html/style.js';
import { Markup, markup } from '../../report/markup.js';
import { counted, durationText } from '../../report/quantity.js';
import { rooms } from '../requirements.js';
import {
  type CheckRecord,
  countsOf,
  endText,
  hindranceText,
  type SuiteRecord,
  triesText,
  type Verdict,
  verdictOf,
} from '../suite-record.js';

const own = `
.number{white-space:nowrap;font-weight:600}.outcome{white-space:nowrap}
tr.failed td{border-top:2px solid var(--bad)}tr.failed .outcome{color:var(--bad);font-weight:600}tr.passed .outcome{color:var(--good)}tr.notRun{color:var(--soft)}
.found pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:6px 0}
.device td:first-child{width:14em;color:var(--soft)}
.sign-off{display:grid;grid-template-columns:1fr 1fr 1fr;gap:34px;margin-top:64px}.sign-off p{border-top:1px solid var(--ink);padding-top:6px;font-size:13px;color:var(--soft)}
`;

/** The text of the page. */
export function suitePage(record: SuiteRecord): string {
  const verdict = verdictOf(record);
  const page = markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${titles[verdict].toLowerCase()}: conformance of a ${record.role}</title><style>${new Markup(style + own)}</style></head>
<body><main>
${header(record, verdict)}
${device(record)}
${[...groups(record)].map(([room, checks]) => section(room, checks))}
${signOff()}
<footer>coldframe ${record.version} · conform · ${record.startedAt} · numbers: protocol/PROTOCOL.md, docs/conformance.md</footer>
</main></body></html>
`;
  return page.text;
}

const titles = {
  passed: 'Passed',
  failed: 'Failed',
  hindered: 'Not all of it could be run',
  unavailable: 'No verdict',
} as const;

function header(record: SuiteRecord, verdict: Verdict): Markup {
  const { passed, failed, notRun } = countsOf(record);
  const hindrance = hindranceText(record);
  const unmade = notRun === 0 ? '' : `, ${notRun} not run`;
  return markup`<header class="${verdict === 'passed' ? 'passed' : 'failed'}">
<p class="eyebrow">coldframe <span>conformance of a ${record.role} with the line protocol, version 1</span></p>
<h1><span class="seal" aria-hidden="true">${verdict === 'passed' ? '✓' : '✕'}</span>${titles[verdict]}</h1>
<p class="reason">${counted(passed, 'check')} passed, ${failed} failed${unmade}.${hindrance === undefined ? '' : ` ${hindrance}.`}${record.endedBy === undefined ? '' : ` ${endText(record.endedBy)}`}</p>
<p class="about">${conditions(record)}</p>
<div class="repeat"><span>Repeat</span><code>${record.command}</code></div>
</header>`;
}

function conditions({ isSealed, isDataLossAllowed }: SuiteRecord): string {
  const line = isSealed ? 'On a sealed line' : 'On a line in clear';
  return `${line}, ${isDataLossAllowed ? 'with' : 'without'} the checks that change what the device holds.`;
}

function device({ identity, line, remote, startedAt, version }: SuiteRecord): Markup {
  const rows = {
    ...identity,
    line,
    ...(remote === undefined ? {} : { 'line to the other controller': remote }),
    date: startedAt.slice(0, 16).replace('T', ' ').concat(' UTC'),
    suite: `coldframe ${version}`,
  };
  return markup`<section><h2>Device</h2><table class="device"><tbody>${Object.entries(rows).map(
    ([name, value]) => markup`<tr><td>${name}</td><td>${value}</td></tr>`,
  )}</tbody></table></section>`;
}

function groups({ checks }: SuiteRecord): Map<string, CheckRecord[]> {
  const found = new Map<string, CheckRecord[]>();
  for (const check of checks) {
    const room = rooms[check.number[0] ?? ''] ?? '';
    found.set(room, [...(found.get(room) ?? []), check]);
  }
  return found;
}

function section(room: string, checks: readonly CheckRecord[]): Markup {
  return markup`<section><h2>${room.charAt(0).toUpperCase()}${room.slice(1)}</h2><table>
<thead><tr><th>number</th><th>requirement</th><th>outcome</th><th class="n">took</th></tr></thead>
<tbody>${checks.map(row)}</tbody></table></section>`;
}

const words = { passed: '✓ passed', failed: '✕ failed', notRun: '– not run' } as const;

function row({ number, says, clause, outcome, seconds }: CheckRecord): Markup {
  const source = clause === undefined ? '' : markup` <small>${clause}</small>`;
  return markup`<tr class="${outcome.kind}"><td class="number">${number}</td><td>${says}${source}${details(outcome)}</td><td class="outcome">${words[outcome.kind]}</td><td class="n">${durationText(seconds * 1e6)}</td></tr>
`;
}

function details(outcome: CheckRecord['outcome']): Markup | undefined {
  if (outcome.kind === 'passed')
    return outcome.before === undefined ? undefined : markup`<br><small>${triesText(outcome.before)}</small>`;
  if (outcome.kind === 'notRun') return markup`<br><small>${outcome.reason}</small>`;
  const { expected, came, remedy, frames } = outcome;
  return markup`<div class="found"><p>Expected ${expected}; came ${came}.</p><p>${remedy}</p><pre>${frames.join('\n')}</pre></div>`;
}

function signOff(): Markup {
  return markup`<section><h2>Signed off</h2><div class="sign-off"><p>Name</p><p>Date</p><p>Signature</p></div></section>`;
}
