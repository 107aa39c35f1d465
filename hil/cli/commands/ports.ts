/** `coldframe ports` */
import type { Command } from 'commander';

const help = `
Each port is shown by the name that stays with the adapter, as an address for --line, --host and --remote, with
what will get in the way, such as a slow latency timer or missing permissions.

Example:
  $ coldframe ports`;

export function register(program: Command): void {
  program
    .command('ports')
    .description('list the serial ports of this computer')
    .addHelpText('after', help)
    .action(async () => {
      const { formatPorts, listPorts } = await import('../../run/ports.js');
      process.stdout.write(formatPorts(await listPorts()));
    });
}
