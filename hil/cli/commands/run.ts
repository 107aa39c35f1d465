/** `coldframe run` */

import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type Method, methods, volumesMax } from '../../../protocol/ids.js';
import { RefusalError } from '../../../protocol/refusals.js';
import { type Cipher, ciphers } from '../../../protocol/session/ciphers.js';
import type { RunResult } from '../../job/run.js';
import { shippedScenarios } from '../../job/shipped-scenarios.js';
import { counted } from '../../report/quantity.js';
import { wrapped } from '../../simulate/explore/wrapped.js';
import { gather, numberWithin, oneOf, wholeNumber } from '../arguments.js';
import { warnOfCapture } from '../capture-option.js';
import { commandWords } from '../command-words.js';
import { checkLine, eventLine } from '../event-lines.js';
import { refuseIdleBut } from '../idle-options.js';
import { onEndSignal } from '../interrupts.js';
import { Interrupted, reportError } from '../report-error.js';
import { StepLine } from '../step-line.js';
import { takesColour, takesCursor } from '../terminal.js';

const seedMax = 2 ** 32 - 1;

const help = () => `
Writes, freezes, waits and checks: without options on two models in virtual time. Leaves report.html, report.json and
junit.xml in --out. --image is only read. The same seed repeats a run on models in virtual time to the bit.

--capture keeps every frame of the lines that pass through this process, as it arrived, in capture.pcapng beside the
report or in the file that is named; never a key. A run that ends otherwise than passed says where it is.

Scenarios that come with it (--list says what happens in them):
  ${wrapped(shippedScenarios(), '  ').join('\n').trimStart()}
What a bench file leaves open, a scenario chooses: volumes, method, and what emulated lines are like. A check that fails
and is tried again until it passes is shown as flaky. --writes and --freezes are refused where a scenario takes none.

Exit codes: 0 passed; 1 a check failed; 2 usage or configuration; 3 bench unavailable or lost;
            4 protocol or key mismatch; 130 interrupted (what there is so far is reported)

Examples:
  $ coldframe run
  $ coldframe run --scenario disaster --method streaming
  $ coldframe run --image root.img --freezes 5 --encrypt
  $ coldframe run --bench my-board.yaml --seed 42 --out out --capture --json`;

export function register(program: Command): void {
  program
    .command('run')
    .description('carry out a scenario on a bench and come to a verdict')
    .option('--bench <file>', 'what to run on; models in virtual time unless given')
    .option('--scenario <file>', 'what to do: a file, or the name of one that comes with coldframe', 'default')
    .option('--list', 'print the scenarios that come with coldframe, and end')
    .option('--method <method>', methods.join(', '), oneOf(methods))
    .option('--image <file>', 'raw image that is the first content of volume 0')
    .option('--volumes <number>', 'how many volumes', wholeWithin(1, volumesMax))
    .option('--writes <number>', 'host writes before each freeze', wholeNumber(1))
    .option('--freezes <number>', 'how many generations', wholeNumber(1))
    .option('--encrypt', 'seal all lines with a key made for this run')
    .option('--cipher <cipher>', `of sealed lines: ${ciphers.join(', ')}; may be given twice`, gather(oneOf(ciphers)))
    .option('--seed <number>', 'what repeats the run', wholeWithin(0, seedMax))
    .option('--out <folder>', 'where the report goes; coldframe-out/<run id> unless given')
    .option('--capture [file]', 'write the frames of all lines as pcapng')
    .option('--json', 'print one JSON object and nothing else')
    .addHelpText('after', help)
    .action(async (options: RunOptions, command: Command) => {
      if (options.list === true) refuseIdleBut(command, ['--list', '--json'], 'beside --list; leave it out');
      process.exitCode = await run(options);
    });
}

interface RunOptions {
  readonly bench?: string;
  readonly scenario: string;
  readonly list?: boolean;
  readonly method?: Method;
  readonly image?: string;
  readonly volumes?: number;
  readonly writes?: number;
  readonly freezes?: number;
  readonly encrypt?: boolean;
  readonly cipher?: readonly Cipher[];
  readonly seed?: number;
  readonly out?: string;
  readonly capture?: string | true;
  readonly json?: boolean;
}

async function run(options: RunOptions): Promise<number> {
  if (options.list === true) {
    const { scenarioList, scenariosThere } = await import('../../job/scenario-list.js');
    const text = options.json === true ? JSON.stringify({ scenarios: scenariosThere() }) : scenarioList().join('\n');
    process.stdout.write(`${text}\n`);
    return 0;
  }
  const { carryOut } = await import('../../job/run.js');
  const seed = options.seed ?? randomInt(seedMax);
  const isQuiet = options.json === true;
  const colour = takesColour(process.stderr);
  const controller = new AbortController();
  const interrupted = new Promise<never>((_, reject) => {
    controller.signal.addEventListener('abort', () => reject(new Interrupted()), { once: true });
  });
  interrupted.catch(() => {});
  const off = onEndSignal(() => controller.abort());
  const underWay = new StepLine(takesCursor(process.stderr) && !isQuiet);
  const say = (line: string) => {
    if (isQuiet) return;
    underWay.clear();
    process.stderr.write(`${line}\n`);
  };
  let isOpen = false;
  let capture: string | undefined;
  try {
    const running = carryOut(
      { ...options, seed, command: commandLine(options, seed) },
      {
        signal: controller.signal,
        onCapture: (path) => {
          capture = path;
        },
        onCaptureTrouble: warnOfCapture,
        onBench: (bench, { title }) => {
          isOpen = true;
          underWay.start(bench);
          const { method, volumes } = bench.shape;
          say(`${title}: ${bench.kind}, ${method}, ${counted(volumes.length, 'volume')}, seed ${seed}`);
        },
        onStep: ({ kind }) => underWay.step(kind),
        onEvent: (event) => say(eventLine(event)),
        onCheck: (check) => say(checkLine(check, colour)),
      },
    );
    // Before the bench is open there is nothing to report: end at once.
    const result = await Promise.race([
      running,
      interrupted.catch((error) => (isOpen ? running : Promise.reject(error))),
    ]);
    await print(result, isQuiet);
    if (result.reportLost === undefined) return result.exit;
    const lostExit = reportError(result.reportLost, false);
    return result.exit === 0 ? lostExit : result.exit;
  } catch (error) {
    // There is no report that could name it.
    if (capture !== undefined) say(`capture: ${capture}`);
    throw error;
  } finally {
    off();
    underWay.stop();
  }
}

async function print({ record, exit, out, reportLost }: RunResult, asJson: boolean): Promise<void> {
  const names = reportLost === undefined ? ['report.html', 'report.json', 'junit.xml'] : [];
  const files = names.map((name) => join(out, name));
  if (asJson) {
    // The bulky parts are in report.json.
    const { blockMaps: _maps, latencies: _latencies, events: _events, ...summary } = record;
    process.stdout.write(`${JSON.stringify({ exit, ...summary, files })}\n`);
    return;
  }
  const { terminalLines } = await import('../../report/terminal.js');
  const lines = terminalLines(record, { colour: takesColour(process.stdout) });
  process.stdout.write(`\n${lines.join('\n')}\n${reportLost === undefined ? `report: ${files[0]}\n` : ''}`);
}

/** The line that repeats this run: what was given, and the seed. */
function commandLine(options: RunOptions, seed: number): string {
  const given = { ...options, seed, out: undefined, capture: undefined, json: undefined };
  const words = Object.entries(given).flatMap(([name, value]) => {
    if (value === undefined || (name === 'scenario' && value === 'default')) return [];
    if (value === true) return [`--${name}`];
    return [value].flat().flatMap((each) => [`--${name}`, String(each)]);
  });
  return commandWords(['coldframe', 'run', ...words]);
}

function wholeWithin(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = numberWithin(from, to)(text);
    if (Number.isInteger(value)) return value;
    throw new RefusalError('argument-invalid', `${text} is no whole number from ${from} to ${to}`);
  };
}
