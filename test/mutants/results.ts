/** What a campaign against the mutants found, and the documents of it. */
import { join } from 'node:path';
import { repository } from './apply.js';
import type { Hunted } from './hunt.js';
import { mutants } from './mutants.js';
import { planText } from './plan-text.js';

/**
 * By the name of the mutant. `hung`: the firmware came back from no event any more. `earlier`: hunted before the seeds, the
 * checks or the firmware became what they are now; its seed may find nothing any more.
 */
export type Results = Record<
  string,
  (Hunted | { readonly kind: 'hung'; readonly seconds: number }) & { readonly earlier?: true }
>;
type Killed = Extract<Hunted, { readonly kind: 'killed' }>;

export const resultsFile = join(repository, 'test/mutants/results.json');

/** docs/mutants.md. */
export function tableOf(results: Results): string {
  const rows = mutants.map(({ name, harm, author }) => rowOf(name, harm, author, results[name]));
  const killed = Object.values(results).filter(({ kind }) => kind !== 'survived');
  return [
    '# Mutants',
    '',
    'Mistakes that firmware engineers make, written by hand (`test/mutants/`), each hunted by the simulator with its general',
    'checks under random seeds, from seed 1 on: three of the whole bench and then one of the link alone, or only of the link for a',
    'mutant of it (`--link`). Author `a` had not looked at the checks. Seconds are processor time until the',
    'first plan that fails; plans are shrunk afterwards and lie in `test/mutants/results.json` (`coldframe sim --replay` on',
    'a copy with the mutant in it: `node dist/test/mutants/apply.js NAME FOLDER`). Written by `npm run mutants`.',
    '',
    `${killed.length} of ${Object.keys(results).length} killed${mediansOf(results)}. Those with † were hunted with an earlier`,
    'state of plans, checks and firmware: seconds and seeds are of then. What is not hunted yet `npm run mutants` goes on with.',
    '',
    '| mutant | by | harm | found by | plan | seconds | shrunk to |',
    '|---|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function rowOf(name: string, harm: string, author: string, result: Results[string] | undefined): string {
  const cells = (...texts: readonly string[]) => `| ${texts.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
  if (result === undefined) return cells(name, author, harm, 'not hunted', '', '', '');
  if (result.kind === 'hung') return cells(name, author, harm, 'the watchdog: it hangs', '', `${result.seconds}`, '');
  const seconds = `${(result.cpuMs / 1000).toFixed(1)}${result.earlier ? ' †' : ''}`;
  if (result.kind === 'survived') return cells(name, author, harm, '**alive**', `${result.plans}`, seconds, '');
  const by = `${result.subject}: ${result.check}`;
  return cells(name, author, harm, by, `${result.plans}`, seconds, planText(result.plan));
}

/** All that were killed, by the name of the mutant. */
export function killedOf(results: Results): (Killed & { readonly name: string; readonly earlier?: true })[] {
  return Object.entries(results).flatMap(([name, each]) => (each.kind === 'killed' ? [{ name, ...each }] : []));
}

function mediansOf(results: Results): string {
  const plans = killedOf(results).flatMap(({ plan }) => ('subject' in plan ? [] : [plan]));
  if (plans.length === 0) return '';
  const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1];
  const operations = median(plans.map((plan) => plan.operations.length));
  const faults = median(plans.map((plan) => plan.faults.length + (plan.crash === undefined ? 0 : 1)));
  return `; shrunk plans of the whole bench have ${operations} operations and ${faults} faults in the median, a look at a power cut counted as one`;
}
