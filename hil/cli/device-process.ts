/** A process that is one device: runs until it is told to end, or until the device cannot go on. */
import { setTimeout as pause } from 'node:timers/promises';
import { type Refusal, RefusalError } from '../../protocol/refusals.js';
import type { DeviceRunner } from '../run/device-runner.js';
import type { Line } from '../run/lines/line.js';
import type { PtyLine } from '../run/lines/open-line.js';
import { takeOrders } from './console.js';
import { logDevice, logLines } from './device-log.js';
import { type EndSignal, onEndSignal } from './interrupts.js';
import { interruptedExit, reportError } from './report-error.js';

/** How long a listener is given to get its port: so many looks, so many milliseconds apart. */
const portTries = 200;
const portPauseMs = 5;

export interface DeviceProcess {
  /** Not started yet. */
  readonly runner: DeviceRunner;
  /** Its lines by name, for the log. */
  readonly lines: ReadonlyMap<string, Line>;
  /** When this mark comes the device is ready; undefined: as soon as it is started. */
  readonly readyMark?: string;
  /** What to print on stdout when it is ready, without the line end. */
  readonly readyText: () => Promise<string>;
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
    process.stdout.write(`${await readyText()}\n`);
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
  if (typeof why !== 'string') return reportError(new RefusalError(why.code, why.detail), false);
  return why === 'SIGINT' ? interruptedExit : 0;
}

/** How others reach a line that this process made: the path of a PTY, the port that a listener got. */
export async function reachableAt(line: Line): Promise<string> {
  if (isPty(line)) return `serial:${line.path}`;
  // The port is known once the listener listens, which is in a moment or never.
  for (let tries = 0; tries < portTries && line.name.endsWith(':0') && line.trouble === undefined; tries += 1) {
    await pause(portPauseMs);
  }
  return line.name;
}

const isPty = (line: Line): line is PtyLine => 'path' in line;
