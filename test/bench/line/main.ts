/** `npm run bench:line`: how much of a line a transfer gets, on good lines and bad ones. */
import { Command } from 'commander';
import { framePayloadBytesDefault, framePayloadBytesMax } from '../../../protocol/limits.js';
import { met, table } from '../row.js';
import type { Goodput, TransferSettings } from './goodput.js';
import {
  baudsAll,
  bitErrorRatesAll,
  cellName,
  hardCells,
  type LineCell,
  latenciesMsAll,
  lineCells,
  shareLimit,
} from './line-cell.js';
import { optimum } from './optimum.js';
import { besides, peersText } from './peers/beside.js';
import { ptyTransfer } from './pty-transfer.js';
import { virtualTransfer } from './virtual-transfer.js';

const help = `
A generation of random data goes from main to sub over a line that is as slow, as far and as bad as it is told to be. The
figure is the data's share of the line, from the first block to the last "stored": headers, repeated frames, messages
and the sender's own acknowledgements count against it; acknowledgements of the receiver have their own direction.

Beside it stand the limit, and what no sender of whole frames could pass if it knew the error rate beforehand: with
payloads of up to 4 KiB, as serial lines have them, and of up to 64 KiB. The last lines measure nothing: on them a transfer
has to end.

With --pty the controllers are processes that open serial ports, and each transfer takes its time: four at once at 115200
baud and below, the others one by one. Beside each line stands what UUCP's protocol i, ZMODEM and Kermit make of it, where
they are installed (--no-peers: without them). At the end comes how long a freeze and a read wait on a line that is full.

Examples:
  $ npm run bench:line
  $ npm run bench:line -- --encrypt --seeds 5
  $ npm run bench:line -- --baud 115200 --latency 0,16 --ber 1e-5 --seconds 600
  $ npm run bench:line -- --pty --baud 115200 --latency 0,16`;

/** In virtual time there is at least so much data, and so many bit errors: with fewer, chance decides. */
const bytesMinDefault = 8 * 2 ** 20;
const bitErrorsMin = 256;

/** Processes on this computer keep up with so many lines of this rate at once. */
const atOnceMax = 4;
const slowBaudMax = 115_200;

interface Options {
  readonly baud: readonly number[];
  readonly latency: readonly number[];
  readonly ber: readonly number[];
  readonly seconds: number;
  readonly seeds: number;
  readonly encrypt?: boolean;
  readonly pty?: boolean;
  readonly peers: boolean;
  readonly hard: boolean;
}

const numbers = (text: string): number[] => text.split(',').map(Number);

const program = new Command('bench:line')
  .description('how much of a line a transfer gets')
  .option('--baud <list>', 'bits per second', numbers, [...baudsAll])
  .option('--latency <list>', 'one way, in milliseconds', numbers, [...latenciesMsAll])
  .option('--ber <list>', 'share of bits that are flipped', numbers, [...bitErrorRatesAll])
  .option(
    '--seconds <number>',
    'least line time of a transfer; in virtual time at least 8 MiB and 256 bit errors too',
    Number,
    60,
  )
  .option('--seeds <number>', 'transfers of each line, of which the mean is taken', Number, 1)
  .option('--encrypt', 'seal the line')
  .option('--pty', 'in real time, through serial ports')
  .option('--no-peers', 'through serial ports: without the programs of others')
  .option('--no-hard', 'without the lines on which a transfer only has to end')
  .addHelpText('after', help);

const options = program.parse().opts<Options>();
let missed = 0;
const cells = [
  ...lineCells(options.baud, options.latency, options.ber),
  ...(options.hard ? hardCells(options.baud.slice(0, 1)) : []),
];
const withPeers = options.pty === true && options.peers;
if (withPeers) for (const line of peersText()) console.log(line);
for (let at = 0; at < cells.length; ) {
  const slow = cells.slice(at, at + atOnceMax).filter(({ baud }) => options.pty === true && baud <= slowBaudMax);
  const batch = cells.slice(at, at + Math.max(1, slow.length));
  const lines = await Promise.all(batch.map(measured));
  const peers = withPeers ? await besides(batch.map(settingsOf), slow.length > 0) : [];
  for (const [index, line] of lines.entries()) {
    console.log(line);
    if (withPeers) console.log(`      ${peers[index]}`);
  }
  at += batch.length;
}
if (options.pty === true) {
  const { answerTimeThroughPorts } = await import('../answer-time.js');
  const rows = await answerTimeThroughPorts();
  for (const line of table(rows)) console.log(line);
  missed += rows.filter((row) => !met(row)).length;
}
if (missed > 0) console.log(`\n${missed} below the limit`);
process.exitCode = missed > 0 ? 1 : 0;

function settingsOf(cell: LineCell): TransferSettings {
  const { seconds, pty = false, encrypt: sealed = false } = options;
  const bytesForErrors = cell.bitErrorRate === 0 ? 0 : bitErrorsMin / cell.bitErrorRate / 8;
  return { ...cell, sealed, seed: 1, seconds, bytesMin: pty ? 0 : Math.max(bytesMinDefault, bytesForErrors) };
}

async function measured(cell: LineCell): Promise<string> {
  const results: Goodput[] = [];
  for (let seed = 1; seed <= options.seeds; seed += 1) {
    const settings = { ...settingsOf(cell), seed };
    results.push(await (options.pty === true ? ptyTransfer(settings) : virtualTransfer(settings)));
  }
  return lineOf(cell, results, shareLimit(cell, options.encrypt === true));
}

function lineOf(cell: LineCell, results: readonly Goodput[], limit: number | undefined): string {
  const share = mean(results.map((each) => each.share));
  const seconds = mean(results.map((each) => each.seconds));
  const name = cellName(cell).padEnd(48);
  if (limit === undefined) return `ended ${name} ${share.toFixed(4)}  after ${seconds.toFixed(0)} s`;
  const verdict = share >= limit ? 'met  ' : 'MISS ';
  if (share < limit) missed += 1;
  const best = [framePayloadBytesDefault, framePayloadBytesMax].map((bytes) =>
    optimum(cell.bitErrorRate, bytes).toFixed(4),
  );
  return `${verdict} ${name} ${share.toFixed(4)}  ≥ ${limit.toFixed(3)}  optimum ${best[0]}, ${best[1]} with 64 KiB`;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, each) => sum + each, 0) / values.length;
}
