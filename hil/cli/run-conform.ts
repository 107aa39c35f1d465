/** What `coldframe conform` does. */

import { randomBytes } from 'node:crypto';
import { access, constants, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { withFile } from '../../host/golden/file-refusal.js';
import { RefusalError } from '../../protocol/refusals.js';
import type { RemotePort, Surroundings } from '../conform/bench.js';
import type { Requirement } from '../conform/check.js';
import { identify } from '../conform/identify.js';
import { newPlayedRecords } from '../conform/played-records.js';
import { suiteJunit } from '../conform/report/junit.js';
import { suitePage } from '../conform/report/page.js';
import { headLine, terminalLines } from '../conform/report/terminal.js';
import { runSuite } from '../conform/run-suite.js';
import { selected } from '../conform/selection.js';
import { type CheckRecord, countsOf, type SuiteRecord, verdictOf } from '../conform/suite-record.js';
import { LineWire } from '../conform/wire.js';
import { runHook } from '../run/hooks.js';
import { readKeyFile } from '../run/key-file.js';
import { type LineAddress, parseLineAddress } from '../run/lines/address.js';
import { openLine } from '../run/lines/open-line.js';
import { version } from '../version.js';
import { naming } from './arguments.js';
import { commandWords } from './command-words.js';
import type { ConformOptions } from './commands/conform.js';
import { onEndSignal } from './interrupts.js';
import { Interrupted, reportError } from './report-error.js';
import { takesColour, takesCursor } from './terminal.js';

const eraseLine = '\r\u001b[K';

/** Runs the suite; returns the exit code. */
export async function runConform(options: ConformOptions): Promise<number> {
  await requireWritable([options.junit, options.html]);
  const requirements = naming('--only', () => selected(options.only));
  const key = options.keyFile === undefined ? undefined : readKeyFile(options.keyFile);
  const remote = remoteOf(options);
  const wire = wireOf(parseLineAddress(options.line));
  const controller = new AbortController();
  const interrupted = new Promise<never>((_, reject) => {
    controller.signal.addEventListener('abort', () => reject(new Interrupted()), { once: true });
  });
  interrupted.catch(() => {});
  const off = onEndSignal(() => controller.abort());
  const surroundings = { ...surroundingsOf(options, wire, key), ...(remote === undefined ? {} : { remote }) };
  const startedAt = new Date().toISOString();
  try {
    const identity = await Promise.race([identify(surroundings), interrupted]);
    const onCheck = progress(options.json !== true);
    const running = runSuite({ ...surroundings, requirements, onCheck, signal: controller.signal });
    const { records, lost } = await Promise.race([running, interrupted]);
    onCheck();
    const record: SuiteRecord = {
      ...aboutRun(options, startedAt),
      isSealed: key !== undefined,
      identity,
      checks: records,
      ...(lost === undefined ? {} : { endedBy: lost.refusal }),
    };
    print(record, options.json === true);
    const exit = lost === undefined ? (verdictOf(record) === 'passed' ? 0 : 1) : reportError(lost, false);
    return await exitOnceWritten(record, options, exit);
  } finally {
    off();
    await Promise.all([wire.close(), remote?.wire.close()]);
  }
}

function wireOf(address: LineAddress): LineWire {
  const isSocket = address.kind !== 'serial' && address.kind !== 'pty';
  const baud = address.kind === 'serial' ? address.baud : address.kind === 'pty' ? address.baud : undefined;
  return new LineWire({ open: () => openLine(address), baud, canReopen: isSocket });
}

/** The line at which the suite is the other controller. Throws RefusalError `argument-invalid` where there is none. */
function remoteOf({ role, remote, remoteKeyFile }: ConformOptions): RemotePort | undefined {
  if (remote === undefined) {
    if (remoteKeyFile === undefined) return undefined;
    throw new RefusalError('argument-invalid', '--remote-key-file is the key of a line that --remote has to name');
  }
  if (role === 'disk') throw new RefusalError('argument-invalid', '--remote is for a main or sub: a disk has one line');
  const key = remoteKeyFile === undefined ? undefined : readKeyFile(remoteKeyFile);
  const wire = wireOf(parseLineAddress(remote));
  return { wire, key, marksBefore: new Set<number>(), records: newPlayedRecords() };
}

function surroundingsOf(
  { role, allowDataLoss, powerCycle }: ConformOptions,
  wire: LineWire,
  key: Uint8Array | undefined,
): Surroundings {
  return {
    ...{ role, wire, key, fresh: (count: number) => randomBytes(count), marksBefore: new Set<number>() },
    allowDataLoss: allowDataLoss === true,
    powerCycle: powerCycle === undefined ? undefined : () => runHook('power cycle', powerCycle),
  };
}

function aboutRun(options: ConformOptions, startedAt: string) {
  return {
    ...{
      role: options.role,
      line: options.line,
      remote: options.remote,
      startedAt,
      version: version(),
      command: commandLine(options),
    },
    isDataLossAllowed: options.allowDataLoss === true,
  };
}

/** Told of each check before and after it, and at the end of all without one. */
type OnCheck = (requirement?: Pick<Requirement, 'number' | 'says'>, record?: CheckRecord) => void;

/** On stderr: on a terminal the check that is under way, elsewhere a line for each as it ends. */
function progress(isWanted: boolean): OnCheck {
  if (!isWanted) return () => {};
  if (takesCursor(process.stderr)) {
    return (requirement) => {
      const text = requirement === undefined ? '' : `… ${requirement.number} ${requirement.says}`;
      process.stderr.write(`${eraseLine}${text}`);
    };
  }
  return (_, record) => {
    if (record !== undefined) process.stderr.write(`${headLine(record, (_style, text) => text)}\n`);
  };
}

/** Where the files go is looked at before a suite, not after it. */
async function requireWritable(files: readonly (string | undefined)[]): Promise<void> {
  for (const file of files) {
    if (file !== undefined) await withFile(file, () => access(dirname(file), constants.W_OK | constants.X_OK));
  }
}

/** A verdict is not lost with its files. */
async function exitOnceWritten(record: SuiteRecord, options: ConformOptions, exit: number): Promise<number> {
  try {
    await write(record, options);
    return exit;
  } catch (error) {
    const lostExit = reportError(error, false);
    return exit === 0 ? lostExit : exit;
  }
}

async function write(record: SuiteRecord, { junit, html }: ConformOptions): Promise<void> {
  if (junit !== undefined) await withFile(junit, () => writeFile(junit, suiteJunit(record)));
  if (html !== undefined) await withFile(html, () => writeFile(html, suitePage(record)));
}

function print(record: SuiteRecord, asJson: boolean): void {
  const colour = takesColour(process.stdout);
  const text = asJson
    ? JSON.stringify({ ...record, ...countsOf(record) })
    : terminalLines(record, { colour }).join('\n');
  process.stdout.write(`${text}\n`);
}

function commandLine(options: ConformOptions): string {
  const { role, line, keyFile, remote, remoteKeyFile, allowDataLoss, powerCycle, only } = options;
  const ofRemote = { '--remote': remote, '--remote-key-file': remoteKeyFile };
  const given = Object.entries({
    '--key-file': keyFile,
    ...ofRemote,
    '--power-cycle': powerCycle,
    '--only': only,
  });
  const words = given.flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
  const leave = allowDataLoss === true ? ['--allow-data-loss'] : [];
  return commandWords(['coldframe', 'conform', '--role', role, '--line', line, ...leave, ...words]);
}
