/** What a device that runs says, as lines on stderr. */

import { styleText } from 'node:util';
import type { DeviceRunner } from '../run/device-runner.js';
import type { Line } from '../run/lines/line.js';
import { takesColour } from './terminal.js';

export type LogLevel = 'info' | 'warning' | 'error';

/** How long the same refusal is only counted after it was printed, in milliseconds. */
const quietMs = 10_000;
const colours = { info: 'dim', warning: 'yellow', error: 'red' } as const;

/** Writes one line: `12:00:00.000 warning: …`, in colour on a terminal. */
export function log(level: LogLevel, text: string): void {
  const time = new Date().toISOString().slice(11, 23);
  // Text from the other end of a line must not steer the terminal.
  const line = `${time} ${level}: ${text.replace(/\p{Cc}/gu, ' ')}`;
  process.stderr.write(`${takesColour(process.stderr) ? styleText(colours[level], line) : line}\n`);
}

/** Prints the log of a device, its sessions, and what it refused: each reason once, then as a count now and then. */
export function logDevice(runner: DeviceRunner): void {
  const refused = new Map<string, { count: number; shownAtMs: number }>();
  runner.on('log', log);
  runner.on('mark', (name, values) => {
    if (name === 'session') log('info', `session with ${values.peer} open${on(values.port)}`);
    else if (name === 'sessionClosed') log('info', `session closed${on(values.port)}: ${values.reason}`);
    else if (name === 'refused') logRefused(refused, `${values.code}${on(values.port)}`, String(values.detail));
  });
}

/** How often lines that are down are looked at, in milliseconds. */
const lookMs = 1000;

/** Says of lines that they are open, or why they are not: what changes. A peer that comes back at once is no news. */
export function logLines(lines: ReadonlyMap<string, Line>): void {
  for (const [name, line] of lines) {
    let told: string | undefined;
    let lost: string | undefined;
    line.on('lost', ({ detail }) => {
      lost = detail;
    });
    const timer = setInterval(() => {
      const { isOpen, trouble } = line;
      const now = isOpen ? 'open' : trouble?.detail;
      if (now === undefined || now === told) return;
      told = now;
      if (isOpen || trouble === undefined) log('info', `${name} line: open`);
      else log(now === lost ? 'info' : 'warning', `${name} line: ${trouble.code}: ${now}`);
    }, lookMs);
    timer.unref();
    line.on('closed', () => clearInterval(timer));
  }
}

function on(port: number | string | undefined): string {
  return port === undefined ? '' : ` (${port} line)`;
}

function logRefused(refused: Map<string, { count: number; shownAtMs: number }>, what: string, detail: string): void {
  const nowMs = performance.now();
  const before = refused.get(what);
  if (before !== undefined && nowMs - before.shownAtMs < quietMs) {
    before.count += 1;
    return;
  }
  const more = before === undefined || before.count === 0 ? '' : `, and ${before.count} more since`;
  log('warning', `refused: ${what}: ${detail}${more}`);
  refused.set(what, { count: 0, shownAtMs: nowMs });
}
