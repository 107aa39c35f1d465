/** The program: its commands, and what becomes of errors. */
import { Command, CommanderError } from 'commander';
import { refusalOfFile } from '../../host/golden/file-refusal.js';
import { RefusalError, refusals } from '../../protocol/refusals.js';
import { version } from '../version.js';
import { naming } from './arguments.js';
import { groups } from './commands.js';
import { internalError, reportError } from './report-error.js';

const examples = `
Examples:
  $ coldframe demo
  $ coldframe firmware main --host tcp-listen://127.0.0.1:7001 --remote tcp-listen://127.0.0.1:7003 \\
      --primary vol.img --shadow shadow.img --meta main.meta --size 64MiB --method differential
  $ coldframe host freeze --line tcp://127.0.0.1:7001

Lines:  serial:/dev/ttyUSB0?baud=921600   tcp://127.0.0.1:7001   tcp-listen://127.0.0.1:7001
        unix:/run/x.sock   unix-listen:/run/x.sock   pty:
Areas:  a raw image file, memory:64MiB, or a line to a disk

Exit codes: 0 ok; 1 a check failed or an instruction was refused; 2 usage or configuration;
            3 bench unavailable or lost; 4 protocol or key mismatch; 130 interrupted (docs/exit-codes.md)`;

/** All commands. Actions put their exit code into `process.exitCode`. */
export function makeProgram(): Command {
  const program = new Command('coldframe')
    .description('Point-in-time remote copies between disk controllers: models, host tool and test bench.')
    .version(version())
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .addHelpText('after', examples);
  for (const { register } of groups) register(program);
  nameOptions(program);
  return program;
}

/** Lets every reader of an option say which one it is about. */
function nameOptions(command: Command): void {
  for (const option of command.options) {
    const { long, parseArg: read } = option;
    if (read !== undefined && typeof long === 'string') {
      option.argParser((text, before) => naming(long, () => read(text, before)));
    }
  }
  command.commands.forEach(nameOptions);
}

function outputLost(error: Error): Error {
  const refusal = refusalOfFile(error, 'standard output');
  return refusal === undefined ? error : new RefusalError(refusal.code, refusal.detail);
}

/** Runs one command line, as of `process.argv`; returns the exit code. Never throws. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let lost: Error | undefined;
  // Whoever read our output may leave; what a device does is of more use than its output.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') lost ??= error;
  });
  process.on('uncaughtException', (error) => process.exit(internalError(error)));
  try {
    await makeProgram().parseAsync([...argv]);
    // What could not be written is told a little later.
    await new Promise((resolve) => setImmediate(resolve));
    if (lost !== undefined) throw outputLost(lost);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    // Commander has shown the help of a command that needs a subcommand.
    if (error instanceof CommanderError && error.code === 'commander.help') return refusals['argument-invalid'].exit;
    return reportError(error, argv.includes('--json'));
  }
}
