/** `coldframe disk` */
import type { Command } from 'commander';
import { areaSize } from '../arguments.js';
import { captureHelp, captureOption } from '../capture-option.js';
import type { DiskOptions } from '../run-disk.js';

const help = `
What is written is durable in the file once it has been flushed; a killed process loses the rest, as a disk does
when its power fails. A disk in memory loses all of it, and is another disk (serial number) each time. Prints "ready disk line=… size=…", and "(waiting for …)" after it when the line
cannot be opened yet: it is tried again every second, and stderr tells when it opens. Ends on SIGTERM (exit code 0) and Ctrl-C (130).
${captureHelp}

Example: a controller with its staging area on a disk at the end of a line
  $ coldframe disk --line unix-listen:/tmp/staging.sock --image staging.img --size 65MiB
  $ coldframe firmware sub --staging unix:/tmp/staging.sock …`;

export function register(program: Command): void {
  program
    .command('disk')
    .description('an emulated SCSI disk at the end of a line')
    .requiredOption('--line <line>', 'line to the initiator')
    .requiredOption('--image <file>', 'raw image under the disk, or memory:SIZE')
    .option('--size <size>', 'makes the image when it is missing', areaSize)
    .addOption(captureOption())
    .addHelpText('after', help)
    .action(async (options: DiskOptions) => {
      const { runDisk } = await import('../run-disk.js');
      process.exitCode = await runDisk(options);
    });
}
