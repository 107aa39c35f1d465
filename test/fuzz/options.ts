/** What `npm run fuzz` can be told. */
import { existsSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { targetOf } from './corpus.js';
import { targets } from './targets.js';

export interface FuzzOptions {
  /** Names; all of them when none is given. */
  readonly target: readonly string[];
  readonly forMs: number;
  readonly runs: number;
  readonly seed: number;
  readonly hangMs: number;
  readonly out: string;
  readonly list: boolean;
  readonly repeat: string | undefined;
}

const help = `
Every target is a parser. The loop takes golden inputs, changes them, runs the parser, and keeps what reaches code that
nothing reached before (V8's block coverage, over node:inspector). A finding is

  - anything thrown that is not the parser's documented refusal, or a property of the target that does not hold,
  - a run that does not come back within --hang (a watchdog sees it from another thread),
  - memory past what the target allows for an input of that length.

The first of each cause is made short and plain, saved below --out, and printed with the line that repeats it. When it is
mended, put the file into test/fuzz/corpus/<target>/ under a name that says what it showed: npm test runs it from then on.

The same seed, target and number of runs draw the same inputs.

Examples:
  $ npm run fuzz -- --list
  $ npm run fuzz -- --for 60s                          all targets, a minute in all
  $ npm run fuzz -- --target message --target journal --for 10m --seed 7
  $ npm run fuzz -- --target cdb --runs 100000         as long as it takes
  $ npm run fuzz -- --repeat coldframe-out/fuzz/message/0123456789ab

A line of the output:
  cdb             184 320 runs   61 400/s   96 functions, 97.4 % of their code   212 inputs (+163)   41 outcomes

Exit codes: 0 nothing found; 1 a finding; 2 usage`;

/** Reads the command line; throws `CommanderError`. */
export function parseOptions(argv: readonly string[]): FuzzOptions {
  const command = new Command('npm run fuzz --')
    .description('Coverage-guided fuzzing of every parser.')
    .addOption(
      new Option('--target <name>', 'only this one; may be given several times')
        .argParser(gathered)
        .default([], 'all of them'),
    )
    .addOption(
      new Option('--for <time>', 'how long in all, shared by the targets: 500ms, 60s, 10m, 2h')
        .argParser(duration)
        .default(60_000, '60s, or as long as --runs takes'),
    )
    .addOption(
      new Option('--runs <count>', 'ends a target after so many runs, at the end of a batch')
        .argParser(count)
        .default(Number.POSITIVE_INFINITY, 'no end'),
    )
    .option('--seed <number>', 'what is drawn', count, 1)
    .addOption(new Option('--hang <time>', 'a run that takes longer hangs').argParser(duration).default(5000, '5s'))
    .option('--out <folder>', 'where findings are saved', 'coldframe-out/fuzz')
    .option('--list', 'shows the targets')
    .addOption(
      new Option('--repeat <file>', 'runs one saved input of the target that its folder names').argParser(savedInput),
    )
    .addHelpText('after', help)
    .exitOverride()
    .parse([...argv]);
  const { for: forMs, hang: hangMs, ...rest } = command.opts();
  const timed = command.getOptionValueSource('for') !== 'default' || rest.runs === Number.POSITIVE_INFINITY;
  return { list: false, ...rest, hangMs, forMs: timed ? forMs : Number.POSITIVE_INFINITY } as FuzzOptions;
}

function savedInput(path: string): string {
  if (!existsSync(path)) throw new InvalidArgumentError('There is no such file.');
  if (targets.some(({ name }) => name === targetOf(path))) return path;
  throw new InvalidArgumentError('It does not lie in a folder with the name of a target.');
}

function gathered(name: string, before: readonly string[]): string[] {
  if (!targets.some((each) => each.name === name)) {
    throw new InvalidArgumentError(`There is none of this name; --list shows them.`);
  }
  return [...before, name];
}

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

function duration(text: string): number {
  const match = /^(\d+)(ms|s|m|h)$/.exec(text);
  if (match === null) throw new InvalidArgumentError('A time is a number and ms, s, m or h, as in 60s.');
  return Number(match[1]) * (unitsMs[match[2] ?? ''] as number);
}

function count(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It is no whole number.');
  return Number(text);
}
