/**
 * What each check and each class of faults is for, as the mutants and the plans of the corpus tell: those that stay alive
 * without it. One that nobody needs would be decoration.
 */
import { join } from 'node:path';
import { linkChecks, pairChecks } from '../../hil/simulate/explore/check-meanings.js';
import { faultRows } from '../../hil/simulate/explore/coverage-table.js';
import { subjectOf } from '../../hil/simulate/explore/subject.js';
import { type CorpusEntry, readCorpus } from '../hil/simulate/read-corpus.js';
import { repository } from './apply.js';
import { classesOf, looks } from './needs.js';
import { killedOf, type Results } from './results.js';

const namesMax = 4;
/** What a plan of the corpus says that found the oracle or the bench wrong. */
const notTheFirmwares = 'a mistake of the';

/** docs/purposes.md. */
export function purposesOf(results: Results): string {
  const killed = killedOf(results);
  const corpus = readCorpus(join(repository, 'test/corpus')).filter(({ found }) => !found.includes(notTheFirmwares));
  const byCheck = (subject: 'pair' | 'link', check: string) => {
    const found = killed.filter((each) => each.subject === subject && each.check === check);
    const needing = killed.filter((each) => each.subject === subject && each.needs?.checks.includes(check));
    const real = corpus.filter((each) => subjectOf(each.plan) === subject && each.found.includes(`(check ${check},`));
    const names = namesOf(needing.length > 0 ? needing : found);
    return `| ${check} | ${found.length} | ${needing.length} | ${names} | ${namesOf(real)} |`;
  };
  return [
    ...heading(killed),
    '',
    '## Checks of the whole bench',
    '',
    '| check | found first | only it finds | of them | found in the real firmware by it |',
    '|---|---|---|---|---|',
    ...Object.keys(pairChecks).map((check) => byCheck('pair', check)),
    '',
    '## Checks of the link',
    '',
    '| check | found first | only it finds | of them | found in the real firmware by it |',
    '|---|---|---|---|---|',
    ...Object.keys(linkChecks).map((check) => byCheck('link', check)),
    '',
    '## Classes of faults',
    '',
    '| class | in the smallest plan | only with it | of them | found in the real firmware with it |',
    '|---|---|---|---|---|',
    ...classRows(killed, corpus),
    '',
  ].join('\n');
}

function heading(killed: readonly Killed[]): string[] {
  const measured = killed.filter(({ needs }) => needs !== undefined).length;
  return [
    '# What each check and each class of faults is for',
    '',
    'Reckoned from the campaign of [mutants.md](mutants.md), written with it. *Only it finds*, *only with it*: when a plan has',
    'found a mutant, up to 400 further seeds of the same subject are run, and each plan that fails runs again without its check,',
    'and without each class of faults in it; counted are the mutants of which no plan fails then (and the smallest has the class). A check that is off ends no',
    `run, so that others can still find what it would have found. ${measured} of ${killed.length} killed mutants are measured so; the rest were hunted`,
    'earlier, and count as *found first* and *in the smallest plan*: the shrunk one, of which no fault can be taken out. What was',
    'found in the real firmware lies in `test/corpus/`, each plan with a sentence on what it was.',
  ];
}

type Killed = ReturnType<typeof killedOf>[number];

function classRows(killed: readonly Killed[], plans: readonly CorpusEntry[]): string[] {
  const withClasses = ({ name, plan }: Pick<Killed | CorpusEntry, 'name' | 'plan'>) => {
    return { name, classes: classesOf(plan, 'subject' in plan ? undefined : plan.crash) };
  };
  const [corpus, smallest] = [plans.map(withClasses), killed.map(withClasses)];
  return [...faultRows, 'tampering', 'link restart', ...looks].map((row) => {
    const has = ({ classes }: { readonly classes: readonly string[] }) => classes.includes(row);
    const inSmallest = new Set(smallest.filter(has).map(({ name }) => name));
    const needing = killed.filter(({ name, needs }) => needs?.classes.includes(row) && inSmallest.has(name));
    const counts = `${inSmallest.size} | ${needing.length}`;
    const names = namesOf(needing.length > 0 ? needing : smallest.filter(has));
    return `| ${row} | ${counts} | ${names} | ${namesOf(corpus.filter(has))} |`;
  });
}

function namesOf(found: readonly { readonly name: string }[]): string {
  const names = found.slice(0, namesMax).map(({ name }) => name);
  return [...names, ...(found.length > namesMax ? ['…'] : [])].join(', ');
}
