/** Bytes in one command, and commands under way at once: enough for a fast line, with bounded memory. */
const partBytes = 256 * 1024;
const partsAtOnce = 16;

/**
 * Cuts `lengthBytes` into parts and calls `transfer` for each, in order, a few at once. Rejects with the first failure,
 * once none is under way any more.
 */
export async function transferAll(
  lengthBytes: number,
  transfer: (offsetBytes: number, partBytes: number) => Promise<void>,
): Promise<void> {
  let nextBytes = 0;
  let failed = false;
  const work = async () => {
    while (nextBytes < lengthBytes && !failed) {
      const at = nextBytes;
      nextBytes = Math.min(lengthBytes, at + partBytes);
      await transfer(at, nextBytes - at).catch((error: unknown) => {
        failed = true;
        throw error;
      });
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: partsAtOnce }, work));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}
