/** `coldframe conform` */
import type { Command } from 'commander';
import { type ConformRole, conformRoles } from '../../conform/check.js';
import { oneOf } from '../arguments.js';
import { refuseIdle } from '../idle-options.js';

const help = `
The suite speaks to the device as a host does (to a disk: as its controller does) and holds it to the protocol, number
by number: protocol/PROTOCOL.md has the numbers, docs/conformance.md what each check does. Each check opens a link of
its own and has a time limit; one that fails shows what was expected, what came with its frames, and what to do.

--remote takes a second line, to the port of a main or sub at which the other controller stands: the suite takes the
place of that one, too, sends and takes images, and so checks the replication (R). Afterwards a main sends its own sub a
whole image; a sub has images that its own main never froze, and has to be made anew (with an empty meta area).

Nothing is written unless --allow-data-loss is given: then LINE must lead to a device whose contents nobody needs, and
a main or sub of a pair that nobody needs. Checks that cannot be made are shown as not run, with the reason.
--power-cycle takes a command that cuts the power of the device, brings it back, and then ends. The run ends where it fails.

On a terminal the check under way is shown; where stderr is a file or a pipe, each check gets a line as it ends.

--only takes numbers and letters, with commas between them: F (frames), L (link), S (sessions), M (messages), D (SCSI),
I (instructions), R (replication), G (digests).

Exit codes: 0 every check that ran passed; 1 a check failed, or the state of the device hindered some; 2 usage;
            3 line unavailable or lost, or the command of --power-cycle failed; 4 another protocol, role or key;
            130 interrupted

Examples:
  $ coldframe conform --role disk --line serial:/dev/ttyUSB0?baud=921600
  $ coldframe conform --role disk --line tcp://127.0.0.1:7001 --allow-data-loss --html conformance.html
  $ coldframe conform --role main --line unix:/tmp/main.sock --key-file line.key --only S,M-2,I
  $ coldframe conform --role sub --line serial:/dev/ttyUSB0 --remote serial:/dev/ttyUSB1 --allow-data-loss --only R`;

/** The options of the command. */
export interface ConformOptions {
  readonly role: ConformRole;
  readonly line: string;
  readonly keyFile?: string;
  readonly remote?: string;
  readonly remoteKeyFile?: string;
  readonly allowDataLoss?: boolean;
  readonly powerCycle?: string;
  readonly only?: string;
  readonly junit?: string;
  readonly html?: string;
  readonly json?: boolean;
}

export function register(program: Command): void {
  program
    .command('conform')
    .description('hold a device that somebody else wrote to the protocol')
    .requiredOption('--role <role>', conformRoles.join(', '), oneOf(conformRoles))
    .requiredOption('--line <line>', 'line to the device: the host line of a main or sub')
    .option('--key-file <file>', 'the key of a sealed line')
    .option('--remote <line>', 'line to its port for the other controller, in whose place the suite is')
    .option('--remote-key-file <file>', 'the key of that line')
    .option('--allow-data-loss', 'make the checks that write, and that change the state of a pair, too')
    .option('--power-cycle <command>', 'cuts the power of the device and brings it back, for the checks that need it')
    .option('--only <numbers>', 'make these checks alone')
    .option('--junit <file>', 'write the result as JUnit XML')
    .option('--html <file>', 'write the result as a page to be signed')
    .option('--json', 'print one JSON object and nothing else')
    .addHelpText('after', help)
    .action(async (options: ConformOptions, command: Command) => {
      if (options.allowDataLoss !== true) {
        refuseIdle(command, ['--power-cycle'], 'on checks that change nothing; add --allow-data-loss');
      }
      const { runConform } = await import('../run-conform.js');
      process.exitCode = await runConform(options);
    });
}
