/** Ctrl-C and the like, for commands that have something to clean up. */

export type EndSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';
const endSignals: readonly EndSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Calls `listener` at the first signal that asks this process to end; a second one ends it at once. */
export function onEndSignal(listener: (signal: EndSignal) => void): () => void {
  const off = () => {
    for (const signal of endSignals) process.off(signal, taken);
  };
  const taken = (signal: NodeJS.Signals) => {
    off();
    listener(signal as EndSignal);
  };
  for (const signal of endSignals) process.on(signal, taken);
  return off;
}
