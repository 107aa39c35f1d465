/**
 * Scales of the drawings: a linear one for time, a logarithmic one for latencies, and the ticks on them.
 */

/** A span of the drawing, in its units; `to` may lie before `from`. */
export interface Extent {
  readonly from: number;
  readonly to: number;
}

/** Maps a value to a place. */
export type Scale = (value: number) => number;

export function linearScale(domain: Extent, range: Extent): Scale {
  const factor = (range.to - range.from) / (domain.to - domain.from || 1);
  return (value) => rounded(range.from + (value - domain.from) * factor);
}

/** For a domain above zero; values outside of it are put on its ends. */
export function logScale(domain: Extent, range: Extent): Scale {
  const linear = linearScale({ from: Math.log10(domain.from), to: Math.log10(domain.to) }, range);
  return (value) => linear(Math.log10(Math.min(domain.to, Math.max(domain.from, value))));
}

/** Round values 0, step, 2·step, … up to `limit`, where a step is 1, 2 or 5 times a power of ten. */
export function ticks(limit: number, countMax: number): number[] {
  const rough = limit / countMax || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  return Array.from({ length: Math.floor(limit / step) + 1 }, (_, index) => index * step);
}

/** Powers of ten that enclose the values, at least one decade. */
export function decades(smallest: number, largest: number): Extent {
  const from = 10 ** Math.floor(Math.log10(Math.max(1, smallest)));
  return { from, to: Math.max(from * 10, 10 ** Math.ceil(Math.log10(Math.max(1, largest)))) };
}

/** A tenth of a unit is as exact as a drawing needs to be, and keeps the file small. */
export function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
