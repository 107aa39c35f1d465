/** `coldframe soak` */
import { join } from 'node:path';
import type { Command } from 'commander';
import { type Method, methods } from '../../../protocol/ids.js';
import { shippedScenarios } from '../../job/shipped-scenarios.js';
import { gather, oneOf, wholeNumber } from '../arguments.js';
import { durationMs } from '../duration.js';

const help = () => `
Carries out scenarios on a bench, one after the other, each with a seed of its own, as a board on a shelf runs over night.
Which ones come, and with which seeds, follows from --seed. What fails is reported in --out with the line that repeats
that round alone; of all others nothing is kept. A bench that is lost (an adapter unplugged, a board that restarts) is
tried again, after 1 s, 2 s, … at most 60 s, and counted. A scenario that the bench has no means for is left out.

--for is when no further round begins: the one under way is carried out to its end and counts, and a line says so.

Times are those of the bench: on models in virtual time 30d pass as fast as they can be computed. Volumes of boards are
unmapped before each round: what is on them is lost.

Scenarios that come with it (coldframe run --list): ${shippedScenarios().join(', ')}

Exit codes: 0 all rounds passed; 1 a check failed in one of them; 2 usage or configuration; 3 the bench was never there;
            4 protocol or key mismatch; 130 interrupted (Ctrl-C ends the round and prints the summary)

Examples:
  $ coldframe soak --bench my-board.yaml --for 8h
  $ coldframe soak --for 1d --scenario noisy-line --scenario lost-line --every 6h
  $ coldframe soak --bench my-board.yaml --for 3d --seed 42 --out friday`;

export function register(program: Command): void {
  program
    .command('soak')
    .description('repeat scenarios on a bench for hours or days, and keep what fails')
    .option('--bench <file>', 'what to run on; models in virtual time unless given')
    .option('--for <time>', 'how long rounds are begun, such as 10m, 8h or 3d', durationMs, 3_600_000)
    .option('--every <time>', 'how often a line says how far it is; 1h unless given', durationMs)
    .option('--scenario <file>', 'only this one, a file or a name; may be repeated', gather(String))
    .option('--method <method>', methods.join(', '), oneOf(methods))
    .option('--writes <number>', 'host writes before each freeze, where a scenario takes it', wholeNumber(1))
    .option('--freezes <number>', 'how many generations, where a scenario takes it', wholeNumber(1))
    .option('--encrypt', 'seal all lines with a key made for each round')
    .option('--seed <number>', 'what repeats the order and the seeds', wholeNumber(0))
    .option('--out <folder>', 'where reports of what failed go', join('coldframe-out', 'soak'))
    .addHelpText('after', help)
    .action(async (options: SoakCommandOptions) => {
      const { runSoak } = await import('../run-soak.js');
      process.exitCode = await runSoak(options);
    });
}

/** The options as commander gives them. */
export interface SoakCommandOptions {
  readonly bench?: string;
  readonly for: number;
  readonly every?: number;
  readonly scenario?: readonly string[];
  readonly method?: Method;
  readonly writes?: number;
  readonly freezes?: number;
  readonly encrypt?: boolean;
  readonly seed?: number;
  readonly out: string;
}
