/** Waits for what another process does. */
import { setTimeout as pause } from 'node:timers/promises';

const everyMs = 50;
const longestMs = 20_000;

/** Asks again until it does not throw any more; throws what it threw last when that takes too long. */
export async function eventually(holds: () => void): Promise<void> {
  for (const endMs = performance.now() + longestMs; ; ) {
    try {
      return holds();
    } catch (error) {
      if (performance.now() > endMs) throw error;
    }
    await pause(everyMs);
  }
}
