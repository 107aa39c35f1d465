/** A whole run: the bench is opened, the scenario carried out, the report written, the bench closed. */
import { createHash, randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { withFile } from '../../host/golden/file-refusal.js';
import type { Method } from '../../protocol/ids.js';
import { type Refusal, RefusalError } from '../../protocol/refusals.js';
import type { Cipher } from '../../protocol/session/ciphers.js';
import type { Bench } from '../bench/bench.js';
import { type BenchFile, benchDefault, readBenchFile, rolesOf } from '../bench/bench-file.js';
import { hasKeys } from '../bench/bench-keys.js';
import { requireFeature } from '../bench/features.js';
import { openBench } from '../bench/open-bench.js';
import { CaptureFile } from '../capture/capture-file.js';
import { requireFolder } from '../report/report-folder.js';
import type { CheckRecord, EventRecord, RunRecord } from '../report/run-record.js';
import { writeReport } from '../report/write-report.js';
import { clearVolumes } from './clear-volumes.js';
import { requireAbilities } from './needed-abilities.js';
import { neededFeatures } from './needed-features.js';
import { type Parameters, parametersOf, requireParameters } from './parameters.js';
import { folderOf, runScenario } from './scenario.js';
import { readScenario, type Scenario, type Step } from './scenario-file.js';
import { scenarioPath } from './shipped-scenarios.js';

/** What the command line chooses; everything has a default. */
export interface RunChoices extends Parameters {
  /** Path of a bench file. */
  readonly bench?: string | undefined;
  /** Path of a scenario file, or the name of one that comes with the program. */
  readonly scenario?: string | undefined;
  readonly method?: Method | undefined;
  /** Path of a raw image, the first content of volume 0. */
  readonly image?: string | undefined;
  readonly volumes?: number | undefined;
  readonly encrypt?: boolean | undefined;
  /** The ciphers that sealed lines may have; all unless given. */
  readonly cipher?: readonly Cipher[] | undefined;
  /** 32 bits. */
  readonly seed: number;
  /** Folder of the report. */
  readonly out?: string | undefined;
  /** A file for the frames of the lines; true: capture.pcapng in the folder of the report. */
  readonly capture?: string | true | undefined;
  /** The one line that repeats the run. */
  readonly command: string;
  /** `failed`: a report is written only of a run in which a check failed, or the other side of a line broke the protocol. */
  readonly evidence?: 'always' | 'failed';
  /** Unmaps the volumes of boards first, which keep what an earlier scenario wrote. */
  readonly clear?: boolean;
}

export interface RunWatcher {
  readonly signal?: AbortSignal;
  readonly onBench?: (bench: Bench, scenario: Scenario) => void;
  readonly onStep?: (step: Step) => void;
  readonly onEvent?: (event: EventRecord) => void;
  readonly onCheck?: (check: CheckRecord) => void;
  /** The capture has begun, and where it is: it stays when the bench cannot be opened. */
  readonly onCapture?: (path: string) => void;
  /** The capture ends early. */
  readonly onCaptureTrouble?: (refusal: Refusal) => void;
}

export interface RunResult {
  readonly record: RunRecord;
  readonly exit: number;
  /** Folder of the report. */
  readonly out: string;
  /** Why the report could not be written. */
  readonly reportLost?: RefusalError;
}

/**
 * Carries out a run. Throws RefusalError for what is wrong with files and arguments (exit code 2) and for a bench that
 * cannot be opened or cannot do it (3, 4); what happens afterwards is in the record.
 */
export async function carryOut(choices: RunChoices, watcher: RunWatcher = {}): Promise<RunResult> {
  const name = choices.scenario ?? 'default';
  const path = scenarioPath(name);
  const scenario = readScenario(path, parametersOf(choices));
  requireParameters(name, scenario, choices);
  const file = benchFor(choices, scenario);
  for (const { feature, what } of neededFeatures(scenario.steps)) requireFeature(file.features, feature, what);
  const sealed = choices.encrypt === true || scenario.sealed;
  if (sealed) requireFeature(file.features, 'sealed', choices.encrypt === true ? '--encrypt' : 'the scenario');
  if (choices.cipher !== undefined && !sealed && !hasKeys(file)) {
    throw new RefusalError('argument-invalid', '--cipher has no effect on lines that are not sealed; add --encrypt');
  }
  if (file.volumes.length > 1) requireFeature(file.features, 'groups', '--volumes');
  const startedAt = new Date();
  const runId = `${startedAt.toISOString().slice(0, 19).replace('T', '-').replaceAll(':', '')}-${file.method}`;
  const out = choices.out ?? join('coldframe-out', runId);
  await requireFolder(out);
  const key = sealed ? keyFor(choices.seed, file) : undefined;
  const capture = await captureFor(choices, out, watcher);
  try {
    const bench = await openBench(file, { seed: String(choices.seed), key, ciphers: choices.cipher, capture });
    try {
      requireAbilities(bench, scenario.steps);
      if (choices.clear === true && hasBoard(file)) await clearVolumes(bench);
      watcher.onBench?.(bench, scenario);
      const { title } = scenario;
      const { record, exit } = await runScenario({
        ...{ ...watcher, bench, scenario, folder: folderOf(path), image: choices.image },
        ...{ quiesce: file.hooks.quiesce, resume: file.hooks.resume },
        about: { runId, title, command: choices.command, seed: choices.seed, startedAt: iso(startedAt) },
      });
      const captured = capture === undefined ? {} : { capture: capture.path };
      const result = { record: { ...record, ...captured }, exit, out };
      if (choices.evidence === 'failed' && exit !== 1 && exit !== 4) return result;
      const reportLost = await lossOf(writeReport(out, result.record));
      return reportLost === undefined ? result : { ...result, reportLost };
    } finally {
      await bench.close();
    }
  } finally {
    capture?.close();
  }
}

/** A verdict of hours is not lost with its report. */
async function lossOf(writing: Promise<unknown>): Promise<RefusalError | undefined> {
  try {
    await writing;
    return undefined;
  } catch (error) {
    if (error instanceof RefusalError) return error;
    throw error;
  }
}

/** The capture of a run begins before its bench is opened: how a session opens, or does not, is half of the story. */
async function captureFor(
  { capture }: RunChoices,
  out: string,
  { onCapture, onCaptureTrouble = () => {} }: RunWatcher,
): Promise<CaptureFile | undefined> {
  if (capture === undefined) return undefined;
  if (capture === true) await withFile(out, () => mkdir(out, { recursive: true }));
  const file = new CaptureFile(capture === true ? join(out, 'capture.pcapng') : capture, onCaptureTrouble);
  onCapture?.(file.path);
  return file;
}

const iso = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;

/** The bench file, or what the scenario asks for, with what the command line chooses in its place. */
function benchFor(choices: RunChoices, scenario: Scenario): BenchFile {
  const file =
    choices.bench === undefined ? (scenario.bench ?? benchDefault) : readBenchFile(choices.bench, scenario.benchGiven);
  const { method = file.method, volumes: count, image } = choices;
  let { volumes } = file;
  const [first] = volumes;
  if (count !== undefined && first !== undefined) {
    volumes = Array.from({ length: count }, (_, index) => file.volumes[index] ?? { size: first.size, areas: {} });
  }
  if (image !== undefined && choices.bench === undefined) {
    const size = Math.max(first?.size ?? 0, wholeBlocks(image, file.block));
    volumes = [{ size, areas: first?.areas ?? {} }, ...volumes.slice(1)];
  }
  return { ...file, method, volumes };
}

/** The size of a volume that takes an image. */
function wholeBlocks(path: string, blockBytes: number): number {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new RefusalError('file-missing', path);
  return Math.ceil(stats.size / blockBytes) * blockBytes;
}

function keyFor(seed: number, file: BenchFile): Uint8Array | undefined {
  if (hasKeys(file)) return undefined;
  if (hasBoard(file)) {
    const detail = '--encrypt, or a scenario that seals: boards need keyFile or keyFiles in the bench file';
    throw new RefusalError('argument-invalid', detail);
  }
  // In virtual time a run repeats to the bit, so the key has to come from the seed too.
  return file.kind === 'emulator' ? createHash('sha256').update(`key/${seed}`).digest() : randomBytes(32);
}

function hasBoard(file: BenchFile): boolean {
  const { main, sub } = rolesOf(file);
  return main === 'line' || sub === 'line';
}
