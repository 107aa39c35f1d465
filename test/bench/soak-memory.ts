/** Memory over thirty simulated days: of a soak, which opens a bench for each day, and of one bench that stays up. */

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmulatedBench } from '../../hil/bench/emulated-bench.js';
import { Soak, soakWorld } from '../../hil/job/soak.js';
import type { Row } from './row.js';

const days = 30;
const dayMs = 86_400_000;
const hourUs = 3_600_000_000;
/** By then caches and compiled code have found their size. */
const daysWarm = 5;

/** A generation each hour. */
const day = `
title: a day
bench: {volumes: [{size: 1MiB}], lines: {remote: {baud: 921600, latency: 1}}}
steps:
  - repeat:
      times: 24
      steps:
        - write: {writes: 5}
        - freeze
        - overwriteInFlight: {writes: 2}
        - wait: structured
        - verify
        - pass: 3570000
`;

export async function soakMemory(): Promise<Row[]> {
  return [
    row('heap of a soak of 30 simulated days', await heapOfSoak()),
    row('heap of a bench that is up for 30 simulated days', await heapOfBench()),
  ];
}

function row(name: string, heapMiB: readonly number[]): Row {
  const [warm = 0, last = 0] = [heapMiB[daysWarm - 1], heapMiB.at(-1)];
  const every = heapMiB.filter((_, index) => (index + 1) % daysWarm === 0).map((each) => each.toFixed(1));
  return {
    ...{ name: `${name}, day 30 over day 5`, value: last / warm, unit: '×', limit: { at: 'most', value: 1.1 } },
    beside: `each ${daysWarm} days ${every.join(', ')} MiB after a collection`,
  };
}

function heapMiB(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

async function heapOfSoak(): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'coldframe-bench-'));
  try {
    const scenario = join(folder, 'day.yaml');
    writeFileSync(scenario, day);
    const { signal } = new AbortController();
    const soak = new Soak(
      {
        ...{ scenarios: [scenario], seed: 1, forMs: days * dayMs, everyMs: 0.99 * dayMs, out: join(folder, 'out') },
        ...{ signal, commandOf: ({ seed }) => String(seed) },
      },
      soakWorld(signal),
    );
    const heap: number[] = [];
    for await (const event of soak.run()) {
      if (event.kind !== 'told') throw new Error(`a round was ${event.kind}`);
      heap.push(heapMiB());
    }
    return heap;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function heapOfBench(): Promise<number[]> {
  const remoteLine = { baud: 921_600, latencyUs: 1000, bitErrorRate: 1e-6, dropRate: 0 };
  const bench = new EmulatedBench({ method: 'differential', volumes: [2 ** 20], remoteLine });
  const heap: number[] = [];
  for (let hour = 1; hour <= days * 24; hour += 1) {
    for (let block = 0; block < 5; block += 1) {
      await bench.run(bench.host.write(0, ((hour * 7 + block) % 256) * 4096, randomBytes(4096)).done);
    }
    const { generation } = await bench.run(bench.host.freeze(randomBytes(16)));
    await bench.run(bench.host.wait(generation, 'structured'));
    await bench.pass(hourUs);
    if (hour % 24 === 0) heap.push(heapMiB());
  }
  return heap;
}
