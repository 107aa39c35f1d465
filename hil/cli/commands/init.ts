/** `coldframe init` */
import type { Command } from 'commander';

const help = `
Two USB adapters or more: a bench of two boards at the first two. None: two models in virtual time, with lines to boards
in comments. Either way the file says what else it may hold, and editors complete and check it by its schema.

Example:
  $ coldframe init my-board.yaml
  $ coldframe doctor --bench my-board.yaml
  $ coldframe run --bench my-board.yaml`;

export function register(program: Command): void {
  program
    .command('init')
    .description('write a bench file for what is plugged in')
    .argument('[file]', 'the file to write', 'bench.yaml')
    .option('--force', 'replace a file that is there')
    .addHelpText('after', help)
    .action(async (file: string, options: { readonly force?: boolean }) => {
      const { writeBenchFile } = await import('../init.js');
      process.stdout.write(await writeBenchFile(file, options));
    });
}
