/** A process of its own: two generations of a 1 TiB volume with 16 MiB written all over it; prints its peak memory in KiB. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { EmulatedBench } from '../../hil/bench/emulated-bench.js';

const bench = new EmulatedBench({ method: 'differential', volumes: [2 ** 40] });
for (let generation = 1; generation <= 2; generation += 1) {
  for (let index = 0; index < 128; index += 1) {
    const offset = (index * 2 + generation) * 2 ** 31;
    await bench.run(bench.host.write(0, offset, randomBytes(65536)).done);
  }
  const frozen = await bench.run(bench.host.freeze(Buffer.alloc(16, generation)));
  await bench.run(bench.subHost.wait(frozen.generation, 'structured'));
}
await bench.run(bench.subHost.digests(0, { first: 0, count: 2 ** 28, partBlocks: 2 ** 28 }));
// Not resourceUsage().maxRSS: Linux hands that of the parent process down.
const peakKiB = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
process.stdout.write(String(peakKiB));
