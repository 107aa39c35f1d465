/** What a freeze costs, and how long a host write waits behind it, for volumes of 1 MiB to 1 TiB: it has to be constant. */
import { EmulatedBench } from '../../hil/bench/emulated-bench.js';
import { median, type Row } from './row.js';

const sizes = [2 ** 20, 2 ** 30, 2 ** 40];
const rounds = 41;
/** Blocks that have streamed when the freeze comes: a few, and a volume of 256 MiB. */
const streamed = [16, 65_536];
const streamedRounds = 15;
/** Virtual time within which the most of them are at the sub. */
const streamingUs = 60_000_000;

interface Cost {
  /** Processor time from the freeze to its answer, in microseconds: the median. */
  readonly freezeUs: number;
  /** The same for the first host write after it. */
  readonly writeUs: number;
}

export async function freezeCost(): Promise<Row[]> {
  const benches = await Promise.all(sizes.map((bytes) => prepared(bytes, 1)));
  const eight = await prepared(2 ** 30, 8);
  const samples = [...benches, eight].map(() => ({ freeze: [] as number[], write: [] as number[] }));
  // Sizes take turns, so that a busy moment of the machine meets all of them.
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, bench] of [...benches, eight].entries()) {
      const { freezeUs, writeUs } = await sample(bench, round);
      samples[index]?.freeze.push(freezeUs);
      samples[index]?.write.push(writeUs);
    }
  }
  const costs = samples.map(({ freeze, write }) => ({ freezeUs: median(freeze), writeUs: median(write) }));
  const [small, middle, large, group] = costs as [Cost, Cost, Cost, Cost];
  const [few, many] = (await streamedCosts()) as [number, number];
  const beside = (each: keyof Cost) =>
    `1 MiB ${small[each].toFixed(0)}, 1 GiB ${middle[each].toFixed(0)}, 1 TiB ${large[each].toFixed(0)} µs, medians of ${rounds}`;
  return [
    ratio('freeze, 1 TiB over 1 MiB', large.freezeUs / small.freezeUs, beside('freezeUs')),
    ratio('host write after a freeze, 1 TiB over 1 MiB', large.writeUs / small.writeUs, beside('writeUs')),
    ratio(
      'freeze, eight volumes over one',
      group.freezeUs / middle.freezeUs,
      `${group.freezeUs.toFixed(0)} over ${middle.freezeUs.toFixed(0)} µs`,
    ),
    ratio(
      'freeze, 256 MiB streamed before over 64 KiB',
      many / few,
      `${many.toFixed(0)} over ${few.toFixed(0)} µs, medians of ${streamedRounds}`,
    ),
  ];
}

const ratio = (name: string, value: number, beside: string): Row => ({
  ...{ name, value, unit: '×', beside },
  limit: { at: 'most', value: 1.5 },
});

async function prepared(bytes: number, volumes: number): Promise<EmulatedBench> {
  const bench = new EmulatedBench({ method: 'differential', volumes: Array.from({ length: volumes }, () => bytes) });
  await bench.run(bench.host.opened());
  await bench.run(bench.subHost.opened());
  for (let volume = 0; volume < volumes; volume += 1) await write(bench, volume, 0);
  return bench;
}

async function sample(bench: EmulatedBench, round: number): Promise<Cost> {
  const { length } = bench.options.volumes;
  const freezeAt = process.hrtime.bigint();
  const { generation } = await bench.run(bench.host.freeze(Buffer.alloc(16, round + 1)));
  const writeAt = process.hrtime.bigint();
  await write(bench, 0, round % 16);
  const end = process.hrtime.bigint();
  await bench.run(bench.host.wait(generation, 'structured'));
  for (let volume = 1; volume < length; volume += 1) await write(bench, volume, round % 16);
  return { freezeUs: Number(writeAt - freezeAt) / 1000, writeUs: Number(end - writeAt) / 1000 };
}

/** Processor time of a freeze of a streaming pair, in microseconds, by what has streamed. */
async function streamedCosts(): Promise<number[]> {
  const benches = await Promise.all(
    streamed.map(async () => {
      const bench = new EmulatedBench({ method: 'streaming', volumes: [2 ** 28] });
      await bench.run(bench.host.opened());
      await bench.run(bench.subHost.opened());
      return { bench, samples: [] as number[] };
    }),
  );
  for (let round = 0; round < streamedRounds; round += 1) {
    for (const [index, { bench, samples }] of benches.entries()) {
      // Zeros change the map as any data does, and take no time on the line.
      const sectors = (streamed[index] ?? 0) * 8;
      await bench.run(bench.host.command(0, { op: 'unmap', ranges: [{ lba: 0, sectors }] }));
      await bench.pass(streamingUs);
      // What a long pause leaves behind (cold caches, garbage) is not the freeze's.
      await bench.run(bench.host.read(0, 0, 4096));
      const at = process.hrtime.bigint();
      const { generation } = await bench.run(bench.host.freeze(Buffer.alloc(16, round + 1)));
      samples.push(Number(process.hrtime.bigint() - at) / 1000);
      await bench.run(bench.host.wait(generation, 'structured'));
    }
  }
  return benches.map(({ samples }) => median(samples));
}

async function write(bench: EmulatedBench, volume: number, block: number): Promise<void> {
  await bench.run(bench.host.write(volume, block * 4096, Buffer.alloc(4096, block + 1)).done);
}
