/** `coldframe host wait` */
import type { Command } from 'commander';
import { RefusalError } from '../../../../protocol/refusals.js';
import { numberWithin, oneOf, wholeNumber } from '../../arguments.js';
import { type HostOptions, hostCommand, withHost } from '../../host-command.js';

const targets = ['committed', 'structured'] as const;
const secondsMax = 2 ** 31 / 1000 - 1;
const silenceMsDefault = 10_000;

const help = `
committed: the sub has durably decided that this generation is the image. structured: its secondary area equals the
image byte for byte. Exit code 1 when the generation failed, or when it takes longer than --timeout.

Example:
  $ coldframe host wait --line tcp://127.0.0.1:7001 --generation 1 --for structured --timeout 60`;

export function register(host: Command): void {
  hostCommand(host, 'wait', 'wait until a generation is committed or structured')
    .requiredOption('--generation <number>', 'the generation', wholeNumber(1))
    .option('--for <state>', targets.join(' or '), oneOf(targets), 'committed')
    .option('--timeout <seconds>', 'how long at most', numberWithin(0.001, secondsMax))
    .addHelpText('after', help)
    .action(async (options: WaitOptions) => {
      const { generation, for: target, timeout } = options;
      const timeoutMs = timeout === undefined ? undefined : timeout * 1000;
      const silenceMsMax = Math.min(silenceMsDefault, timeoutMs ?? silenceMsDefault);
      await withHost(options, (client) => within(client.wait(generation, target), timeoutMs, target), { silenceMsMax });
      process.stdout.write(`generation ${generation} is ${target}\n`);
    });
}

interface WaitOptions extends HostOptions {
  readonly generation: number;
  readonly for: (typeof targets)[number];
  readonly timeout?: number;
}

async function within(work: Promise<void>, timeoutMs: number | undefined, target: string): Promise<void> {
  if (timeoutMs === undefined) return work;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const refusal = new RefusalError('timed-out', `not ${target} within ${timeoutMs / 1000} s`);
    timer = setTimeout(() => reject(refusal), timeoutMs);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
