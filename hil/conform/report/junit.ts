/** The result of the suite as JUnit XML, in the form of Ant’s and Jenkins’ schemas. */
import { type Markup, markup } from '../../report/markup.js';
import { type CheckRecord, countsOf, endText, type SuiteRecord, triesText } from '../suite-record.js';

/** The text of the file. Checks that were not run are skipped, with the reason; those that the state of the device has hindered are errors. */
export function suiteJunit(record: SuiteRecord): string {
  const { failed, notRun, hindered } = countsOf(record);
  const time = record.checks.reduce((sum, { seconds }) => sum + seconds, 0);
  const ended = record.endedBy === undefined ? 0 : 1;
  const document = markup`<testsuites>
  <testsuite name="coldframe conform ${record.role}" package="coldframe" id="0" timestamp="${record.startedAt.slice(0, 19)}" hostname="${record.line}" tests="${record.checks.length + ended}" failures="${failed}" errors="${hindered + ended}" skipped="${notRun - hindered}" time="${time.toFixed(3)}">
    <properties>${properties(record)}
    </properties>${record.checks.map((check) => testCase(record, check))}${endCase(record)}
    <system-out>repeat: ${record.command}
</system-out>
    <system-err></system-err>
  </testsuite>
</testsuites>
`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${document.text}`;
}

function properties({ identity, version, command }: SuiteRecord): Markup[] {
  const values = { version, command, ...identity };
  return Object.entries(values).map(
    ([name, value]) => markup`
      <property name="${name}" value="${value}"/>`,
  );
}

/** A run that ended early is no run that passed. */
function endCase({ role, endedBy }: SuiteRecord): Markup | undefined {
  if (endedBy === undefined) return undefined;
  return markup`
    <testcase name="all checks are made" classname="coldframe.conform.${role}" time="0.000">
      <error message="${endText(endedBy)}" type="${endedBy.code}"></error>
    </testcase>`;
}

function testCase({ role }: SuiteRecord, { number, says, outcome, seconds }: CheckRecord): Markup {
  const about = markup`name="${number} ${says}" classname="coldframe.conform.${role}" time="${seconds.toFixed(3)}"`;
  switch (outcome.kind) {
    case 'passed':
      if (outcome.before !== undefined)
        return markup`
    <testcase ${about}>
      <system-out>${triesText(outcome.before)}</system-out>
    </testcase>`;
      return markup`
    <testcase ${about}/>`;
    case 'notRun':
      if (outcome.isHindered === true)
        return markup`
    <testcase ${about}>
      <error message="${outcome.reason}" type="state">${outcome.reason}</error>
    </testcase>`;
      return markup`
    <testcase ${about}>
      <skipped message="${outcome.reason}"/>
    </testcase>`;
    default: {
      const { expected, came, remedy, frames } = outcome;
      const details = [`expected: ${expected}`, `came: ${came}`, `do: ${remedy}`, ...frames].join('\n');
      return markup`
    <testcase ${about}>
      <failure message="expected ${expected}; came ${came}" type="conformance">${details}</failure>
    </testcase>`;
    }
  }
}
