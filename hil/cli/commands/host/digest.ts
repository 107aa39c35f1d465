/** `coldframe host digest` */
import type { Command } from 'commander';
import type { HostClient } from '../../../../host/client.js';
import { RefusalError } from '../../../../protocol/refusals.js';
import { sectorMultiple, wholeNumber } from '../../arguments.js';
import { type HostOptions, hostCommand, statusFor, withHost } from '../../host-command.js';

const help = `
The digest is computed from the medium now, block by block: SHA-256 over the number and content digest of each block
that is not zero, cut to 128 bits (PROTOCOL.md, digests). Equal digests: equal contents.

Example: compare main and sub without moving a volume
  $ coldframe host digest --line tcp://127.0.0.1:7001
  $ coldframe host digest --line tcp://127.0.0.1:7002`;

export function register(host: Command): void {
  hostCommand(host, 'digest', 'the digest of a range of a volume')
    .option('--volume <number>', 'volume', wholeNumber(0), 0)
    .option('--offset <bytes>', 'where the range begins: a multiple of the block size', sectorMultiple, 0)
    .option('--length <bytes>', 'its length; to the end of the volume unless given', sectorMultiple)
    .addHelpText('after', help)
    .action(async (options: DigestOptions) => {
      process.stdout.write(`${await withHost(options, (client) => digestOf(client, options))}\n`);
    });
}

interface DigestOptions extends HostOptions {
  readonly volume: number;
  readonly offset: number;
  readonly length?: number;
}

async function digestOf(client: HostClient, { volume, offset, length }: DigestOptions): Promise<string> {
  const asked = { volume, offsetBytes: offset, lengthBytes: length ?? 0 };
  const { blockBytes, volumes, committed, role } = await statusFor(client, asked);
  const volumeBytes = volumes[volume] ?? 0;
  const end = length === undefined ? volumeBytes : offset + length;
  const isWhole = (bytes: number) => bytes % blockBytes === 0;
  if (!isWhole(offset) || !(isWhole(end) || end === volumeBytes) || end === offset) {
    throw new RefusalError(
      'argument-invalid',
      `--offset, --length: the range is not made of whole blocks of ${blockBytes} bytes`,
    );
  }
  const count = Math.ceil((end - offset) / blockBytes);
  const range = { first: offset / blockBytes, count, partBlocks: count, of: role === 'sub' ? committed : 0 };
  const [digest] = await client.digests(volume, range);
  return Buffer.from(digest ?? []).toString('hex');
}
