/**
 * Latencies of host writes over time, as dots on a fine lattice: a dot says how many writes fall on it, so that a
 * hundred thousand writes take no more room than a few hundred.
 */
import { type Markup, markup } from '../markup.js';
import type { LatencyRecord } from '../run-record.js';
import type { Scale } from './scale.js';

/** Distance of dots on the lattice, in units of the drawing. */
const pitch = 4;
/** A dot for at least this many writes has the opacity beside it. */
const levels = [
  { writes: 1, opacity: 0.6 },
  { writes: 3, opacity: 0.72 },
  { writes: 12, opacity: 0.86 },
  { writes: 48, opacity: 1 },
] as const;

/** The dots: round ones for writes that went straight through, square ones for those that were deferred. */
export function scatter(latencies: readonly LatencyRecord[], timeScale: Scale, latencyScale: Scale): Markup {
  const straight = new Map<string, number>();
  const deferred = new Map<string, number>();
  for (const latency of latencies) {
    const place = `${onLattice(timeScale(latency.atUs))} ${onLattice(latencyScale(latency.us))}`;
    const dots = latency.deferred === true ? deferred : straight;
    dots.set(place, (dots.get(place) ?? 0) + 1);
  }
  return markup`${dotPaths(straight, 'dot')}${dotPaths(deferred, 'dot-deferred')}`;
}

const onLattice = (place: number): number => Math.round(place / pitch) * pitch;

function dotPaths(dots: ReadonlyMap<string, number>, name: string): Markup[] {
  const paths: string[] = levels.map(() => '');
  for (const [place, writes] of dots) {
    const level = levels.findLastIndex((step) => writes >= step.writes);
    paths[level] += `M${place}h0`;
  }
  return levels.flatMap(({ opacity }, level) =>
    paths[level] ? [markup`<path class="${name}" opacity="${opacity}" d="${paths[level]}"/>`] : [],
  );
}
