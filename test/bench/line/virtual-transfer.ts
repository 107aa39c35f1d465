/** A transfer over an emulated line in virtual time: everything but the line between the controllers takes no time. */
import { randomBytes } from 'node:crypto';
import { EmulatedBench } from '../../../hil/bench/emulated-bench.js';
import { type Goodput, goodput, type TransferSettings, transferBytes } from './goodput.js';
import { TransferSpan } from './transfer-span.js';

const writeBytes = 2 ** 20;
/** A transfer that takes longer has hung. */
const patienceUs = 24 * 3_600_000_000;

/** Throws when the transfer does not end. */
export async function virtualTransfer(settings: TransferSettings): Promise<Goodput> {
  const { baud, latencyMs, bitErrorRate, dropRate, sealed, seed } = settings;
  const bytes = transferBytes(settings);
  const bench = new EmulatedBench({
    ...{ method: 'differential', volumes: [bytes], seed, patienceUs },
    remoteLine: { baud, latencyUs: latencyMs * 1000, bitErrorRate, dropRate },
    ...(sealed ? { key: randomBytes(32) } : {}),
  });
  for (let at = 0; at < bytes; at += writeBytes) {
    await bench.run(bench.host.write(0, at, randomBytes(Math.min(writeBytes, bytes - at))).done);
  }
  const span = new TransferSpan();
  bench.kernel.watcher = {
    sent: (device, port, frame) => {
      if (device === 'main' && port === 'remote') span.take(frame, bench.kernel.nowUs);
    },
  };
  const { generation } = await bench.run(bench.host.freeze(randomBytes(16)));
  cutLater(bench, settings);
  await bench.run(bench.host.wait(generation, 'committed'));
  return goodput(settings, span.seconds);
}

function cutLater({ kernel, lines }: EmulatedBench, { cutMs, seconds }: TransferSettings): void {
  if (cutMs === 0) return;
  const atUs = kernel.nowUs + (seconds * 1e6) / 3;
  kernel.at(atUs, () => kernel.cut(lines.remote));
  kernel.at(atUs + cutMs * 1000, () => kernel.restore(lines.remote));
}
