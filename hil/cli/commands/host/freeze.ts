/** `coldframe host freeze` */
import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import type { Frozen, HostClient } from '../../../../host/client.js';
import { RefusalError } from '../../../../protocol/refusals.js';
import { runHook } from '../../../run/hooks.js';
import { type HostOptions, hostCommand, withHost } from '../../host-command.js';
import { reportError } from '../../report-error.js';

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
      const { generation, epoch, included } = await withHost(options, (client) => freeze(client, options));
      process.stdout.write(`${options.json === true ? JSON.stringify({ generation, epoch, included }) : generation}\n`);
    });
}

interface FreezeOptions extends HostOptions {
  readonly quiesce?: string;
  readonly resume?: string;
  readonly json?: boolean;
}

/** Freezes between the two hooks. What becomes of the second one never hides what became of the freeze. */
async function freeze(client: HostClient, { quiesce, resume }: FreezeOptions): Promise<Frozen> {
  let frozen: Frozen;
  try {
    await runHook('quiesce', quiesce);
    frozen = await client.freeze(randomBytes(16));
  } catch (error) {
    await runHook('resume', resume).catch((failed: unknown) => reportError(failed, false));
    throw error;
  }
  try {
    await runHook('resume', resume);
  } catch (error) {
    if (!(error instanceof RefusalError)) throw error;
    const { code, detail } = error.refusal;
    throw new RefusalError(code, `${detail}; generation ${frozen.generation} is frozen`);
  }
  return frozen;
}
