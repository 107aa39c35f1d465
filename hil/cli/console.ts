/** Orders to a process on its stdin, one a line; each is answered by a line on stdout. */
import { createInterface } from 'node:readline';

/** Answers what comes from now on; returns how to stop, so that the process can end. */
export function takeOrders(answer: (line: string) => string): () => void {
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    if (line.trim() !== '') process.stdout.write(`${answer(line)}\n`);
  });
  return () => {
    lines.close();
    process.stdin.destroy();
  };
}
