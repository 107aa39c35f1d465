/**
 * How long control and reads wait on a line of 115200 baud that is full of something else: at most one round trip, and two
 * of the largest frames, one that has just begun in each direction. The disks take no time that would count.
 */
import { randomBytes } from 'node:crypto';
import type { Bench } from '../../hil/bench/bench.js';
import { parseBench } from '../../hil/bench/bench-file.js';
import { openBench } from '../../hil/bench/open-bench.js';
import { bitTimesPerByte } from '../../hil/simulate/line-model.js';
import { frameOverheadBytes, framePayloadBytesDefault } from '../../protocol/limits.js';
import { RefusalError } from '../../protocol/refusals.js';
import type { Row } from './row.js';

const baud = 115_200;
const latencyMs = 16;
const asks = 24;
/** Bytes of one write, and how many are under way: more than the line carries while it is measured. */
const writeBytes = 65_536;
const writes = 16;
/** From one question to the next, never the same: so that they meet frames at all their stages. */
const gapUs = (count: number): number => 20_000 + ((count * 97_003) % 400_000);

const frameMs = ((framePayloadBytesDefault * 1.0023 + frameOverheadBytes) * bitTimesPerByte * 1000) / baud;
/** Besides: the frames of question and answer themselves, and the timers of real time. */
const ownMs = { emulator: 25, processes: 60 };

type Kind = keyof typeof ownMs;

export async function answerTime(): Promise<Row[]> {
  return rowsOf('emulator', 'in virtual time');
}

/** The same through serial ports on PTYs: takes half a minute. */
export async function answerTimeThroughPorts(): Promise<Row[]> {
  return rowsOf('processes', 'through serial ports on PTYs');
}

async function rowsOf(kind: Kind, how: string): Promise<Row[]> {
  const slow = `{baud: ${baud}, latency: ${latencyMs}}`;
  const written = await openOn(kind, `host: ${slow}`);
  const replicated = await openOn(kind, `remote: ${slow}`);
  try {
    const fills = Array.from({ length: writes }, (_, index) => fill(written, index));
    await written.pass(3_000_000);
    const read = await worst(written, () => written.host.read(0, 2 ** 21, 512));
    const freeze = await worst(written, () => written.host.freeze(randomBytes(16)));
    // A sub that has no image yet refuses a takeover without asking main.
    const { generation } = await replicated.run(replicated.host.freeze(randomBytes(16)));
    await replicated.run(replicated.host.wait(generation));
    await Promise.all(Array.from({ length: writes }, (_, index) => replicated.run(fill(replicated, index))));
    await replicated.run(replicated.host.freeze(randomBytes(16)));
    await replicated.pass(3_000_000);
    const control = await worst(replicated, () => replicated.subHost.takeover());
    for (const each of [written, replicated]) each.host.abort({ code: 'line-lost', detail: 'measured' });
    await Promise.allSettled(fills);
    return [
      row('a read behind host writes', read, kind, how),
      row('a freeze behind host writes', freeze, kind, how),
      row('main’s sign of life to the sub behind replication', control, kind, how),
    ];
  } finally {
    await written.close();
    await replicated.close();
  }
}

function openOn(kind: Kind, lines: string): Promise<Bench> {
  const text = `kind: ${kind}\ntransport: pty\nvolumes: [{size: 4MiB}]\nlines: {${lines}}\n`;
  return openBench(parseBench('answer-time', text), { seed: '1' });
}

function fill(bench: Bench, index: number): Promise<void> {
  return bench.host.write(0, index * writeBytes, randomBytes(writeBytes)).done;
}

/** The longest that an answer took, in milliseconds; a refusal is an answer. */
async function worst(bench: Bench, ask: () => Promise<unknown>): Promise<number> {
  let worstUs = 0;
  for (let count = 0; count < asks; count += 1) {
    await bench.pass(gapUs(count));
    const sinceUs = bench.nowUs();
    await bench.run(
      ask().catch((error: unknown) => {
        if (!(error instanceof RefusalError)) throw error;
      }),
    );
    worstUs = Math.max(worstUs, bench.nowUs() - sinceUs);
  }
  return worstUs / 1000;
}

function row(what: string, value: number, kind: Kind, how: string): Row {
  const limit = 2 * latencyMs + 2 * frameMs + ownMs[kind];
  return {
    ...{ name: `${what}, ${baud} baud, ${latencyMs} ms, ${how}`, value, unit: 'ms' },
    limit: { at: 'most', value: Math.round(limit) },
    beside: `worst of ${asks}; a round trip and two of the largest frames, ${frameMs.toFixed(0)} ms each`,
  };
}
