/**
 * The checks of a run as JUnit XML, valid against both schemas in use: Ant's (windyroad/JUnit-Schema) and Jenkins'.
 */
import { type Markup, markup } from './markup.js';
import type { CheckRecord, RunRecord } from './run-record.js';
import { summarize } from './summary.js';

/** The text of `junit.xml`. A run that could not be judged counts as one error. */
export function junitXml(record: RunRecord): string {
  const unjudged = record.verdict === 'unavailable' || record.verdict === 'interrupted';
  const cases = record.checks.map((check) => testCase(record, check));
  if (unjudged) cases.push(unjudgedCase(record));
  const failures = record.checks.filter(({ verdict }) => verdict === 'failed').length;
  const document = markup`<testsuites>
  <testsuite name="${record.title.trim() || record.runId}" package="coldframe" id="0" timestamp="${record.startedAt.slice(0, 19)}" hostname="${record.bench}" tests="${cases.length}" failures="${failures}" errors="${unjudged ? 1 : 0}" time="${seconds(record.durationUs / 1e6)}">
    <properties>${properties(record)}
    </properties>${cases}
    <system-out>${outputText(record)}</system-out>
    <system-err></system-err>
  </testsuite>
</testsuites>
`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${document.text}`;
}

function properties(record: RunRecord): Markup[] {
  const values = { run: record.runId, command: record.command, seed: String(record.seed), method: record.method };
  return Object.entries(values).map(
    ([name, value]) => markup`
      <property name="${name}" value="${value}"/>`,
  );
}

/** Neither schema has an element for a flaky check: its name says so, and the output of the suite has what was found. */
function testCase(record: RunRecord, { name, verdict, seconds: time, details, tries }: CheckRecord): Markup {
  const flaky = verdict === 'flaky' ? ` (flaky: passed at try ${tries})` : '';
  const about = markup`name="${name || 'check'}${flaky}" classname="${className(record)}" time="${seconds(time)}"`;
  if (verdict !== 'failed')
    return markup`
    <testcase ${about}/>`;
  const message = details.split('\n')[0] ?? '';
  return markup`
    <testcase ${about}>
      <failure message="${message}" type="check">${details}</failure>
    </testcase>`;
}

function unjudgedCase(record: RunRecord): Markup {
  const { word, reason } = summarize(record);
  return markup`
    <testcase name="the run comes to a verdict" classname="${className(record)}" time="0.000">
      <error message="${word}: ${reason}" type="${record.verdict}"></error>
    </testcase>`;
}

const className = (record: RunRecord): string => `coldframe.${record.bench}.${record.method}`;
const seconds = (value: number): string => value.toFixed(3);

function outputText(record: RunRecord): string {
  const { word, reason, about } = summarize(record);
  const capture = record.capture === undefined ? '' : `capture: ${record.capture}\n`;
  const flaky = record.checks.filter(({ verdict }) => verdict === 'flaky');
  const found = flaky.map(({ name, details }) => `flaky: ${name}\n${details}\n`).join('');
  return `${about}\n${word}: ${reason}\nrepeat: ${record.command}\n${capture}${found}`;
}
