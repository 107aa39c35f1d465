/** `npm run fuzz`: coverage-guided fuzzing on demand. `--help` says how. */
import { readFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { regressions, saveInput, targetOf } from './corpus.js';
import { describeProblem } from './examine.js';
import type { Finding } from './loop.js';
import { type FuzzOptions, parseOptions } from './options.js';
import { allocatesDefault, allowedBytes, holdsDefault, type Target } from './target.js';
import { targetNamed, targets } from './targets.js';
import { probe, watchedRun } from './watched-run.js';
import type { Progress } from './worker.js';

async function main(argv: readonly string[]): Promise<number> {
  let options: FuzzOptions;
  try {
    options = parseOptions(argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : 2;
  }
  if (options.list) return list();
  return options.repeat === undefined ? fuzz(options) : repeat(options.repeat, options.hangMs);
}

function list(): number {
  for (const target of targets) {
    const allocates = allowedBytes(target.allocates ?? allocatesDefault, target.inputBytesMax);
    const holds = allowedBytes(target.holds ?? holdsDefault, target.inputBytesMax);
    const limits = `inputs to ${target.inputBytesMax} bytes; allocates ${kib(allocates)}, holds ${kib(holds)} at most`;
    console.log(`${target.name.padEnd(16)}${target.about}\n${' '.repeat(16)}${limits}`);
  }
  return 0;
}

const kib = (bytes: number): string => `${Math.ceil(bytes / 1024)} KiB`;

async function fuzz(options: FuzzOptions): Promise<number> {
  const chosen = options.target.length === 0 ? targets : options.target.map(targetNamed);
  let findings = 0;
  for (const target of chosen) {
    const onFinding = (finding: Finding) => {
      findings += 1;
      tellFinding(options, target, finding);
    };
    await fuzzTarget(options, target, options.forMs / chosen.length, onFinding);
  }
  console.log(`${findings === 0 ? 'nothing' : findings} found with seed ${options.seed}`);
  return findings === 0 ? 0 : 1;
}

async function fuzzTarget(
  { seed, runs: runsMax, hangMs }: FuzzOptions,
  target: Target,
  forMs: number,
  onFinding: (finding: Finding) => void,
): Promise<void> {
  const beganMs = Date.now();
  const inputs = regressions(target.name).map(({ input }) => input);
  const given = target.seeds.length + inputs.length;
  const line = (progress: Progress) => lineOf(target, progress, given, Date.now() - beganMs);
  const onProgress = (progress: Progress) => {
    if (process.stdout.isTTY) process.stdout.write(`\r${line(progress)}\x1b[K`);
  };
  const last = await watchedRun({ ...{ target, seed, inputs, runsMax, forMs, hangMs }, onProgress, onFinding });
  console.log(`${process.stdout.isTTY ? '\r' : ''}${line(last)}`);
}

function lineOf(
  { name }: Target,
  { executions, coverage, corpus, labels }: Progress,
  given: number,
  ms: number,
): string {
  const perSecond = Math.round((1000 * executions) / Math.max(1, ms));
  const share = ((100 * coverage.reached) / Math.max(1, coverage.characters)).toFixed(1);
  return [
    name.padEnd(16),
    `${grouped(executions)} runs`.padStart(16),
    `${grouped(perSecond)}/s`.padStart(12),
    `   ${coverage.functions} functions, ${share} % of their code`.padEnd(40),
    `   ${corpus} inputs (+${Math.max(0, corpus - given)})   ${labels} outcomes`,
  ].join('');
}

const grouped = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ' ');

function tellFinding({ out }: FuzzOptions, { name }: Target, { problem, input }: Finding): void {
  const path = saveInput(out, name, input);
  console.log(`\nFOUND in ${name}, ${input.length} bytes: ${describeProblem(problem)}`);
  if (problem.kind === 'thrown') console.log(problem.stack.split('\n').slice(1, 5).join('\n'));
  console.log(`  npm run fuzz -- --repeat ${path}\n`);
}

async function repeat(path: string, hangMs: number): Promise<number> {
  const target = targetNamed(targetOf(path));
  const examined = await probe(target.name, readFileSync(path), hangMs);
  if (examined?.kind === 'passed') {
    console.log(`${target.name}: passed, ${examined.label}`);
    return 0;
  }
  const problem = examined?.problem ?? ({ kind: 'hang', limitMs: hangMs } as const);
  console.log(`${target.name}: ${describeProblem(problem)}`);
  if (problem.kind === 'thrown') console.log(problem.stack);
  return 1;
}

process.exitCode = await main(process.argv);
