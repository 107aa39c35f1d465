/** The real-time clock of this process: integer microseconds since it started, never going back. */
export function nowUs(): number {
  return Math.round(performance.now() * 1000);
}

/** The time of day of a moment of this clock, in microseconds since 1970. */
export function timeOfDayUs(atUs: number): number {
  return Math.round(performance.timeOrigin * 1000) + atUs;
}
