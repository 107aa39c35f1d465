/** Volumes as a scenario finds them at its beginning: all zeros. */
import { sectorBytes } from '../../protocol/ids.js';
import type { Bench } from '../bench/bench.js';

/** One unmap takes so much at most, in bytes. */
const unmapBytesMax = 32 * 2 ** 20;

/** Unmaps all volumes at main. */
export async function clearVolumes(bench: Bench): Promise<void> {
  for (const [volume, bytes] of bench.shape.volumes.entries()) {
    for (let at = 0; at < bytes; at += unmapBytesMax) {
      const sectors = Math.min(unmapBytesMax, bytes - at) / sectorBytes;
      await bench.run(bench.host.command(volume, { op: 'unmap', ranges: [{ lba: at / sectorBytes, sectors }] }));
    }
  }
}
