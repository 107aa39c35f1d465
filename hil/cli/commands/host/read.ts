/** `coldframe host read` */
import type { FileHandle } from 'node:fs/promises';
import type { Command } from 'commander';
import type { HostClient } from '../../../../host/client.js';
import { bytesText } from '../../../report/quantity.js';
import { sectorMultiple, wholeNumber } from '../../arguments.js';
import { type HostOptions, hostCommand, statusFor, withHost } from '../../host-command.js';
import { startProgress } from '../../progress.js';
import { transferAll } from '../../transfer.js';
import { writeWhole } from '../../whole-file.js';

const help = `
At main the newest data is read, at the sub the image that is current there.

Example: the first MiB of the copy
  $ coldframe host read --line tcp://127.0.0.1:7002 --offset 0 --length 1MiB --to part.img`;

export function register(host: Command): void {
  hostCommand(host, 'read', 'read a range of a volume into a file')
    .option('--volume <number>', 'volume', wholeNumber(0), 0)
    .requiredOption('--offset <bytes>', 'where in the volume: a multiple of 512', sectorMultiple)
    .requiredOption('--length <bytes>', 'how much: a multiple of 512', sectorMultiple)
    .requiredOption('--to <file>', 'file to write; takes the place of one that exists, once all is read')
    .addHelpText('after', help)
    .action(async (options: ReadOptions) => {
      await withHost(options, async (client) => {
        await statusFor(client, { volume: options.volume, offsetBytes: options.offset, lengthBytes: options.length });
        await writeWhole(options.to, (file) => readInto(client, file, options));
      });
    });
}

interface ReadOptions extends HostOptions {
  readonly volume: number;
  readonly offset: number;
  readonly length: number;
  readonly to: string;
}

async function readInto(client: HostClient, file: FileHandle, { volume, offset, length }: ReadOptions): Promise<void> {
  const progress = await startProgress('reading', length);
  const put = (await file.stat()).isFile() ? placeIn(file) : appendTo(file);
  const readPart = async (at: number, lengthBytes: number) => {
    await put(at, await client.read(volume, offset + at, lengthBytes));
    progress.advance(lengthBytes);
  };
  await transferAll(length, readPart).finally(() => progress.stop());
  process.stdout.write(`read ${bytesText(length)} of volume ${volume}\n`);
}

type Put = (at: number, data: Uint8Array) => Promise<void>;

/** Parts come in any order, and go to their places. */
function placeIn(file: FileHandle): Put {
  return async (at, data) => {
    await file.write(data, 0, data.length, at);
  };
}

/** A pipe has no places: parts wait for those before them. */
function appendTo(file: FileHandle): Put {
  const waiting = new Map<number, Uint8Array>();
  let next = 0;
  let writing = Promise.resolve();
  const append = async () => {
    for (let data = waiting.get(next); data !== undefined; data = waiting.get(next)) {
      waiting.delete(next);
      next += data.length;
      await file.writeFile(data);
    }
  };
  return (at, data) => {
    waiting.set(at, data);
    writing = writing.then(append);
    return writing;
  };
}
