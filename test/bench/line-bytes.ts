/** What crosses the line: for a differential generation of random data, and to verify an image. */
import { randomBytes } from 'node:crypto';
import { EmulatedBench } from '../../hil/bench/emulated-bench.js';
import { verifyGolden } from '../../host/golden/bisect.js';
import { goldenOf } from './golden-of.js';
import type { Row } from './row.js';

const volumeBytes = 64 * 2 ** 20;
const changedBytes = 16 * 2 ** 20;

export async function lineBytes(): Promise<Row[]> {
  const bench = new EmulatedBench({ method: 'differential', volumes: [volumeBytes] });
  const contents = randomBytes(volumeBytes);
  for (let at = 0; at < volumeBytes; at += 2 ** 20) {
    await bench.run(bench.host.write(0, at, Buffer.from(contents.subarray(at, at + 2 ** 20))).done);
  }
  await generation(bench, 1);
  const before = remoteBytes(bench);
  for (let at = 0; at < changedBytes; at += 2 ** 20) {
    randomBytes(2 ** 20).copy(contents, at);
    await bench.run(bench.host.write(0, at, Buffer.from(contents.subarray(at, at + 2 ** 20))).done);
  }
  await generation(bench, 2);
  const carried = remoteBytes(bench) - before;
  const matching = await verify(bench, contents, []);
  const wrong = await verify(bench, contents, [5, 9_000, 16_000]);
  return [
    {
      name: 'line bytes of a differential generation over its changed bytes',
      value: carried / changedBytes,
      unit: '×',
      limit: { at: 'most', value: 1.03 },
      beside: `${carried} bytes both ways for 16 MiB of random data`,
    },
    {
      name: 'verify a matching 64 MiB volume',
      value: matching,
      unit: 'bytes',
      limit: { at: 'most', value: 1024 },
      beside: 'both ways, framed',
    },
    {
      name: 'verify with 3 wrong blocks of 16384',
      value: wrong,
      unit: 'bytes',
      limit: { at: 'most', value: 16384 },
      beside: 'both ways, framed; all three found',
    },
  ];
}

async function generation(bench: EmulatedBench, number: number): Promise<void> {
  const frozen = await bench.run(bench.host.freeze(Buffer.alloc(16, number)));
  await bench.run(bench.subHost.wait(frozen.generation, 'structured'));
  await bench.pass(1_000_000);
}

function remoteBytes(bench: EmulatedBench): number {
  const [there, back] = bench.lines.remote.counts();
  return there.carriedBytes + back.carriedBytes;
}

/** Verifies against an image in which some blocks differ; returns what crossed the line of the sub's host. */
async function verify(bench: EmulatedBench, contents: Buffer, wrongBlocks: readonly number[]): Promise<number> {
  const expected = Buffer.from(contents);
  for (const block of wrongBlocks) expected.writeUInt8((expected.readUInt8(block * 4096) + 1) & 0xff, block * 4096);
  const golden = await goldenOf(expected);
  const count = () => {
    const [there, back] = bench.lines.subHost.counts();
    return there.carriedBytes + back.carriedBytes;
  };
  const before = count();
  const { wrongBlocks: found } = await bench.run(
    verifyGolden(golden, ({ volume, first, count: blocks, partBlocks }) =>
      bench.subHost.digests(volume, { first, count: blocks, partBlocks }),
    ),
  );
  await bench.pass(1_000_000);
  if (found !== wrongBlocks.length) throw new Error(`${found} wrong blocks found, not ${wrongBlocks.length}`);
  return count() - before;
}
