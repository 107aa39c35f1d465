/** Simulated time over processor time while a line of 115200 baud is busy with random data. */
import { randomBytes } from 'node:crypto';
import { EmulatedBench } from '../../hil/bench/emulated-bench.js';
import { secondsSince } from './processor-time.js';
import { median, type Row } from './row.js';

const volumeBytes = 2 ** 20;
const rounds = 5;

export async function slowLine(): Promise<Row[]> {
  const remoteLine = { baud: 115_200, latencyUs: 1000, bitErrorRate: 0, dropRate: 0 };
  const bench = new EmulatedBench({ method: 'differential', volumes: [volumeBytes], remoteLine });
  const ratios: number[] = [];
  let busy = 0;
  // The first round warms the engine up and is not counted.
  for (let round = 0; round <= rounds; round += 1) {
    await bench.run(bench.host.write(0, 0, randomBytes(volumeBytes)).done);
    const before = { cpu: process.cpuUsage(), us: bench.kernel.nowUs, bytes: carried(bench) };
    const { generation } = await bench.run(bench.host.freeze(Buffer.alloc(16, round + 1)));
    await bench.run(bench.host.wait(generation, 'structured'));
    const simulatedSeconds = (bench.kernel.nowUs - before.us) / 1e6;
    busy = (carried(bench) - before.bytes) / (simulatedSeconds * 11_520);
    if (round > 0) ratios.push(simulatedSeconds / secondsSince(before.cpu));
  }
  return [
    {
      ...{ name: 'simulated over real time, a busy line of 115200 baud', value: median(ratios), unit: '×' },
      limit: { at: 'least', value: 5000 },
      beside: `1 MiB of random data a round, the line ${(100 * busy).toFixed(0)} % busy; processor time`,
    },
  ];
}

/** Bytes from main to sub. */
function carried(bench: EmulatedBench): number {
  return bench.lines.remote.counts()[0].carriedBytes;
}
