/** `coldframe host verify` */
import type { Command } from 'commander';
import type { HostClient } from '../../../../host/client.js';
import { type AskDigests, type Verification, verifyGolden } from '../../../../host/golden/bisect.js';
import { blocksOf, type Golden } from '../../../../host/golden/golden.js';
import { loadGolden } from '../../../../host/golden/golden-file.js';
import type { MessageNamed } from '../../../../protocol/message/messages.js';
import { RefusalError } from '../../../../protocol/refusals.js';
import { counted } from '../../../report/quantity.js';
import { type HostOptions, hostCommand, withHost } from '../../host-command.js';
import { readBack } from '../../read-back.js';
import { spansText } from '../../spans-text.js';

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
      const golden = await loadGolden(options.golden);
      const lines = await withHost(options, (client) => verify(client, golden, options.full === true));
      process.stdout.write(lines.map((line) => `${line}\n`).join(''));
    });
}

interface VerifyOptions extends HostOptions {
  readonly golden: string;
  readonly full?: boolean;
}

/** Lines to print when all is right; otherwise prints what is wrong and throws `golden-mismatch`. */
async function verify(client: HostClient, golden: Golden, full: boolean): Promise<string[]> {
  const status = await client.status();
  checkGroup(golden, status);
  const of = status.role === 'sub' ? status.committed : 0;
  const what = of === 0 ? 'newest data' : `generation ${of}`;
  if (full) {
    const { wrong, explanations } = await readBack(client, golden);
    if (wrong.length === 0) return [`every byte of ${what} is the golden image`];
    throw mismatch([...spansText(wrong, golden.blockBytes), ...explanations], wrong.length);
  }
  const found = await verifyGolden(golden, askOf(client, of));
  if (found.wrong.length === 0) return [`${what} is the golden image (${counted(found.requests, 'request')})`];
  throw mismatch(linesOf(found, golden.blockBytes), found.wrong.length);
}

function askOf(client: HostClient, of: number): AskDigests {
  return ({ volume, first, count, partBlocks }) => client.digests(volume, { first, count, partBlocks, of });
}

function checkGroup(golden: Golden, { blockBytes, volumes }: MessageNamed<'status'>): void {
  if (golden.blockBytes !== blockBytes) {
    throw new RefusalError('block-size-mismatch', `golden ${golden.blockBytes}, controller ${blockBytes} bytes`);
  }
  const blocks = volumes.map((bytes) => Math.ceil(bytes / blockBytes)).join();
  const goldenBlocks = golden.volumes.map((_, volume) => blocksOf(golden, volume)).join();
  if (blocks !== goldenBlocks) {
    throw new RefusalError('volume-mismatch', `golden [${goldenBlocks}], controller [${blocks}] blocks`);
  }
}

function linesOf({ wrong, unresolved }: Verification, blockBytes: number): string[] {
  const more =
    unresolved.length === 0 ? [] : ['and more, not looked into, within:', ...spansText(unresolved, blockBytes)];
  return [...spansText(wrong, blockBytes), ...more];
}

function mismatch(lines: readonly string[], ranges: number): RefusalError {
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  return new RefusalError('golden-mismatch', counted(ranges, 'wrong range'));
}
