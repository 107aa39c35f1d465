/** `coldframe host write` */

import { type FileHandle, open, stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { becameShorter, noOrdinaryFile } from '../../../../host/advised-refusal.js';
import type { HostClient } from '../../../../host/client.js';
import { withFile } from '../../../../host/golden/file-refusal.js';
import { isZero } from '../../../../protocol/digest.js';
import { sectorBytes } from '../../../../protocol/ids.js';
import { RefusalError } from '../../../../protocol/refusals.js';
import { bytesText } from '../../../report/quantity.js';
import { sectorMultiple, wholeNumber } from '../../arguments.js';
import { type HostOptions, hostCommand, statusFor, withHost } from '../../host-command.js';
import { startProgress } from '../../progress.js';
import { transferAll } from '../../transfer.js';

const help = `
The command ends when all of it is durable at main. Long stretches of zeros cost nothing on the line.

Example:
  $ coldframe host write --line tcp://127.0.0.1:7001 --offset 0 --from image.img`;

export function register(host: Command): void {
  hostCommand(host, 'write', 'write a file to a volume')
    .option('--volume <number>', 'volume', wholeNumber(0), 0)
    .requiredOption('--offset <bytes>', 'where in the volume: a multiple of 512', sectorMultiple)
    .requiredOption('--from <file>', 'what to write; its length is a multiple of 512')
    .addHelpText('after', help)
    .action(async (options: WriteOptions) => {
      await withFile(options.from, async () => {
        const file = await openOrdinary(options.from);
        await withHost(options, (client) => writeFile(client, file, options)).finally(() => file.close());
      });
    });
}

interface WriteOptions extends HostOptions {
  readonly volume: number;
  readonly offset: number;
  readonly from: string;
}

/** A device or a pipe would tell a length of nothing. */
async function openOrdinary(path: string): Promise<FileHandle> {
  const stats = await stat(path);
  if (!stats.isFile()) throw noOrdinaryFile(path);
  return open(path, 'r');
}

async function writeFile(client: HostClient, file: FileHandle, { volume, offset, from }: WriteOptions): Promise<void> {
  const { size: lengthBytes } = await file.stat();
  if (lengthBytes % sectorBytes !== 0) {
    throw new RefusalError(
      'argument-invalid',
      `--from: ${from} has ${lengthBytes} bytes, no multiple of ${sectorBytes}`,
    );
  }
  await statusFor(client, { volume, offsetBytes: offset, lengthBytes });
  const progress = await startProgress('writing', lengthBytes);
  const writePart = async (at: number, length: number) => {
    const data = Buffer.allocUnsafe(length);
    const { bytesRead } = await file.read(data, 0, length, at);
    if (bytesRead < length) throw becameShorter(from);
    await writeData(client, volume, offset + at, data);
    progress.advance(length);
  };
  await transferAll(lengthBytes, writePart).finally(() => progress.stop());
  process.stdout.write(`wrote ${bytesText(lengthBytes)} to volume ${volume}\n`);
}

/** Zeros go as one pattern. */
async function writeData(client: HostClient, volume: number, offsetBytes: number, data: Buffer): Promise<void> {
  if (!isZero(data)) return client.write(volume, offsetBytes, data).done;
  const [lba, sectors] = [offsetBytes / sectorBytes, data.length / sectorBytes];
  await client.command(volume, { op: 'writeSame', lba, sectors, pattern: data.subarray(0, sectorBytes), unmap: true });
}
