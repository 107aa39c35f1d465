/** Progress of long work, on stderr: a bar on a terminal, elsewhere a line every few seconds. */

import type { SingleBar as Bar } from 'cli-progress';
import { bytesText, percentText } from '../report/quantity.js';
import { takesCursor } from './terminal.js';

export interface Progress {
  /** So many bytes more are done. */
  advance(bytes: number): void;
  /** Takes the bar away. */
  stop(): void;
}

/** Between two lines where there is no terminal, in milliseconds. */
const lineMs = 5000;

/** Begins to show the progress of `what`, of `totalBytes` in all. */
export async function startProgress(what: string, totalBytes: number): Promise<Progress> {
  return takesCursor(process.stderr) ? barOf(what, totalBytes) : linesOf(what, totalBytes);
}

async function barOf(what: string, totalBytes: number): Promise<Progress> {
  const { SingleBar, Presets } = (await import('cli-progress')).default;
  let doneBytes = 0;
  const bar: Bar = new SingleBar(
    {
      format: `${what} {bar} {percentage} % of ${bytesText(totalBytes)}, {speed}/s`,
      ...{ stream: process.stderr, hideCursor: true, clearOnComplete: true, fps: 5, barsize: 30 },
    },
    Presets.shades_classic,
  );
  const startMs = performance.now();
  bar.start(totalBytes, 0, { speed: bytesText(0) });
  return {
    advance: (bytes) => {
      doneBytes += bytes;
      bar.update(doneBytes, { speed: bytesText((doneBytes * 1000) / (performance.now() - startMs + 1)) });
    },
    stop: () => bar.stop(),
  };
}

function linesOf(what: string, totalBytes: number): Progress {
  let doneBytes = 0;
  let shownAtMs = performance.now();
  return {
    advance: (bytes) => {
      doneBytes += bytes;
      if (performance.now() - shownAtMs < lineMs) return;
      shownAtMs = performance.now();
      const share = percentText(doneBytes, totalBytes);
      process.stderr.write(`${what}: ${bytesText(doneBytes)} of ${bytesText(totalBytes)} (${share})\n`);
    },
    stop: () => {},
  };
}
