/** `coldframe soak`: a line now and then, one for each thing that is wrong, and a summary. */
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { unreachable } from '../../protocol/ids.js';
import { usedOf } from '../job/parameters.js';
import { shippedScenarios } from '../job/shipped-scenarios.js';
import { Soak, type SoakCounts, type SoakEvent, type SoakRound, soakWorld } from '../job/soak.js';
import { bytesText, counted, durationText } from '../report/quantity.js';
import { summarize } from '../report/summary.js';
import { commandWords } from './command-words.js';
import type { SoakCommandOptions } from './commands/soak.js';
import { onEndSignal } from './interrupts.js';
import { interruptedExit } from './report-error.js';

const everyMsDefault = 3_600_000;
const seedMax = 2 ** 32 - 1;

/** Returns the exit code. */
export async function runSoak(options: SoakCommandOptions): Promise<number> {
  const seed = options.seed ?? randomInt(seedMax);
  const controller = new AbortController();
  const { signal } = controller;
  const off = onEndSignal(() => controller.abort());
  const { scenario: scenarios = shippedScenarios(), every: everyMs = everyMsDefault, for: forMs, ...others } = options;
  const commandOf = (round: { readonly scenario: string; readonly seed: number }) => roundCommand(options, round);
  const say = (text: string) => process.stdout.write(`${text}\n`);
  const onTimeOver = ({ number, scenario }: SoakRound) =>
    say(`the time is over; round ${number}, ${scenario}, is carried out to its end (Ctrl-C ends it now)`);
  const asked = { ...others, scenarios, seed, forMs, everyMs, signal, commandOf, onTimeOver };
  const soak = new Soak(asked, soakWorld(signal));
  say(`soak for ${durationText(forMs * 1000)}, seed ${seed}: ${counted(scenarios.length, 'scenario')}`);
  try {
    for await (const event of soak.run()) say(eventText(event));
  } finally {
    off();
  }
  const { counts } = soak;
  say(
    `\n${signal.aborted ? 'INTERRUPTED' : counts.failed > 0 ? 'FAILED' : counts.rounds === 0 ? 'NO VERDICT' : 'PASSED'}`,
  );
  say(countsText(counts));
  say(`repeat: ${soakCommand(options, seed)}`);
  if (signal.aborted) return interruptedExit;
  if (counts.failed > 0) return 1;
  return counts.rounds === 0 ? 3 : 0;
}

function eventText(event: SoakEvent): string {
  switch (event.kind) {
    case 'told':
      return countsText(event.counts);
    case 'lost':
      return `bench lost: ${printable(event.why)}; tried again after ${durationText(event.pauseMs * 1000)}`;
    case 'leftOut':
      return `left out: ${event.round.scenario}: ${printable(event.why)}`;
    case 'failed': {
      const { record, out, reportLost } = event.result;
      const { reason } = summarize(record);
      const report =
        reportLost === undefined ? `  report: ${join(out, 'report.html')}` : `  no report: ${reportLost.message}`;
      return `✕ round ${event.round.number}, ${record.title}: ${printable(reason)}\n${report}\n  repeat: ${record.command}`;
    }
    default:
      return unreachable(event);
  }
}

function countsText({ elapsedMs, rounds, passed, flaky, failed, lost }: SoakCounts): string {
  const { heapUsed } = process.memoryUsage();
  return [
    `${durationText(elapsedMs * 1000)}: ${counted(rounds, 'round')}, ${passed} passed`,
    ...(flaky > 0 ? [`${flaky} of them flaky`] : []),
    ...[`${failed} failed`, `bench lost ${counted(lost, 'time')}`, `heap ${bytesText(heapUsed)}`],
  ].join(', ');
}

/** `coldframe run …` for one round. */
function roundCommand(options: SoakCommandOptions, { scenario, seed }: { scenario: string; seed: number }): string {
  const own = { ...options, writes: undefined, freezes: undefined, ...usedOf(scenario, options) };
  return commandWords(['coldframe', 'run', ...words(own), '--scenario', scenario, '--seed', String(seed)]);
}

function soakCommand(options: SoakCommandOptions, seed: number): string {
  const times = [
    '--for',
    `${options.for / 1000}s`,
    ...(options.every === undefined ? [] : ['--every', `${options.every / 1000}s`]),
  ];
  const scenarios = (options.scenario ?? []).flatMap((each) => ['--scenario', each]);
  return commandWords(['coldframe', 'soak', ...words(options), ...times, ...scenarios, '--seed', String(seed)]);
}

/** What a round and the whole have in common. */
type CommonWords = Partial<
  Record<'bench' | 'method' | 'writes' | 'freezes' | 'encrypt', string | number | boolean | undefined>
>;

function words({ bench, method, writes, freezes, encrypt }: CommonWords): string[] {
  return Object.entries({ bench, method, writes, freezes, encrypt }).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    return value === true ? [`--${name}`] : [`--${name}`, String(value)];
  });
}

/** Text from outside must not steer the terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}
