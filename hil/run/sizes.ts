/** Sizes as people write them: `64MiB`, `1TiB`, or bytes. */
import { RefusalError } from '../../protocol/refusals.js';

const units: readonly (readonly [string, number])[] = [
  ['TiB', 2 ** 40],
  ['GiB', 2 ** 30],
  ['MiB', 2 ** 20],
  ['KiB', 2 ** 10],
];

/** Reads a size in bytes; throws RefusalError `argument-invalid`. Only powers of 1024 have names, so that none is ambiguous. */
export function parseSize(text: string): number {
  const match = /^(\d+)(?: ?([A-Za-z]+))?$/.exec(text.trim());
  const unit = match?.[2] ?? '';
  const factor = unit === '' ? 1 : units.find(([name]) => name.toLowerCase() === unit.toLowerCase())?.[1];
  const bytes = Number(match?.[1]) * (factor ?? Number.NaN);
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw new RefusalError(
    'argument-invalid',
    `${JSON.stringify(text)} is no size; write 64MiB, 1TiB or a number of bytes`,
  );
}

/** The shortest text that `parseSize` reads as exactly so many bytes. */
export function formatSize(bytes: number): string {
  const unit = units.find(([, factor]) => bytes > 0 && bytes % factor === 0);
  return unit === undefined ? String(bytes) : `${bytes / unit[1]}${unit[0]}`;
}
