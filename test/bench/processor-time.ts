/** Processor time of this process: what others do on the machine counts less than on the clock. */

/** Seconds of processor time that `work` takes. */
export function processorSeconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  return secondsSince(before);
}

/** Seconds of processor time since `process.cpuUsage()` gave `before`. */
export function secondsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Repeats `work`, which tells how much it did, for so many seconds of processor time; returns how much a second. */
export function perSecond(seconds: number, work: () => number): number {
  const before = process.cpuUsage();
  let done = 0;
  while (secondsSince(before) < seconds) done += work();
  return done / secondsSince(before);
}
