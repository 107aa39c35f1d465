/** `coldframe host verify` */
import type { Command } from 'commander';
import { type HostOptions, hostCommand, withHost } from '../../host-command.js';

const help = `
Asks for digests of ever smaller ranges: a volume that matches moves a few hundred bytes over the line. Exit code 1
with the wrong ranges when it does not match; --full says of each wrong block what it holds instead.

Example:
  $ coldframe golden record --image vol.img --out vol.golden
  $ coldframe host verify --line tcp://127.0.0.1:7002 --golden vol.golden`;

export function register(host: Command): void {
  hostCommand(host, 'verify', 'hold the volumes against a golden image')
    .requiredOption('--golden <file>', 'the golden image')
    .option('--full', 'read everything back')
    .addHelpText('after', help)
    .action(async (options: VerifyOptions) => {
      const { loadGolden } = await import('../../../../host/golden/golden-file.js');
      const { verifyVolumes } = await import('../../verify-volumes.js');
      const golden = await loadGolden(options.golden);
      const lines = await withHost(options, (client) => verifyVolumes(client, golden, options.full === true));
      process.stdout.write(lines.map((line) => `${line}\n`).join(''));
    });
}

interface VerifyOptions extends HostOptions {
  readonly golden: string;
  readonly full?: boolean;
}
