/** The worker threads of `coldframe sim`. */

export const workerScript = new URL('../simulate/explore/worker.js', import.meta.url);

/** Longest time without a result or progress: no plan of ours takes nearly as long, also on a busy machine. */
export const watchdogMs = 120_000;
