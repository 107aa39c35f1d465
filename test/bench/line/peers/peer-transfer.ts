/**
 * A file of random data brought over an emulated line by programs of others. It counts from the first byte that arrives at
 * the receiver to the last: starting and ending the programs is not held against them.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { temporaryFolder } from '../../../../hil/bench/processes.js';
import { nowUs } from '../../../../hil/run/clock.js';
import { type Goodput, goodput, type TransferSettings, transferBytes } from '../goodput.js';
import { PtyPair } from '../pty-pair.js';
import { start } from './execute.js';
import type { Peer, PeerTransfer } from './peer.js';

export type PeerOutcome =
  | { readonly kind: 'carried'; readonly goodput: Goodput }
  /** It ended by itself, without the whole file. */
  | { readonly kind: 'gaveUp'; readonly seconds: number }
  /** It was still at it when it was cut. */
  | { readonly kind: 'noEnd'; readonly seconds: number };

/** A transfer is cut after so many times what its data takes on a line without errors. */
export const patience = 4;
/** Until the one that is first has its port, and the other's end has been heard. */
const settleMs = 1000;

export async function peerTransfer(peer: Peer, settings: TransferSettings): Promise<PeerOutcome> {
  const folder = await temporaryFolder();
  let firstUs: number | undefined;
  let lastUs = 0;
  const pair = new PtyPair(settings, (way) => {
    if (way !== 'out') return;
    lastUs = nowUs();
    firstUs ??= lastUs;
  });
  try {
    const data = randomBytes(transferBytes(settings));
    const transfer = await prepare(folder.path, data, pair, settings);
    const beganUs = nowUs();
    const code = await carry(peer, transfer, settings.seconds * patience);
    const whole = data.equals(await readFile(transfer.arrived).catch(() => Buffer.alloc(0)));
    if (whole && firstUs !== undefined) {
      return { kind: 'carried', goodput: goodput(settings, (lastUs - firstUs) / 1e6) };
    }
    return { kind: code === undefined ? 'noEnd' : 'gaveUp', seconds: (nowUs() - beganUs) / 1e6 };
  } finally {
    await pair.close();
    await folder.remove();
  }
}

async function prepare(folder: string, data: Buffer, pair: PtyPair, { baud }: TransferSettings): Promise<PeerTransfer> {
  const arrived = join(folder, 'arrived');
  await mkdir(arrived);
  await writeFile(join(folder, 'data.bin'), data);
  // Some of these programs are another user by themselves.
  for (const path of [folder, arrived]) await chmod(path, 0o777);
  for (const path of [pair.a.path, pair.b.path]) await chmod(path, 0o666);
  const ports = { senderPort: pair.a.path, receiverPort: pair.b.path, baud };
  return { folder, file: 'data.bin', arrived: join(arrived, 'data.bin'), ...ports };
}

/** The exit code of the sender; undefined when it was cut. */
async function carry(peer: Peer, transfer: PeerTransfer, secondsMax: number): Promise<number | undefined> {
  const { sender, receiver, first } = await peer.prepare(transfer);
  const [one, other] = first === 'sender' ? [sender, receiver] : [receiver, sender];
  const running = [start(one)];
  const stop = (): void => {
    for (const each of running) each.stop();
  };
  const cut = setTimeout(stop, secondsMax * 1000 + settleMs);
  try {
    await pause(settleMs);
    running.push(start(other));
    const code = await running[first === 'sender' ? 0 : 1]?.ended;
    await pause(settleMs);
    return code;
  } finally {
    clearTimeout(cut);
    stop();
    await Promise.all(running.map((each) => each.ended));
  }
}
