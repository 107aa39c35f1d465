/** `coldframe host freeze` */
import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { runHook } from '../../../run/hooks.js';
import { type HostOptions, hostCommand, withHost } from '../../host-command.js';

const help = `
Prints the number of the new generation. The image holds every write that was acknowledged before.

Examples:
  $ coldframe host freeze --line tcp://127.0.0.1:7001
  $ coldframe host freeze --line tcp://127.0.0.1:7001 --quiesce 'fsfreeze -f /mnt' --resume 'fsfreeze -u /mnt'`;

export function register(host: Command): void {
  hostCommand(host, 'freeze', 'keep the image of this instant and send it to the sub')
    .option('--quiesce <command>', 'shell command to run before')
    .option('--resume <command>', 'shell command to run after the answer, in any case')
    .option('--json', 'the answer as JSON: {"generation":1,"epoch":1,"included":[]}')
    .addHelpText('after', help)
    .action(async (options: FreezeOptions) => {
      const frozen = await withHost(options, async (client) => {
        try {
          await runHook('quiesce', options.quiesce);
          return await client.freeze(randomBytes(16));
        } finally {
          await runHook('resume', options.resume);
        }
      });
      const { generation, epoch, included } = frozen;
      process.stdout.write(`${options.json === true ? JSON.stringify({ generation, epoch, included }) : generation}\n`);
    });
}

interface FreezeOptions extends HostOptions {
  readonly quiesce?: string;
  readonly resume?: string;
  readonly json?: boolean;
}
