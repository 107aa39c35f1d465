/** What one transfer of random data over one line came to. */
import { bitTimesPerByte } from '../../../hil/simulate/line-model.js';
import type { LineCell } from './line-cell.js';

export interface TransferSettings extends LineCell {
  /** Least line time that the data takes, in seconds. */
  readonly seconds: number;
  /** Least size of the data: at a low rate a minute holds too few bit errors to measure by. */
  readonly bytesMin: number;
  readonly sealed: boolean;
  readonly seed: number;
}

export interface Goodput {
  /** Bytes of blocks over the bytes that the line could have carried meanwhile. */
  readonly share: number;
  readonly seconds: number;
}

/** Blocks are sent in runs of this; so that none is shorter, the data is a multiple of it. */
const runBytes = 65_536;

/** How much data a transfer has. */
export function transferBytes({ baud, seconds, bytesMin }: TransferSettings): number {
  const bytes = Math.max(bytesMin, (seconds * baud) / bitTimesPerByte);
  return Math.ceil(bytes / runBytes) * runBytes;
}

export function goodput(settings: TransferSettings, seconds: number): Goodput {
  return { share: (transferBytes(settings) * bitTimesPerByte) / (seconds * settings.baud), seconds };
}
