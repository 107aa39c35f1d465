/** `coldframe firmware sub` */
import type { Command } from 'commander';
import { ciphers } from '../../../protocol/session/ciphers.js';
import { compressChoices } from '../../run/compress.js';
import { areaSize, blockBytesDefault, blockSize, gather, oneOf } from '../arguments.js';
import { captureHelp, captureOption } from '../capture-option.js';
import { consoleHelp, consoleOption } from '../console-option.js';
import { refuseIdleKeys } from '../idle-options.js';
import type { FirmwareOptions } from '../run-firmware.js';

const help = `
Prints "ready sub host=… remote=…" when it takes commands, and "(waiting for …)" after it when a line cannot be opened
yet: it is tried again every second. Logs go to stderr, a line too for each time that a line opens or is lost. Ends on SIGTERM (exit code 0) and Ctrl-C (130). Killed at any moment it goes on
from its files.
${consoleHelp}
${captureHelp}

Example:
  $ coldframe firmware sub --host tcp-listen://127.0.0.1:7002 --remote tcp-listen://127.0.0.1:7003 --size 64MiB \\
      --staging staging.img --secondary copy.img --meta sub.meta`;

export function register(firmware: Command): void {
  firmware
    .command('sub')
    .description('the sub controller')
    .requiredOption('--host <line>', 'line to the host')
    .requiredOption('--remote <line>', 'line to the main controller')
    .requiredOption('--staging <area>', 'staging area; once for each volume', gather(String))
    .requiredOption('--secondary <area>', 'secondary area; once for each volume', gather(String))
    .requiredOption('--meta <area>', 'durable records')
    .option('--size <size>', 'of secondary areas that have to be made; once for all or for each', gather(areaSize))
    .option('--staging-size <size>', 'of staging areas; the volume and one block unless given', gather(areaSize))
    .option('--block <size>', 'unit of copying', blockSize, blockBytesDefault)
    .option('--key-file <file>', 'seal the lines to host and main with this key')
    .option('--host-key-file <file>', 'seal the line to the host with this key')
    .option('--remote-key-file <file>', 'seal the line to main with this key')
    .option('--cipher <cipher>', `of sealed lines: ${ciphers.join(', ')}; may be given twice`, gather(oneOf(ciphers)))
    .option(
      '--compress <when>',
      `compressed runs to and from main: ${compressChoices.join(', ')}`,
      oneOf(compressChoices),
      'auto',
    )
    .addOption(consoleOption())
    .addOption(captureOption())
    .addHelpText('after', help)
    .action(async (options: FirmwareOptions & Options, command: Command) => {
      refuseIdleKeys(command, options);
      const areas = { volumes: options.secondary, slots: options.staging, slotBytes: options.stagingSize ?? [] };
      const { runFirmware } = await import('../run-firmware.js');
      process.exitCode = await runFirmware(options, { role: 'sub', ...areas });
    });
}

interface Options {
  readonly staging: readonly string[];
  readonly secondary: readonly string[];
  readonly stagingSize?: readonly number[];
}
