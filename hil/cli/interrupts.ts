/** Ctrl-C and the like, for commands that have something to clean up. */
import { interruptedExit } from './report-error.js';
import { takesCursor } from './terminal.js';

export type EndSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';
const endSignals: readonly EndSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Calls `listener` at the first signal that asks this process to end; a second one ends it at once, whatever is under way. What
 * was hidden of a terminal comes back then, and child processes and temporary folders go.
 */
export function onEndSignal(listener: (signal: EndSignal) => void): () => void {
  let isAsked = false;
  const off = () => {
    for (const signal of endSignals) process.off(signal, taken);
  };
  const taken = (signal: NodeJS.Signals) => {
    if (isAsked) endAtOnce();
    isAsked = true;
    listener(signal as EndSignal);
  };
  for (const signal of endSignals) process.on(signal, taken);
  return off;
}

function endAtOnce(): never {
  // A progress bar has hidden the cursor, and keeps lines from being wrapped.
  if (takesCursor(process.stderr)) process.stderr.write('\x1b[?25h\x1b[?7h\n');
  process.exit(interruptedExit);
}
