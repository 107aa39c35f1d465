/** What an image costs on the line that the sub has most of already, over 115200 baud in virtual time. */
import { createHash } from 'node:crypto';
import { EmulatedBench } from '../../hil/bench/emulated-bench.js';
import type { Row } from './row.js';

const blockBytes = 4096;
const volumeBytes = 4 * 2 ** 20;
const generationsOfCopy = 4;
/** One block in so many is another one in the second image. */
const changedOneIn = 100;

export async function heldLine(): Promise<Row[]> {
  const named = await copies(true);
  const sent = await copies(false);
  const beside = (index: number) => `${named[index]} bytes both ways in place of ${sent[index]}`;
  const ratio = (index: number) => (named[index] ?? 0) / (sent[index] ?? 1);
  return [
    {
      ...{ name: 'line bytes of a first copy of random data, runs named over sent', value: ratio(0), unit: '×' },
      limit: { at: 'most', value: 1 },
      beside: beside(0),
    },
    {
      ...{ name: 'line bytes of a copy of which the sub has nothing', value: ratio(3), unit: '×' },
      limit: { at: 'most', value: 1.002 },
      beside: beside(3),
    },
    {
      ...{ name: 'line bytes of a copy of which the sub has 99 % of the blocks', value: ratio(1), unit: '×' },
      limit: { at: 'most', value: 0.1 },
      beside: beside(1),
    },
    {
      ...{ name: 'line bytes of a copy of which the sub has all', value: ratio(2), unit: '×' },
      limit: { at: 'most', value: 0.005 },
      beside: beside(2),
    },
  ];
}

/** Line bytes of a first image, of one with a few other blocks, of the same once more, and of one that is all new. */
async function copies(heldRuns: boolean): Promise<readonly number[]> {
  const bench = new EmulatedBench({
    ...{ method: 'copy', volumes: [volumeBytes], blockBytes, heldRuns, patienceUs: 36_000_000_000 },
    remoteLine: { baud: 115_200, latencyUs: 1000, bitErrorRate: 0, dropRate: 0 },
  });
  await writeAll(bench, 0);
  const bytes: number[] = [];
  for (let number = 1; number <= generationsOfCopy; number += 1) {
    if (number === 2) await changeSome(bench);
    if (number === 4) await writeAll(bench, volumeBytes);
    const before = carried(bench);
    const { generation } = await bench.run(bench.host.freeze(Buffer.alloc(16, number)));
    await bench.run(bench.host.wait(generation, 'structured'));
    bytes.push(carried(bench) - before);
    if (!bench.durable('secondary0').equals(bench.durable('primary0'))) throw new Error('the image is another one');
  }
  return bytes;
}

async function writeAll(bench: EmulatedBench, seed: number): Promise<void> {
  for (let at = 0; at < volumeBytes; at += 2 ** 20) {
    await bench.run(bench.host.write(0, at, noise(seed + at, 2 ** 20)).done);
  }
}

/** Blocks far from one another. */
async function changeSome(bench: EmulatedBench): Promise<void> {
  const blocks = volumeBytes / blockBytes;
  for (let index = 0; index < blocks / changedOneIn; index += 1) {
    const block = (index * 379) % blocks;
    await bench.run(bench.host.write(0, block * blockBytes, noise(-1 - index, blockBytes)).done);
  }
}

function carried(bench: EmulatedBench): number {
  const [there, back] = bench.lines.remote.counts();
  return there.carriedBytes + back.carriedBytes;
}

/** The same bytes everywhere, that nothing makes smaller. */
function noise(seed: number, bytes: number): Buffer {
  const digest = (at: number) => createHash('sha512').update(`noise ${seed} ${at}`).digest();
  return Buffer.concat(Array.from({ length: bytes / 64 }, (_, at) => digest(at)));
}
