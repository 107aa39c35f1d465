/** `coldframe host status` */
import type { Command } from 'commander';
import type { Status } from '../../../../host/status.js';
import type { RefusalCode } from '../../../../protocol/refusals.js';
import { refusals } from '../../../../protocol/refusals.js';
import { bytesText, countText, durationText } from '../../../report/quantity.js';
import { type HostOptions, hostCommand, withHost } from '../../host-command.js';

const help = `
Either controller answers, each as it sees the pair. The fields of --json are described in docs/status.schema.json.

Example:
  $ coldframe host status --line tcp://127.0.0.1:7001 --json | jq .generation.committed`;

export function register(host: Command): void {
  hostCommand(host, 'status', 'the state of a controller and its pair')
    .option('--json', 'as JSON')
    .addHelpText('after', help)
    .action(async (options: HostOptions & { readonly json?: boolean }) => {
      const { statusOf } = await import('../../../../host/status.js');
      const status = statusOf(await withHost(options, (client) => client.status()));
      process.stdout.write(options.json === true ? `${JSON.stringify(status)}\n` : statusText(status));
    });
}

/** For people: a name and a value in each line. */
export function statusText(status: Status): string {
  const { generation, progress, shadow } = status;
  const area = status.role === 'main' ? 'shadow' : 'staging';
  const rows: readonly (readonly [string, string])[] = [
    ['role', status.role],
    ['pair', `${status.pairState}${because(status.reason)}, epoch ${status.epoch}, id ${status.pair}`],
    ['method', `${status.method}, blocks of ${bytesText(status.blockBytes)}`],
    ['volumes', status.volumes.map((bytes) => bytesText(bytes)).join(', ')],
    [
      'generation',
      `frozen ${generation.frozen}, committed ${generation.committed}, structured ${generation.structured}`,
    ],
    ...(generation.failed === 0
      ? []
      : [['failed', `generation ${generation.failed}${because(generation.failedReason)}`] as const]),
    ['sent', `${countText(progress.blocksSent)} of ${countText(progress.blocksTotal)} blocks`],
    ['waiting', waitingText(progress)],
    [area, `${countText(shadow.slotsFree)} of ${countText(shadow.slots)} blocks free`],
    ['longest stall', durationText(status.hostStallMsMax * 1000)],
    [
      'lines',
      status.lines.map(({ name, up, refused }) => `${name} ${up ? 'up' : 'down'}${because(refused)}`).join(', '),
    ],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('');
}

function waitingText({ deferredBlocks, changedBlocks, unstructuredBlocks }: Status['progress']): string {
  const counts = [`${countText(deferredBlocks)} deferred`, `${countText(changedBlocks)} changed`];
  return `${[...counts, `${countText(unstructuredBlocks)} not yet structured`].join(', ')} blocks`;
}

function because(reason: string | number | null): string {
  if (reason === null) return '';
  if (typeof reason === 'number') return ` (${reason}: a reason that this version does not know)`;
  return reason in refusals ? ` (${reason}: ${refusals[reason as RefusalCode].meaning})` : ` (${reason})`;
}
