/** Ordinary work that makes a device send something of everything, for checks that look at its frames alone. */
import { control, replication } from '../../protocol/message/message.js';
import { encodeMessage } from '../../protocol/message/messages.js';
import { refusals } from '../../protocol/refusals.js';
import type { Bench } from './bench.js';
import type { ProbeLink } from './probe-link.js';
import type { ProbeSession } from './probe-session.js';
import type { ProbeUnit } from './probe-unit.js';
import { strayMessage } from './stray.js';

/** INQUIRY for so many bytes. */
export const inquiryCdb = (allocationBytes = 36): Buffer =>
  Buffer.from([0x12, 0, 0, allocationBytes >> 8, allocationBytes & 0xff, 0]);
export const modeSenseCdb = Buffer.from([0x1a, 0, 0x3f, 0, 0xff, 0]);
export const reportLunsCdb = Buffer.from([0xa0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0]);
export const operationCodesCdb = Buffer.from([0xa3, 0x0c, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0]);

/** Opens a session and gives commands that change nothing; a gap and a repetition make the device acknowledge runs. */
export async function exercise(bench: Bench, limits?: ProbeLink['limits']): Promise<ProbeUnit> {
  const unit = await bench.unit(limits);
  await commands(unit);
  await gap(unit.session);
  return unit;
}

/** A few commands with and without data in, one that is refused, and a task management function. */
export async function commands(unit: ProbeUnit): Promise<void> {
  await unit.command(inquiryCdb(), { dataInBytesMax: 36 });
  await unit.command(modeSenseCdb, { dataInBytesMax: 255 });
  await unit.command(reportLunsCdb, { dataInBytesMax: 16 });
  await unit.command(operationCodesCdb, { dataInBytesMax: 4096 });
  await unit.command(Buffer.from([0xff, 0, 0, 0, 0, 0]));
  await queryTask(unit.session, 1);
}

/** Asks after a command that there is not; resolves with the answer. */
export async function queryTask(session: ProbeSession, request: number) {
  await session.send({ kind: 'taskManagement', request, function: 'queryTask', lun: 0, managedTag: 0xfffffff0 });
  return session.next('taskResponse', (message) => message.request === request);
}

async function gap(session: ProbeSession): Promise<void> {
  const { link } = session;
  // Sealed or not, it takes five units.
  const pieces = link.pieces(session.wrapped(strayMessage(280), replication), replication, 64);
  for (const index of [0, 2, 4, 2, 1, 3]) {
    const piece = pieces[index];
    if (piece !== undefined) link.sendPiece(piece);
    await link.probe.pause(5_000);
  }
  await link.acknowledged(2, 5);
}

/**
 * A fresh link on which nothing is under way and every message is dropped. With a key a device ends its session with
 * anything that is out of place there; but it takes nothing at all of one that the suite has refused.
 */
export async function quietLink(bench: Bench, limits?: ProbeLink['limits']): Promise<ProbeLink> {
  const link = await greetedLink(bench, limits);
  if (bench.key === undefined) return link;
  const { number: code } = refusals['wrong-role'];
  await link.deliver(encodeMessage({ kind: 'refused', request: 0, code, detail: 'no session is wanted' }), control);
  return link;
}

/** A fresh link on which the device's hello has come and is acknowledged. */
export async function greetedLink(bench: Bench, limits?: ProbeLink['limits']): Promise<ProbeLink> {
  const link = await bench.link(limits);
  await link.probe.until(() => (link.messages.length > 0 ? true : undefined));
  await link.barrier();
  return link;
}
