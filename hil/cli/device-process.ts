/** A process that is one device: runs until it is told to end, or until the device cannot go on. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Refusal } from '../../protocol/refusals.js';
import type { DeviceRunner } from '../run/device-runner.js';
import { haltedRefusal } from '../run/halted.js';
import type { Line } from '../run/lines/line.js';
import type { PtyLine } from '../run/lines/open-line.js';
import { takeOrders } from './console.js';
import { logDevice, logLines } from './device-log.js';
import { type EndSignal, onEndSignal } from './interrupts.js';
import { interruptedExit, reportError } from './report-error.js';

/** How long lines are given to open before the ready line tells of them: so many looks, so many milliseconds apart. */
const openTries = 200;
const openPauseMs = 5;

export interface DeviceProcess {
  /** Not started yet. */
  readonly runner: DeviceRunner;
  /** Its lines by name, for the log. */
  readonly lines: ReadonlyMap<string, Line>;
  /** When this mark comes the device is ready; undefined: as soon as it is started. */
  readonly readyMark?: string;
  /** What to print on stdout when it is ready, without the line end; what lines are waited for follows. */
  readonly readyText: () => string;
  /** Answers orders on stdin, once it is ready; without it stdin is left alone. */
  readonly answer?: (line: string) => string;
}

/** Starts the device; returns the exit code when it has ended and everything is closed. */
export async function runDeviceProcess(of: DeviceProcess): Promise<number> {
  const { runner, lines, readyMark, readyText, answer } = of;
  const end = new Promise<EndSignal | Refusal>((resolve) => {
    onEndSignal(resolve);
    runner.once('halted', resolve);
  });
  logDevice(runner);
  logLines(lines);
  let hangUp = () => {};
  const ready = async () => {
    const all = [...lines.values()];
    for (let tries = 0; tries < openTries && !all.every(isSettled); tries += 1) await pause(openPauseMs);
    process.stdout.write(`${readyText()}${waitedFor(all)}\n`);
    if (answer !== undefined) hangUp = takeOrders(answer);
  };
  if (readyMark === undefined) void ready();
  runner.on('mark', (name) => {
    if (name === readyMark) void ready();
  });
  runner.start();
  const why = await end;
  hangUp();
  await runner.stop();
  if (typeof why !== 'string') return reportError(haltedRefusal(why), false);
  return why === 'SIGINT' ? interruptedExit : 0;
}

/** How others reach a line that this process made: the path of a PTY, the port that a listener got. */
export function reachableAt(line: Line): string {
  return isPty(line) ? `serial:${line.path}` : line.name;
}

const isPty = (line: Line): line is PtyLine => 'path' in line;

/** A line that does its part: what is missing, if anything, is a client. */
const isThere = ({ isOpen, isListening }: Line): boolean => isOpen || isListening === true;

const isSettled = (line: Line): boolean => isThere(line) || line.trouble !== undefined;

/** The lines that cannot be opened, and why, as the ready line ends with them. */
function waitedFor(lines: readonly Line[]): string {
  const details = lines.filter((line) => !isThere(line)).map(({ name, trouble }) => trouble?.detail ?? name);
  return details.length === 0 ? '' : ` (waiting for ${details.join(', and for ')}; tried again every second)`;
}
