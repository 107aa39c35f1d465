/** What a campaign against the mutants found, and the document of it. */
import { join } from 'node:path';
import { repository } from './apply.js';
import type { Hunted } from './hunt.js';
import { mutants } from './mutants.js';

/** By the name of the mutant. `hung`: the firmware came back from no event any more. */
export type Results = Record<string, Hunted | { readonly kind: 'hung'; readonly seconds: number }>;

export const resultsFile = join(repository, 'test/mutants/results.json');

/** docs/mutants.md. */
export function tableOf(results: Results): string {
  const rows = mutants.map(({ name, harm, author }) => rowOf(name, harm, author, results[name]));
  const killed = Object.values(results).filter(({ kind }) => kind !== 'survived');
  return [
    '# Mutants',
    '',
    'Mistakes that firmware engineers make, written by hand (`test/mutants/`), each hunted by the simulator with its general',
    'checks under random seeds, from seed 1 on. Author `a` had not looked at the checks. Seconds are processor time until the',
    'first plan that fails; plans are shrunk afterwards and lie in `test/mutants/results.json` (`coldframe sim --replay` on',
    'a copy with the mutant in it: `node dist/test/mutants/apply.js NAME FOLDER`). Written by `npm run mutants`.',
    '',
    `${killed.length} of ${Object.keys(results).length} killed${mediansOf(results)}. Those alive lived through 150 to 160 plans, the`,
    'others of the list have not been hunted yet: the campaign goes on where it stopped, and `--plans N` hunts for longer.',
    '',
    '| mutant | by | harm | found by | plan | seconds | operations | faults |',
    '|---|---|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function rowOf(name: string, harm: string, author: string, result: Results[string] | undefined): string {
  const start = `| ${name} | ${author} | ${harm.replaceAll('|', '\\|')} |`;
  if (result === undefined) return `${start} not hunted | | | | |`;
  if (result.kind === 'hung') return `${start} the watchdog: it hangs | | ${result.seconds} | | |`;
  const seconds = (result.cpuMs / 1000).toFixed(1);
  if (result.kind === 'survived') return `${start} **alive** | ${result.plans} | ${seconds} | | |`;
  const { operations, faults } = result.plan;
  const cut = 'crash' in result.plan && result.plan.crash !== undefined ? 1 : 0;
  return `${start} ${result.subject}: ${result.check} | ${result.plans} | ${seconds} | ${operations.length} | ${faults.length + cut} |`;
}

function mediansOf(results: Results): string {
  const plans = Object.values(results).flatMap((each) =>
    each.kind === 'killed' && each.subject === 'pair' ? [each.plan] : [],
  );
  if (plans.length === 0) return '';
  const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1];
  const operations = median(plans.map((plan) => plan.operations.length));
  const faults = median(
    plans.map((plan) => plan.faults.length + ('crash' in plan && plan.crash !== undefined ? 1 : 0)),
  );
  return `; shrunk plans of the whole bench have ${operations} operations and ${faults} faults in the median, a look at a power cut counted as one`;
}
