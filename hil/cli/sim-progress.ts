/** Progress of an exploration, on stderr: a bar on a terminal, elsewhere a line every few seconds. */

import type { SingleBar } from 'cli-progress';
import { counted, countText, percentText } from '../report/quantity.js';
import { takesCursor } from './terminal.js';

export interface SimProgress {
  /** So much of the whole is done (0 … 1), and what to say of it. */
  update(share: number, text: string): void;
  /** Says something that stays, on a line of its own. */
  say(line: string): void;
  /** Takes the bar away, for something to be printed elsewhere; the next `update` brings it back. */
  stop(): void;
}

/** Between two lines where there is no terminal, in milliseconds. */
const lineMs = 5000;
/** Steps of the bar. */
const barTotal = 1000;

/** `isQuiet`: nothing is shown. */
export async function startSimProgress(isQuiet: boolean): Promise<SimProgress> {
  if (isQuiet) return { update: () => {}, say: () => {}, stop: () => {} };
  return takesCursor(process.stderr) ? barOf() : linesOf();
}

async function barOf(): Promise<SimProgress> {
  const { SingleBar: Bar, Presets } = (await import('cli-progress')).default;
  let bar: SingleBar | undefined;
  const start = (): SingleBar => {
    const made = new Bar(
      {
        format: '{bar} {percentage} %  {text}',
        ...{ stream: process.stderr, hideCursor: true, clearOnComplete: true, fps: 5, barsize: 20 },
      },
      Presets.shades_classic,
    );
    made.start(barTotal, 0, { text: '' });
    return made;
  };
  const stop = () => {
    bar?.stop();
    bar = undefined;
  };
  return {
    update: (share, text) => {
      bar ??= start();
      bar.update(Math.min(barTotal, Math.floor(share * barTotal)), { text });
    },
    say: (line) => {
      stop();
      process.stderr.write(`${line}\n`);
    },
    stop,
  };
}

function linesOf(): SimProgress {
  let shownAtMs = performance.now();
  return {
    update: (share, text) => {
      if (performance.now() - shownAtMs < lineMs) return;
      shownAtMs = performance.now();
      process.stderr.write(`${percentText(share, 1)}  ${text}\n`);
    },
    say: (line) => void process.stderr.write(`${line}\n`),
    stop: () => {},
  };
}

/** Counts of which a rate can be told. */
export interface Rates {
  readonly planCount: number;
  readonly events: number;
  readonly crashImages: number;
  readonly virtualUs: number;
}

/** "412 plans, 31/s; 280 000 events/s, 95 crash images/s, 2400 × real time". */
export function ratesText({ planCount, events, crashImages, virtualUs }: Rates, elapsedMs: number): string {
  const perSecond = (count: number) => rateText((count * 1000) / Math.max(1, elapsedMs));
  const speed = rateText(virtualUs / 1000 / Math.max(1, elapsedMs));
  return [
    `${counted(planCount, 'plan')}, ${perSecond(planCount)}/s`,
    `${perSecond(events)} events/s, ${perSecond(crashImages)} crash images/s, ${speed} × real time`,
  ].join('; ');
}

/** Two significant digits: rates are no more exact than that. */
function rateText(value: number): string {
  const rounded = Number(value.toPrecision(2));
  return rounded < 1000 ? String(rounded) : countText(rounded);
}
