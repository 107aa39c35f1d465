/**
 * Hunts every mutant with the simulator's general checks: `npm run mutants [-- NAME …] [--plans N] [--again] [--link]`; with
 * `--link` under plans of the link alone.
 * One copy of the repository is changed, built and hunted in, mutant after mutant. Results are kept in
 * `test/mutants/results.json` as they come, so that a campaign can be continued; `docs/mutants.md` is written from them.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build, copySources, mutateSources, repository } from './apply.js';
import type { Hunted } from './hunt.js';
import { editsOf, type Mutant } from './mutant.js';
import { mutants } from './mutants.js';
import { purposesOf } from './purposes.js';
import { type Results, resultsFile, tableOf } from './results.js';

/** A firmware that runs in circles within one event is found by the clock on the wall. */
const hangMs = 600_000;

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      plans: { type: 'string', default: '1500' },
      again: { type: 'boolean', default: false },
      link: { type: 'boolean', default: false },
    },
  });
  const results = readResults();
  const chosen = mutants.filter(
    ({ name }) => (positionals.length === 0 || positionals.includes(name)) && (values.again || !(name in results)),
  );
  const folder = mkdtempSync(join(tmpdir(), 'coldframe-mutants-'));
  try {
    rmSync(folder, { recursive: true });
    copySources(folder);
    for (const mutant of chosen) {
      if (isStale(mutant, folder)) {
        process.stdout.write(`${mutant.name}: does not fit the sources any more\n`);
        process.exitCode = 1;
        continue;
      }
      results[mutant.name] = huntOne(mutant, folder, [values.plans, values.link ? 'link' : 'pair and link']);
      writeFileSync(resultsFile, `${JSON.stringify(results, undefined, 1)}\n`);
      process.stdout.write(`${describe(mutant.name, results[mutant.name])}\n`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  writeFileSync(join(repository, 'docs/mutants.md'), tableOf(results));
  writeFileSync(join(repository, 'docs/purposes.md'), purposesOf(results));
  const alive = Object.values(results).filter(({ kind }) => kind === 'survived').length;
  process.stdout.write(`${Object.keys(results).length} mutants hunted, ${alive} alive\n`);
  if (alive > 0) process.exitCode = 1;
}

function readResults(): Results {
  return existsSync(resultsFile) ? JSON.parse(readFileSync(resultsFile, 'utf8')) : {};
}

function isStale(mutant: Mutant, folder: string): boolean {
  return editsOf(mutant).some(({ file, find }) => readFileSync(join(folder, file), 'utf8').split(find).length !== 2);
}

function huntOne(
  mutant: Mutant,
  folder: string,
  budget: readonly string[],
): Hunted | { kind: 'hung'; seconds: number } {
  const originals = editsOf(mutant).map(({ file }) => ({ file, text: readFileSync(join(folder, file), 'utf8') }));
  try {
    mutateSources(mutant, folder);
    build(folder);
    const hunter = join(folder, 'dist/test/mutants/hunt.js');
    const { stdout, stderr, signal } = spawnSync(process.execPath, [hunter, ...budget], {
      ...{ encoding: 'utf8', timeout: hangMs, killSignal: 'SIGKILL', maxBuffer: 2 ** 26 },
    });
    if (signal !== null) return { kind: 'hung', seconds: hangMs / 1000 };
    const line = stdout.trim().split('\n').at(-1) ?? '';
    if (line === '') throw new Error(`the hunt of ${mutant.name} ended without a result:\n${stderr}`);
    return JSON.parse(line) as Hunted;
  } finally {
    for (const { file, text } of originals) writeFileSync(join(folder, file), text);
  }
}

function describe(name: string, result: Results[string] | undefined): string {
  if (result === undefined) return name;
  if (result.kind === 'hung') return `${name}: hangs`;
  if (result.kind === 'survived') return `${name}: ALIVE after ${result.plans} plans`;
  const { operations, faults } = result.plan;
  const size = `${operations.length} operations, ${faults.length} faults`;
  return `${name}: ${result.subject} ${result.check}, seed ${result.seed}, ${(result.cpuMs / 1000).toFixed(1)} s; ${size}`;
}

main();
