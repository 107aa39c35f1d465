/** What a simulation found and covered, in lines for people. */
import { counted, durationText } from '../report/quantity.js';
import { linkChecks, pairChecks } from '../simulate/explore/check-meanings.js';
import { coverageTable, linkCoverageLines } from '../simulate/explore/coverage-table.js';
import type { Exploration } from '../simulate/explore/exploration.js';
import { type RunSettings, type SubjectViolation, subjects } from '../simulate/explore/subject.js';
import type { KeptFinding } from './sim-finding.js';

/** "VIOLATION newest at 1.2 s", and what it is. */
export function violationText({ check, detail, atUs }: SubjectViolation): string[] {
  const told = detail.startsWith(`${check}: `) ? detail.slice(check.length + 2) : detail;
  return [
    `VIOLATION  ${check}, at ${durationText(atUs)} of virtual time`,
    ...told.split('\n').map((line) => `  ${line}`),
  ];
}

/** A finding with the lines that repeat it. */
export function findingText({ subject, seed, violation, file, unsaved, shrunk, story, repeat }: KeptFinding): string[] {
  const size =
    shrunk === undefined
      ? 'as it was'
      : `${counted(shrunk.operations, 'operation')} and ${counted(shrunk.faults, 'fault')}, in ${counted(shrunk.runs, 'run')}`;
  return [
    ...violationText(violation),
    `  ${subject}, seed ${seed}; plan: ${file ?? `not saved, ${unsaved}`} (${size})`,
    ...(story === undefined ? [] : ['', ...story.trimEnd().split('\n')]),
    '',
    ...repeat.map((line, index) => `${index === 0 ? 'repeat:' : '    or:'} ${line}`),
  ];
}

/** The end of an exploration. Nothing in it depends on the machine. */
export function summaryText(exploration: Exploration, settings: RunSettings, end: 'ended' | 'interrupted'): string[] {
  const { findings, events, crashImages, virtualUs, applied, coverage, plans } = exploration;
  const found = findings.length === 0 ? 'no violation' : counted(findings.length, 'violation');
  const met = Object.keys(coverage.pair).length;
  return [
    `${end === 'interrupted' ? 'interrupted: ' : ''}${found} in ${plansText(exploration)}`,
    `  ${counted(events, 'event')}, ${counted(applied, 'fault')}, ${counted(crashImages, 'crash image')}, ${durationText(virtualUs)} of virtual time`,
    ...(plans.pair === 0
      ? []
      : [
          '',
          `Pair: faults by the state of the controller that they met; ${counted(met, 'combination')} of fault, state and area`,
          ...coverageTable(coverage.pair),
        ]),
    ...(plans.link === 0 ? [] : ['', 'Link: faults and what came of them', ...linkCoverageLines(coverage.link)]),
    '',
    checksText(exploration, settings),
  ];
}

function plansText({ plans, planCount, lastSeed }: Exploration): string {
  const each = subjects
    .filter((subject) => plans[subject] > 0)
    .map((subject) => counted(plans[subject], `${subject} plan`));
  return planCount === 0 ? 'no plan' : `${each.join(' and ')}, the last of seed ${lastSeed}`;
}

function checksText({ plans }: Exploration, { withoutChecks, without, crashEvery }: RunSettings): string {
  const names = [
    ...(plans.pair > 0 ? Object.keys(pairChecks) : []),
    ...(plans.link > 0 ? [...Object.keys(linkChecks), 'pure'] : []),
  ];
  const on = new Set(names.filter((name) => !(withoutChecks as readonly string[]).includes(name)));
  const off = withoutChecks.length === 0 ? '' : `; off: ${withoutChecks.join(', ')}`;
  const classes = without.length === 0 ? '' : `; without faults of class ${without.join(', ')}`;
  const crashes = crashEvery === 0 ? '; no crash images' : '';
  return `${counted(on.size, 'check')} on${off}${classes}${crashes}`;
}
