/**
 * Numbers for people: bytes in binary units, times in the unit that suits them, counts with thin spaces.
 */
import { assert } from '../../protocol/ids.js';

const binaryUnits = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** 0 bytes, 512 bytes, 1.5 KiB, 64 MiB; three significant digits. */
export function bytesText(bytes: number): string {
  const exponent = bytes < 1024 ? 0 : Math.min(binaryUnits.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${threeDigits(bytes / 1024 ** exponent)} ${binaryUnits[exponent]}`;
}

/** 12 µs, 1.5 ms, 3.2 s, 4 min 5 s, 2 min, 3 h 20 min, 30 d. */
export function durationText(us: number): string {
  if (us < 1000) return `${threeDigits(us)} µs`;
  if (us < 1e6) return `${threeDigits(us / 1000)} ms`;
  if (us < 60e6) return `${threeDigits(us / 1e6)} s`;
  const seconds = Math.round(us / 1e6);
  if (seconds < 3600) return inTwo(seconds, [60, 'min'], [1, 's']);
  if (seconds < 86_400) return inTwo(seconds, [3600, 'h'], [60, 'min']);
  return inTwo(seconds, [86_400, 'd'], [3600, 'h']);
}

/** A whole number of the larger unit, and what is left of it in the smaller one. */
function inTwo(
  seconds: number,
  [large, name]: readonly [number, string],
  [small, rest]: readonly [number, string],
): string {
  const left = Math.floor((seconds % large) / small);
  const whole = `${Math.floor(seconds / large)} ${name}`;
  return left === 0 ? whole : `${whole} ${left} ${rest}`;
}

/** 100 000: groups of three behind narrow no-break spaces. */
export function countText(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** 0.021 %, 12 %, 100 %; never 0 or 100 unless it is. */
export function percentText(part: number, whole: number): string {
  if (whole === 0 || part === 0) return '0 %';
  const percent = (100 * part) / whole;
  if (percent < 0.001) return '< 0.001 %';
  if (percent < 100 && percent > 99.9) return '99.9 %';
  return `${percent < 1 ? String(Number(percent.toPrecision(2))) : threeDigits(percent)} %`;
}

/** "1 block", "3 blocks". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

/** The value below which `share` (0 … 1) of ascending `values` lie; the largest for 1. */
export function quantile(values: readonly number[] | Float64Array, share: number): number {
  const value = values[Math.min(values.length - 1, Math.floor(share * values.length))];
  assert(value !== undefined, 'there is a value');
  return value;
}

function threeDigits(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
