/** `coldframe demo` */

import { join } from 'node:path';
import type { Command } from 'commander';
import type { DemoRun } from '../../job/demo.js';
import { takesColour } from '../terminal.js';

const help = `
Shows each of the three methods once, on models in virtual time: no hardware, no files to prepare, a few seconds.

Example:
  $ coldframe demo`;

export function register(program: Command): void {
  program
    .command('demo')
    .description('see each method at work, without any hardware')
    .option('--out <folder>', 'where the reports go', join('coldframe-out', 'demo'))
    .addHelpText('after', help)
    .action(async ({ out }: { readonly out: string }) => {
      process.exitCode = await showDemo(out);
    });
}

async function showDemo(folder: string): Promise<number> {
  const { runDemo } = await import('../../job/demo.js');
  const { comparison, introduction, methodText, painter, whatNext } = await import('../demo-text.js');
  const paint = painter(takesColour(process.stdout));
  const print = (lines: readonly string[]) => process.stdout.write(`${lines.join('\n')}\n`);
  const runs: DemoRun[] = [];
  print(introduction(paint));
  for await (const run of runDemo(folder)) {
    runs.push(run);
    print(methodText(run, paint));
  }
  print(comparison(runs, paint));
  print(whatNext(runs, paint));
  return runs.every(({ record }) => record.verdict === 'passed') ? 0 : 1;
}
