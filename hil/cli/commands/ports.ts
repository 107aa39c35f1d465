/** `coldframe ports` */
import type { Command } from 'commander';

const help = `
Each port is shown by the name that stays with the adapter, as an address for --line, --host and --remote, with
what will get in the way: a slow latency timer, missing permissions, another process. With --json the same as a list of
objects: path, byIdPath, manufacturer, product, serialNumber, driver, vendorId, productId, latencyTimerMs, users, warnings.

Examples:
  $ coldframe ports
  $ coldframe ports --json`;

export function register(program: Command): void {
  program
    .command('ports')
    .description('list the serial ports of this computer')
    .option('--json', 'as JSON')
    .addHelpText('after', help)
    .action(async ({ json }: { readonly json?: boolean }) => {
      const { formatPorts, listPorts } = await import('../../run/ports.js');
      const ports = await listPorts();
      process.stdout.write(json === true ? `${JSON.stringify(ports)}\n` : formatPorts(ports));
    });
}
