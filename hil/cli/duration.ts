/** Spans of time as people write them on the command line. */
import { RefusalError } from '../../protocol/refusals.js';

const unitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `500ms`, `60s`, `10m`, `8h`, `30d` in milliseconds; a number alone is seconds. Throws RefusalError `argument-invalid`. */
export function durationMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([a-z]*)$/.exec(text.trim());
  const unit = match?.[2] ?? '';
  const ms = Number(match?.[1]) * (unitsMs[unit === '' ? 's' : unit] ?? Number.NaN);
  if (Number.isFinite(ms) && ms > 0) return ms;
  throw new RefusalError('argument-invalid', `${JSON.stringify(text)} is no span of time; write 60s, 10m or 8h`);
}
