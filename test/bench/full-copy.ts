/**
 * A whole cycle of 256 MiB in memory with real framing, from the freeze to the verified image, beside `cp` of a file of
 * that size plus its SHA-256 in Node.
 */
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmulatedBench } from '../../hil/bench/emulated-bench.js';
import { verifyGolden } from '../../host/golden/bisect.js';
import type { Golden } from '../../host/golden/golden.js';
import { goldenOf } from './golden-of.js';
import { median, type Row } from './row.js';

const volumeBytes = 256 * 2 ** 20;
const rounds = 3;

export async function fullCopy(): Promise<Row[]> {
  const contents = randomBytes(volumeBytes);
  const bench = new EmulatedBench({ method: 'copy', volumes: [volumeBytes], framePayloadMax: 65536 });
  const golden = await goldenOf(contents);
  for (let at = 0; at < volumeBytes; at += 2 ** 20) {
    await bench.run(bench.host.write(0, at, Buffer.from(contents.subarray(at, at + 2 ** 20))).done);
  }
  const ratios: number[] = [];
  let beside = '';
  // The first cycle touches all areas; it is not counted.
  for (let round = 0; round <= rounds; round += 1) {
    const cycleMs = await cycle(bench, golden, round);
    const peerMs = peer(contents);
    if (round === 0) continue;
    ratios.push(cycleMs / peerMs);
    beside = `last: ${cycleMs.toFixed(0)} ms against ${peerMs.toFixed(0)} ms for cp and SHA-256`;
  }
  return [
    {
      name: '256 MiB full copy, freeze to verified, over cp + SHA-256',
      value: median(ratios),
      unit: '×',
      limit: { at: 'most', value: 5 },
      beside,
    },
  ];
}

async function cycle(bench: EmulatedBench, golden: Golden, round: number): Promise<number> {
  const start = performance.now();
  const { generation } = await bench.run(bench.host.freeze(Buffer.alloc(16, round + 1)));
  await bench.run(bench.subHost.wait(generation, 'structured'));
  const { wrongBlocks } = await bench.run(
    verifyGolden(golden, ({ volume, first, count, partBlocks }) =>
      bench.subHost.digests(volume, { first, count, partBlocks }),
    ),
  );
  if (wrongBlocks !== 0) throw new Error(`${wrongBlocks} wrong blocks`);
  return performance.now() - start;
}

/** `cp` of a file in the page cache, and reading and digesting it. */
function peer(contents: Buffer): number {
  const folder = mkdtempSync(join(tmpdir(), 'coldframe-bench-'));
  try {
    const file = join(folder, 'volume');
    writeFileSync(file, contents);
    const start = performance.now();
    spawnSync('cp', [file, join(folder, 'copy')]);
    createHash('sha256').update(readFileSync(file)).digest();
    return performance.now() - start;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
