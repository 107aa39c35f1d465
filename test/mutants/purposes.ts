/**
 * What each check and each class of faults is for, as the mutants tell: those that nothing else finds, and those whose
 * smallest plan needs the class. One that nobody needs would be decoration.
 */
import { faultClassOf } from '../../hil/simulate/coverage.js';
import { linkChecks, pairChecks } from '../../hil/simulate/explore/check-meanings.js';
import { faultRows } from '../../hil/simulate/explore/coverage-table.js';
import { killedOf, type Results } from './results.js';

const namesMax = 4;

/** docs/purposes.md. */
export function purposesOf(results: Results): string {
  const killed = killedOf(results);
  const byCheck = (subject: 'pair' | 'link', checks: readonly string[]) =>
    checks.map((check) => {
      const found = killed.filter((each) => each.subject === subject && each.check === check);
      const alone = found.filter(({ otherwise, earlier }) => otherwise === undefined && !earlier);
      return `| ${check} | ${found.length} | ${alone.length} | ${namesOf(alone.length > 0 ? alone : found)} |`;
    });
  return [
    '# What each check and each class of faults is for',
    '',
    'Reckoned from the campaign of [mutants.md](mutants.md), written with it. A check is switched off, and the small plan',
    'that it failed with runs again: *alone* counts the mutants that no other check notices then. Of a small plan no fault can be',
    'taken out, so switching off the class of a fault in it lets that plan pass. What no mutant needs is told in',
    '[exhaustive.md](exhaustive.md) and `test/corpus/`: findings in the real firmware count as well.',
    '',
    '## Checks of the whole bench',
    '',
    '| check | mutants found | alone | of them |',
    '|---|---|---|---|',
    ...byCheck('pair', Object.keys(pairChecks)),
    '',
    '## Checks of the link',
    '',
    '| check | mutants found | alone | of them |',
    '|---|---|---|---|',
    ...byCheck('link', Object.keys(linkChecks)),
    '',
    '## Classes of faults',
    '',
    '| class | mutants that need it | of them |',
    '|---|---|---|',
    ...classRows(killed),
    '',
  ].join('\n');
}

function classRows(killed: ReturnType<typeof killedOf>): string[] {
  const needs = killed.map(({ name, plan }) => ({ name, classes: new Set(classesOf(plan)) }));
  return [...faultRows, 'look at a power cut', 'look at a second cut', 'look at a rotten byte'].map((row) => {
    const found = needs.filter(({ classes }) => classes.has(row));
    return `| ${row} | ${found.length} | ${namesOf(found)} |`;
  });
}

function classesOf(plan: ReturnType<typeof killedOf>[number]['plan']): string[] {
  if ('subject' in plan) return plan.faults.map(({ effect }) => `line ${effect.kind}`);
  const { crash, faults } = plan;
  const looks = [
    ...(crash === undefined ? [] : ['look at a power cut']),
    ...(crash?.again === undefined ? [] : ['look at a second cut']),
    ...(crash?.rot === undefined ? [] : ['look at a rotten byte']),
  ];
  return [...faults.map(faultClassOf), ...looks];
}

function namesOf(found: readonly { readonly name: string }[]): string {
  const names = found.slice(0, namesMax).map(({ name }) => name);
  return [...names, ...(found.length > namesMax ? ['…'] : [])].join(', ');
}
