/** The real-time clock of this process: integer microseconds since it started, never going back. */
export function nowUs(): number {
  return Math.round(performance.now() * 1000);
}
