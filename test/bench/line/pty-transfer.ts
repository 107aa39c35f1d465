/**
 * A transfer in real time: two controllers as processes that open serial ports, the ports being PTYs with an emulated line
 * between them, as `coldframe line` makes it.
 */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Powered } from '../../../hil/bench/bench.js';
import { HostEnd } from '../../../hil/bench/host-end.js';
import { ModelAreas } from '../../../hil/bench/model-areas.js';
import { ModelProcess } from '../../../hil/bench/model-process.js';
import { nearLine } from '../../../hil/bench/near-line.js';
import { temporaryFolder } from '../../../hil/bench/processes.js';
import { nowUs } from '../../../hil/run/clock.js';
import { receiveFrames } from '../../../hil/run/lines/frames.js';
import { encodedFrameBytesMax } from '../../../protocol/limits.js';
import { type Goodput, goodput, type TransferSettings, transferBytes } from './goodput.js';
import { PtyPair } from './pty-pair.js';
import { TransferSpan } from './transfer-span.js';

const writeBytes = 2 ** 20;

/** Throws when a process ends, or the transfer fails. */
export async function ptyTransfer(settings: TransferSettings): Promise<Goodput> {
  const folder = await temporaryFolder();
  const pair = new PtyPair(settings);
  const span = new TransferSpan();
  receiveFrames(pair.a, { frameBytesMax: encodedFrameBytesMax, onFrame: (frame) => span.take(frame, nowUs()) });
  const main = await makeSite('main', folder.path, settings, pair.addressA);
  const sub = await makeSite('sub', folder.path, settings, pair.addressB);
  try {
    for (const { model } of [main, sub]) await model.powerOn();
    const { client } = main.host;
    await client.opened();
    const bytes = transferBytes(settings);
    for (let at = 0; at < bytes; at += writeBytes) {
      await client.write(0, at, randomBytes(Math.min(writeBytes, bytes - at))).done;
    }
    const { generation } = await client.freeze(randomBytes(16));
    const cut = cutLater(pair, settings);
    await client.wait(generation, 'committed');
    await cut;
    return goodput(settings, span.seconds);
  } finally {
    for (const { model, host } of [main, sub]) {
      await host.close();
      await model.stop();
    }
    await pair.close();
    await folder.remove();
  }
}

async function makeSite(role: Powered, folder: string, settings: TransferSettings, remote: string) {
  const near = await nearLine({ transport: 'unix', folder, name: `host-${role}` });
  const key = settings.sealed ? Buffer.alloc(32, settings.seed) : undefined;
  const keyFile = key === undefined ? undefined : join(folder, 'pair.key');
  if (key !== undefined && keyFile !== undefined) await writeFile(keyFile, key.toString('hex'), { mode: 0o600 });
  const host = new HostEnd({ line: near.line, ...(key === undefined ? {} : { key }) });
  const shape = { method: 'differential', volumes: [transferBytes(settings)], blockBytes: 4096 } as const;
  const areas = new ModelAreas(folder, { volumes: [], meta: {} });
  const onEnded = (error: Error) => {
    throw error;
  };
  const sealing = { keyFiles: { host: keyFile, remote: keyFile }, ciphers: [], compress: 'off' } as const;
  return { host, model: new ModelProcess({ role, shape, areas, host: near.address, remote, ...sealing, onEnded }) };
}

async function cutLater(pair: PtyPair, { cutMs, seconds }: TransferSettings): Promise<void> {
  if (cutMs === 0) return;
  await pause((seconds * 1000) / 3);
  pair.cut(cutMs);
}
