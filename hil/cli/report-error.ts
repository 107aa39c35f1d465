/** How a command that fails says so: what, about what, and what to do about it. */

import { CommanderError } from 'commander';
import { AdvisedRefusal } from '../../host/advised-refusal.js';
import { type Refusal, RefusalError, refusals } from '../../protocol/refusals.js';

/** Ctrl-C, or the end of the terminal: everything has been cleaned up. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** Exit code of a command that was interrupted, as shells have it. */
export const interruptedExit = 130;
/** An error of ours says nothing of what was to be checked: the bench was lost. */
const internalExit = 3;

/** Writes an error to stderr, and with `asJson` to stdout as well; returns the exit code. */
export function reportError(error: unknown, asJson: boolean): number {
  if (error instanceof Interrupted) return interruptedExit;
  const refusal = refusalOf(error);
  if (refusal === undefined) return internalError(error);
  const { remedy, exit } = error instanceof AdvisedRefusal ? error : refusals[refusal.code];
  process.stderr.write(errorText(refusal, remedy));
  if (asJson) process.stdout.write(`${JSON.stringify({ error: { ...errorObject(refusal), remedy, exit } })}\n`);
  return exit;
}

/** What happened, and what to do: two lines, and one for each problem of a file. */
export function errorText({ code, detail }: Refusal, remedy: string): string {
  const { meaning } = refusals[code];
  const [first = '', ...more] = detail.split('\n');
  // What is wrong with a file comes as a line for each.
  if (code === 'configuration-invalid' && more.length > 0) {
    const lines = [first, ...more, remedy].map((line) => `  ${printable(line)}\n`);
    return `coldframe: ${code}: ${meaning}\n${lines.join('')}`;
  }
  const about = detail === '' ? '' : ` (${printable(detail)})`;
  return `coldframe: ${code}: ${meaning}${about}\n  ${remedy}\n`;
}

/** The same for programs. */
export function errorObject({ code, detail }: Refusal): Readonly<Record<string, unknown>> {
  return { code, meaning: refusals[code].meaning, detail };
}

/** A mistake of this program: everything about it that helps to mend it. */
export function internalError(error: unknown): number {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`coldframe: internal error, please report it:\n${stack}\n`);
  return internalExit;
}

function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof RefusalError) return error.refusal;
  if (!(error instanceof CommanderError)) return undefined;
  return { code: 'argument-invalid', detail: error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ') };
}

/** Text from the other end of a line must not steer the terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}
