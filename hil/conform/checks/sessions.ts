/** Sessions in clear: PROTOCOL.md, "Sessions". */
import { encodeMessage, type MessageNamed } from '../../../protocol/message/messages.js';
import { type RefusalCode, refusalByNumber, refusals } from '../../../protocol/refusals.js';
import type { Bench } from '../bench.js';
import { checked, type Requirement } from '../check.js';
import { inquiryCdb } from '../exercise.js';
import { demand } from '../finding.js';
import { ProbeSession } from '../probe-session.js';
import { ProbeUnit } from '../probe-unit.js';
import { slackUs } from './link-opening.js';

const greeting = 'Look at what the device does with hello; it comes before everything else of a session.';
const keeping = 'A session lives as long as its link, resumed or not.';

export const sessionRequirements: readonly Requirement[] = [
  checked('S-1', 'A session lives as long as its link, resumed or not.', { remedy: keeping, run: outlivesResumption }),
  checked('S-2', 'A fresh link makes a fresh session: both sides send hello in clear.', {
    remedy: greeting,
    run: freshHello,
  }),
  checked('S-3', 'A hello of another version is refused with version-mismatch.', {
    remedy: greeting,
    run: async (bench) => {
      await refusedHello(bench, { version: 2 }, 'version-mismatch');
    },
  }),
  checked('S-4', 'A hello of a role that does not belong there is refused with wrong-role.', {
    remedy: greeting,
    run: async (bench) => {
      await refusedHello(bench, { role: bench.role }, 'wrong-role');
      if (bench.role === 'disk') await controllersTaken(bench);
    },
  }),
  checked('S-5', 'Both sides or neither are keyed, else key-required or key-unknown.', {
    remedy: greeting,
    run: async (bench) => {
      const code = bench.key === undefined ? 'key-unknown' : 'key-required';
      await refusedHello(bench, { keyed: bench.key === undefined }, code);
    },
  }),
  checked('S-6', 'Version is checked before role, and role before keys.', {
    remedy: greeting,
    run: async (bench) => {
      const keyed = bench.key === undefined;
      await refusedHello(bench, { version: 2, role: bench.role, keyed }, 'version-mismatch');
      await refusedHello(bench, { role: bench.role, keyed }, 'wrong-role');
    },
  }),
  checked('S-7', 'A side that has refused takes nothing more until a fresh link opens.', {
    remedy: greeting,
    run: nothingAfterRefusing,
  }),
  checked('S-8', 'A side that is refused ends its session likewise.', { remedy: greeting, run: endsWhenRefused }),
  checked('S-9', 'Nothing but hello is sent before the peer’s hello has passed.', {
    remedy: greeting,
    run: helloAlone,
  }),
  checked('S-10', 'A message that arrives while the acknowledgement of one’s own hello is missing opens the session.', {
    remedy: 'Acknowledgements and messages travel in queues of their own: the message may be first.',
    run: messageBeforeAcknowledgement,
  }),
  checked('S-24', 'Compressed and held runs are announced between main and sub alone.', {
    remedy: 'On lines to hosts and disks bits 8–12 of capabilities are 0: there are no runs there.',
    run: noRunForms,
  }),
  checked('S-25', 'Bits of capabilities that a side does not know are ignored.', {
    remedy: 'Look at the bits that you know, and leave the others alone: a later version may set them.',
    run: ignoresUnknownBits,
  }),
];

/** Bits 8–11 of `capabilities`: the window of compressed runs; bit 12: held runs. */
const runFormsMask = 0x1f00;
/** Bits that no version has given a meaning. */
const unknownBits = 0xffff_e0fc;

async function noRunForms(bench: Bench): Promise<void> {
  const { capabilities } = await bench.newSession(await bench.link()).greeted();
  demand((capabilities & runFormsMask) === 0, 'no forms of runs on this line', () => capabilities.toString(16));
}

async function ignoresUnknownBits(bench: Bench): Promise<void> {
  const session = bench.newSession(await bench.link());
  const { capabilities } = session.ownHello();
  await session.open({ capabilities: (capabilities | unknownBits | runFormsMask) >>> 0 });
  const unit = new ProbeUnit(session);
  await unit.good(inquiryCdb(), 'INQUIRY in the session of a side that can do more', { dataInBytesMax: 36 });
}

async function outlivesResumption(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const { session } = unit;
  const { link } = session;
  const hellos = () => link.messages.length;
  const before = hellos();
  link.sendOpen({ running: false });
  await link.barrier();
  await unit.good(inquiryCdb(), 'INQUIRY in the session of before', { dataInBytesMax: 36 });
  const greeted = session.messages.some(({ kind }) => kind === 'hello');
  demand(!greeted && hellos() > before, 'the session of before, without another hello', 'hello');
}

async function freshHello(bench: Bench): Promise<void> {
  const salts = new Set<string>();
  for (let count = 1; count <= 3; count += 1) {
    const session = bench.newSession(await bench.link());
    const { version, role, capabilities, keyed, salt } = await session.greeted();
    demand(version === 1, 'version 1', String(version));
    demand(role === bench.role, `role ${bench.role}`, role);
    demand((capabilities & ~runFormsMask & ~3) === 0, 'capabilities of bits 0 and 1 alone', capabilities.toString(16));
    demand(keyed === (bench.key !== undefined), `keyed ${bench.key !== undefined}`, String(keyed));
    salts.add(Buffer.from(salt).toString('hex'));
    demand(salts.size === count, 'a fresh salt for each session', () => `${Buffer.from(salt).toString('hex')} again`);
  }
}

/** Says a hello that is wrong, and demands this refusal. */
export async function refusedHello(
  bench: Bench,
  changes: Partial<MessageNamed<'hello'>>,
  code: RefusalCode,
): Promise<ProbeSession> {
  const session = bench.newSession(await bench.link());
  await session.greeted();
  await session.sendClear(session.ownHello(changes));
  const refused = await bench.probe.need(`refused with request 0 and ${code}, in clear`, () => session.refused);
  const came = () => `${refused.code} (${refusalByNumber(refused.code) ?? 'unknown'})`;
  demand(refused.code === refusals[code].number, `refused with ${refusals[code].number} (${code})`, came);
  return session;
}

async function silentToAll(session: ProbeSession, because: string): Promise<void> {
  const { probe } = session.link;
  const unit = new ProbeUnit(session, 500);
  const before = session.messages.length;
  session.link.push(encodeMessage(session.ownHello()), 0);
  session.link.push(encodeMessage(unit.message(inquiryCdb(), { dataInBytesMax: 36 })), 1);
  await probe.pause(slackUs);
  const answer = session.messages[before];
  demand(answer === undefined, `no answer, for ${because}`, () => answer?.kind ?? '');
}

async function nothingAfterRefusing(bench: Bench): Promise<void> {
  await silentToAll(
    await refusedHello(bench, { role: bench.role }, 'wrong-role'),
    'the device has refused the session',
  );
  await bench.unit();
}

async function endsWhenRefused(bench: Bench): Promise<void> {
  const session = bench.newSession(await bench.link());
  await session.greeted();
  const code = refusals['wrong-role'].number;
  await session.sendClear({ kind: 'refused', request: 0, code, detail: 'told by the conformance suite' });
  await silentToAll(session, 'the suite has refused the session');
  await bench.unit();
}

async function helloAlone(bench: Bench): Promise<void> {
  const session = bench.newSession(await bench.link());
  await session.greeted();
  const unit = new ProbeUnit(session, 500);
  session.link.push(encodeMessage(unit.message(inquiryCdb(), { dataInBytesMax: 36 })), 1);
  await bench.probe.pause(slackUs);
  const more = session.messages[0];
  demand(
    more === undefined && session.link.messages.length === 1,
    'hello alone',
    () => more?.kind ?? 'another message',
  );
}

async function messageBeforeAcknowledgement(bench: Bench): Promise<void> {
  const link = bench.newLink();
  link.acknowledges = false;
  await bench.meet(link);
  await link.barrier();
  const session = bench.newSession(link);
  const theirs = await session.greeted();
  const own = session.ownHello();
  session.seal(theirs, own);
  await session.sendClear(own);
  if (bench.key !== undefined) await session.send({ kind: 'proof', peerSalt: theirs.salt });
  const request = 77;
  await session.send({ kind: 'taskManagement', request, function: 'queryTask', lun: 0, managedTag: 0xfffffff0 });
  await session.next('taskResponse', (message) => message.request === request);
}

/** The initiators of a disk are controllers. */
async function controllersTaken(bench: Bench): Promise<void> {
  for (const role of ['main', 'sub'] as const) {
    const session = new ProbeSession(await bench.link(), { role, key: bench.key, salt: bench.fresh(32) });
    await session.open();
    const unit = new ProbeUnit(session);
    await unit.clearAttentions();
    await unit.good(inquiryCdb(), `INQUIRY from a ${role}`, { dataInBytesMax: 36 });
  }
}
