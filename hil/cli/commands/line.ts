/** `coldframe line` */
import type { Command } from 'commander';
import { baudMax } from '../../run/lines/address.js';
import { numberWithin } from '../arguments.js';
import { captureHelp, captureOption, warnOfCapture } from '../capture-option.js';
import { refuseIdle } from '../idle-options.js';

const help = `
Runs until Ctrl-C, then removes the links. The same seed does the same to the same bytes.
${captureHelp}

Example: a line of 921600 baud that flips one bit in a million
  $ coldframe line --baud 921600 --ber 1e-6 --link-a /tmp/a --link-b /tmp/b
  $ coldframe firmware main --remote 'serial:/tmp/a?baud=921600' …
  $ coldframe firmware sub  --remote 'serial:/tmp/b?baud=921600' …
Example: what is said on a line between two boards
  $ coldframe line --baud 921600 --capture line.pcapng &
  $ tail -c +1 -f line.pcapng | wireshark -k -i -`;

const latencyMsMax = 60_000;

export function register(program: Command): void {
  program
    .command('line')
    .description('an emulated serial line between two PTYs')
    .requiredOption('--baud <rate>', 'bits per second', numberWithin(1, baudMax))
    .option('--latency <ms>', 'milliseconds from one end to the other', numberWithin(0, latencyMsMax), 0)
    .option('--ber <rate>', 'share of bits that are flipped', numberWithin(0, 1), 0)
    .option('--drop <rate>', 'share of bytes that are lost', numberWithin(0, 1), 0)
    .option('--seed <seed>', 'which bits and bytes these are', '1')
    .option('--link-a <path>', 'name one end')
    .option('--link-b <path>', 'name the other end')
    .addOption(captureOption())
    .addHelpText('after', help)
    .action(async (options: LineOptions, command: Command) => {
      if (options.ber === 0 && options.drop === 0) {
        refuseIdle(command, ['--seed'], 'on a line that loses nothing; add --ber or --drop');
      }
      const { runLine } = await import('../../run/lines/line-command.js');
      process.exitCode = await runLine(
        {
          ...options,
          ...{ latencyMs: options.latency, bitErrorRate: options.ber, dropRate: options.drop },
          onCaptureTrouble: warnOfCapture,
        },
        process.stdout,
      );
    });
}

interface LineOptions {
  readonly baud: number;
  readonly latency: number;
  readonly ber: number;
  readonly drop: number;
  readonly seed: string;
  readonly linkA?: string;
  readonly linkB?: string;
  readonly capture?: string;
}
