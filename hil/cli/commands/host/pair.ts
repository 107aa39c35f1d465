/** `coldframe host suspend`, `resync`, `takeover`, `failback`: instructions that change the state of the pair. */
import type { Command } from 'commander';
import type { HostClient } from '../../../../host/client.js';
import type { MessageNamed } from '../../../../protocol/message/messages.js';
import { type HostOptions, hostCommand, withHost } from '../../host-command.js';

export function register(host: Command): void {
  hostCommand(host, 'suspend', 'stop sending, until resync (at main)')
    .addHelpText('after', '\nExample:\n  $ coldframe host suspend --line tcp://127.0.0.1:7001')
    .action((options: HostOptions) => instruct(options, 'suspend', (client) => client.suspend()));
  hostCommand(host, 'resync', 'bring a suspended pair back (at main)')
    .addHelpText(
      'after',
      '\nOnly the difference is sent.\n\nExample:\n  $ coldframe host resync --line tcp://127.0.0.1:7001',
    )
    .action((options: HostOptions) => instruct(options, 'resync', (client) => client.resync()));
  hostCommand(host, 'takeover', 'make the committed image readable and writable (at the sub)')
    .option('--force', 'also when the main side is alive')
    .addHelpText('after', '\nExample: main is gone\n  $ coldframe host takeover --line tcp://127.0.0.1:7002')
    .action((options: HostOptions & { readonly force?: boolean }) =>
      instruct(options, 'takeover', (client) => client.takeover(options.force === true)),
    );
  hostCommand(host, 'failback', 'after a takeover: send the difference back to main (at the sub)')
    .option('--discard', 'give up writes of main that were never sent')
    .addHelpText('after', '\nExample: main is back\n  $ coldframe host failback --line tcp://127.0.0.1:7002 --discard')
    .action((options: HostOptions & { readonly discard?: boolean }) =>
      instruct(options, 'failback', (client) => client.failback(options.discard === true)),
    );
}

async function instruct(
  options: HostOptions,
  name: string,
  give: (client: HostClient) => Promise<MessageNamed<'done'>>,
): Promise<void> {
  const { effect, epoch, generation } = await withHost(options, give);
  const what = effect ? `${name} done` : `${name}: nothing to change`;
  process.stdout.write(`${what}; epoch ${epoch}, generation ${generation}\n`);
}
