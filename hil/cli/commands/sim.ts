/** `coldframe sim` */
import { dirname, join } from 'node:path';
import { type Command, Option } from 'commander';
import { RefusalError } from '../../../protocol/refusals.js';
import { requireFolder } from '../../report/report-folder.js';
import { type AnyCheckName, allCheckNames, linkChecks, pairChecks } from '../../simulate/explore/check-meanings.js';
import { wrapped } from '../../simulate/explore/wrapped.js';
import { type FaultClass, faultClasses } from '../../simulate/fault-classes.js';
import { gather, oneOf, wholeNumber } from '../arguments.js';
import { durationMs } from '../duration.js';
import { refuseIdle } from '../idle-options.js';

const help = () => `
A plan is one run as plain JSON: two controllers or a link, what the hosts do, and every fault that happens, each at an
address of its own ("the 7th write to the sub's staging area"). A seed expands to a plan, the same everywhere and always.
Each seed switches its own few classes of faults on, so that some plans are full of what others never see: a swarm. After
every step of the firmware an oracle, which knows what the hosts did and were told, holds all blocks to what they may be;
and at a sample of disk commands a copy of the disks is taken as a power cut there would leave it, and a controller has
to come back from it. In the end everything is healed, and both sides have to come to rest with the newest data.

A plan that fails is made as small as it can be, saved in --save, and told as a story; the line that repeats it is
printed. Results come in the order of the seeds: the same seeds give the same output on any machine.

With --exhaustive nothing is left to chance: every program of a few steps, with every method, and the power cut after every
single effect of both controllers; the share of it that the budget allowed is printed.

Checks of a pair:
${table(pairChecks)}
Checks of the link:
${table(linkChecks)}
Classes of faults for --without:
${wrapped(faultClasses, '  ').join('\n')}

Exit codes: 0 nothing found; 1 a violation; 2 usage; 130 interrupted (what was covered so far is printed)

Examples:
  $ coldframe sim
  $ coldframe sim --for 10m --seed 1000000 --keep-going --coverage coverage.json
  $ coldframe sim --seeds 500 --subject pair --without power --without 'older disks'
  $ coldframe sim --subject pair --seed 17 --seeds 1
  $ coldframe sim --replay coldframe-out/sim/plan-17.json --story
  $ coldframe sim --exhaustive --budget 10m`;

export function register(program: Command): void {
  program
    .command('sim')
    .description('run seeds of a deterministic simulation, with faults of every kind, and check everything')
    .addOption(new Option('--seeds <number>', 'how many seeds; 100 unless given').argParser(wholeNumber(1)))
    .addOption(
      new Option('--for <time>', 'go on for so long, such as 60s or 10m').argParser(durationMs).conflicts('seeds'),
    )
    .option('--seed <number>', 'the first seed', wholeNumber(0), 1)
    .option('--subject <subject>', 'pair, link, or all: each seed as both', oneOf(['pair', 'link', 'all']), 'all')
    .option('--jobs <number>', 'worker threads; one for each core unless given', wholeNumber(1))
    .option(
      '--crash-every <number>',
      'a power cut is looked at after one in so many disk commands; 0: none',
      wholeNumber(0),
    )
    .option('--without <class>', 'leave a class of faults out; may be repeated', gather(oneOf(faultClasses)))
    .option('--without-check <name>', 'leave a check out; may be repeated', gather(oneOf(allCheckNames)))
    .option('--keep-going', 'go on after a violation')
    .option('--save <folder>', 'where plans that fail go', join('coldframe-out', 'sim'))
    .option('--coverage <file>', 'write what was met, by all keys, as JSON')
    .option('--replay <file>', 'run the plan of a file, twice')
    .option('--story', 'with --replay: tell what happens')
    .option('--exhaustive', 'instead of seeds: small programs of a host, cut at every place')
    .option('--budget <time>', 'with --exhaustive: how long; 10m unless given', durationMs)
    .option('--only <job>', 'with --exhaustive: this job alone')
    .option('--json', 'print one JSON object and nothing else')
    .addHelpText('after', help)
    .action(async (options: SimOptions, command: Command) => {
      refuseIdleHere(command, options);
      process.exitCode = await sim(options);
    });
}

/** The options as commander gives them. */
export interface SimOptions {
  readonly seeds?: number;
  readonly for?: number;
  readonly seed: number;
  readonly subject: 'pair' | 'link' | 'all';
  readonly jobs?: number;
  readonly crashEvery?: number;
  readonly without?: readonly FaultClass[];
  readonly withoutCheck?: readonly AnyCheckName[];
  readonly keepGoing?: boolean;
  readonly save: string;
  readonly coverage?: string;
  readonly replay?: string;
  readonly story?: boolean;
  readonly exhaustive?: boolean;
  readonly budget?: number;
  readonly only?: string;
  readonly json?: boolean;
}

async function sim(options: SimOptions): Promise<number> {
  checkTogether(options);
  const { replay } = options;
  if (replay !== undefined) return (await import('../sim-replay.js')).replayPlan({ ...options, replay });
  await requireFolder(options.save);
  if (options.coverage !== undefined) await requireFolder(dirname(options.coverage));
  if (options.exhaustive === true) return (await import('../sim-exhaustive.js')).exploreAll(options);
  return (await import('../sim-swarm.js')).runSwarm(options);
}

/** Options that belong to another one, and what they cannot stand beside. */
function checkTogether({ seeds, for: forMs, replay, exhaustive, story, budget, only }: SimOptions): void {
  const refuse = (detail: string) => new RefusalError('argument-invalid', detail);
  if (replay !== undefined && exhaustive === true) throw refuse('--replay and --exhaustive cannot be used together');
  if ((seeds ?? forMs) !== undefined && (replay !== undefined || exhaustive === true)) {
    throw refuse('--seeds and --for are for seeds: without --replay and --exhaustive');
  }
  if (story === true && replay === undefined) throw refuse('--story belongs to --replay');
  if ((budget ?? only) !== undefined && exhaustive !== true) throw refuse('--budget and --only belong to --exhaustive');
}

/** What a plan from a file, or all small programs, take nothing of. */
function refuseIdleHere(command: Command, { replay, exhaustive }: SimOptions): void {
  const ofSeeds = ['--seed', '--subject', '--without', '--coverage'];
  if (replay !== undefined) {
    refuseIdle(command, [...ofSeeds, '--jobs', '--keep-going', '--save'], 'beside --replay; leave it out');
  } else if (exhaustive === true) {
    refuseIdle(command, [...ofSeeds, '--without-check', '--crash-every'], 'beside --exhaustive; leave it out');
  }
}

function table(meanings: Readonly<Record<string, string>>): string {
  return Object.entries(meanings)
    .map(([name, meaning]) => `  ${name.padEnd(18)}${meaning}`)
    .join('\n');
}
