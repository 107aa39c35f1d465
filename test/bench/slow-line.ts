/** Simulated time over processor time while a line of 115200 baud is busy with random data. */
import { randomBytes } from 'node:crypto';
import { EmulatedBench } from '../../hil/bench/emulated-bench.js';
import { secondsSince } from './processor-time.js';
import { median, type Row } from './row.js';

const volumeBytes = 2 ** 20;
/** Processor time of the rounds that are measured, and of those before them until the engine has compiled what is hot. */
const secondsMeasured = 6;
const secondsWarm = 6;

/** A generation of random data from its freeze until it is structured. */
interface Round {
  readonly processorSeconds: number;
  readonly simulatedSeconds: number;
  /** From main to sub. */
  readonly bytes: number;
}

export async function slowLine(): Promise<Row[]> {
  const remoteLine = { baud: 115_200, latencyUs: 1000, bitErrorRate: 0, dropRate: 0 };
  const bench = new EmulatedBench({ method: 'differential', volumes: [volumeBytes], remoteLine });
  await roundsFor(bench, secondsWarm);
  const rounds = await roundsFor(bench, secondsMeasured);
  const simulatedSeconds = sum(rounds, 'simulatedSeconds');
  const busy = sum(rounds, 'bytes') / (simulatedSeconds * 11_520);
  const middle = median(rounds.map((round) => round.simulatedSeconds / round.processorSeconds));
  return [
    {
      ...{ name: 'simulated over processor time, a busy line of 115200 baud', unit: '×' },
      value: simulatedSeconds / sum(rounds, 'processorSeconds'),
      limit: { at: 'least', value: 5000 },
      beside: [
        `${rounds.length} generations of 1 MiB of random data, the line ${(100 * busy).toFixed(0)} % busy`,
        `from freeze to structured; median ${middle.toFixed(0)}`,
      ].join(', '),
    },
  ];
}

/** Rounds until they have taken so many seconds of processor time. */
async function roundsFor(bench: EmulatedBench, seconds: number): Promise<readonly Round[]> {
  const rounds: Round[] = [];
  while (sum(rounds, 'processorSeconds') < seconds) rounds.push(await transfer(bench));
  return rounds;
}

/** Writes the whole volume, and measures how it is sent. */
async function transfer(bench: EmulatedBench): Promise<Round> {
  await bench.run(bench.host.write(0, 0, randomBytes(volumeBytes)).done);
  const before = { cpu: process.cpuUsage(), us: bench.kernel.nowUs, bytes: carried(bench) };
  const { generation } = await bench.run(bench.host.freeze(randomBytes(16)));
  await bench.run(bench.host.wait(generation, 'structured'));
  return {
    processorSeconds: secondsSince(before.cpu),
    simulatedSeconds: (bench.kernel.nowUs - before.us) / 1e6,
    bytes: carried(bench) - before.bytes,
  };
}

function sum(rounds: readonly Round[], each: keyof Round): number {
  return rounds.reduce((total, round) => total + round[each], 0);
}

/** Bytes from main to sub. */
function carried(bench: EmulatedBench): number {
  return bench.lines.remote.counts()[0].carriedBytes;
}
