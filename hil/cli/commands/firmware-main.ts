/** `coldframe firmware main` */
import type { Command } from 'commander';
import { methods } from '../../../protocol/ids.js';
import { ciphers } from '../../../protocol/session/ciphers.js';
import { compressChoices } from '../../run/compress.js';
import { areaSize, blockBytesDefault, blockSize, gather, oneOf } from '../arguments.js';
import { captureHelp, captureOption } from '../capture-option.js';
import { consoleHelp, consoleOption } from '../console-option.js';
import { refuseIdleKeys } from '../idle-options.js';
import type { FirmwareOptions } from '../run-firmware.js';

const help = `
Prints "ready main host=… remote=…" when it takes commands, and "(waiting for …)" after it when a line cannot be opened
yet: it is tried again every second. Logs go to stderr, a line too for each time that a line opens or is lost. Ends on SIGTERM (exit code 0) and Ctrl-C (130). Killed at any moment it goes on
from its files.
${consoleHelp}
${captureHelp}

Examples:
  $ coldframe firmware main --host pty: --remote serial:/dev/ttyUSB0?baud=921600 --size 64MiB \\
      --primary vol.img --shadow shadow.img --meta main.meta --method differential
  $ coldframe firmware main --host tcp-listen://127.0.0.1:7001 --remote tcp://10.0.0.2:7003 --method copy \\
      --primary a.img --primary b.img --shadow a.shadow --shadow b.shadow --size 1GiB --meta main.meta`;

export function register(firmware: Command): void {
  firmware
    .command('main')
    .description('the main controller')
    .requiredOption('--host <line>', 'line to the host')
    .requiredOption('--remote <line>', 'line to the sub controller')
    .requiredOption('--primary <area>', 'primary area; once for each volume', gather(String))
    .requiredOption('--shadow <area>', 'shadow area; once for each volume', gather(String))
    .requiredOption('--meta <area>', 'durable records')
    .requiredOption('--method <method>', methods.join(', '), oneOf(methods))
    .option('--size <size>', 'of primary areas that have to be made; once for all or for each', gather(areaSize))
    .option('--shadow-size <size>', 'of shadow areas; the volume and one block unless given', gather(areaSize))
    .option('--block <size>', 'unit of copying', blockSize, blockBytesDefault)
    .option('--key-file <file>', 'seal the lines to host and sub with this key')
    .option('--host-key-file <file>', 'seal the line to the host with this key')
    .option('--remote-key-file <file>', 'seal the line to sub with this key')
    .option('--cipher <cipher>', `of sealed lines: ${ciphers.join(', ')}; may be given twice`, gather(oneOf(ciphers)))
    .option(
      '--compress <when>',
      `compressed runs to and from sub: ${compressChoices.join(', ')}`,
      oneOf(compressChoices),
      'auto',
    )
    .addOption(consoleOption())
    .addOption(captureOption())
    .addHelpText('after', help)
    .action(async (options: FirmwareOptions & Options, command: Command) => {
      refuseIdleKeys(command, options);
      const areas = { volumes: options.primary, slots: options.shadow, slotBytes: options.shadowSize ?? [] };
      const { runFirmware } = await import('../run-firmware.js');
      process.exitCode = await runFirmware(options, { role: 'main', method: options.method, ...areas });
    });
}

interface Options {
  readonly primary: readonly string[];
  readonly shadow: readonly string[];
  readonly shadowSize?: readonly number[];
  readonly method: (typeof methods)[number];
}
