/** A virtual time in seconds, to the microsecond: `0.003 214 s`. */
export function timeText(atUs: number): string {
  const digits = String(atUs % 1_000_000).padStart(6, '0');
  return `${Math.floor(atUs / 1_000_000)}.${digits.slice(0, 3)} ${digits.slice(3)} s`;
}
