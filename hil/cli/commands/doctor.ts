/** `coldframe doctor` */
import type { Command } from 'commander';
import { numberWithin } from '../arguments.js';
import { refuseIdle } from '../idle-options.js';

const help = `
Looks at each line of a bench: is the port there, may you use it, who uses it, its latency timer and baud rate, and who
answers: nobody, garbage, another version, another key, another role, or this side itself. It says hello and nothing
else, so nothing changes on a board, but opening a port may reset one (bootMs=2000 in the address waits for it). Says of each finding
what it is, how it was seen, and what to do. Without --bench and --line it looks at the ports of this computer from
outside.

Exit codes: 0 all is well; 1 something was found; 2 usage or configuration; 3 a line cannot be used at all: missing,
            forbidden, or in use; 130 interrupted

Examples:
  $ coldframe doctor --bench my-board.yaml
  $ coldframe doctor --line 'serial:/dev/ttyUSB0?baud=921600' --key-file host.key
  $ coldframe doctor --bench my-board.yaml --json | jq -r '.lines[].findings[].remedy'`;

/** In seconds: boards that boot first answer later. */
const timeoutDefault = 3;
const timeoutMax = 600;

export function register(program: Command): void {
  program
    .command('doctor')
    .description('say what is wrong with a bench and what to do about it')
    .option('--bench <file>', 'the bench whose lines to examine')
    .option('--line <line>', 'one line to a host port, in place of a bench')
    .option('--key-file <file>', 'the key of --line')
    .option(
      '--timeout <seconds>',
      'how long each line may take to answer',
      numberWithin(0.1, timeoutMax),
      timeoutDefault,
    )
    .option('--json', 'as JSON')
    .addHelpText('after', help)
    .action(async (options: DoctorOptions, command: Command) => {
      if ((options.bench ?? options.line) === undefined) {
        refuseIdle(command, ['--timeout'], 'where no line is opened; add --bench or --line');
      }
      const { runDoctor } = await import('../doctor.js');
      process.exitCode = await runDoctor(options, process.stdout);
    });
}

interface DoctorOptions {
  readonly bench?: string;
  readonly line?: string;
  readonly keyFile?: string;
  readonly timeout: number;
  readonly json?: boolean;
}
