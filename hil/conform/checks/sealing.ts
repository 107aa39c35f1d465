/** Sealed sessions: PROTOCOL.md, "Sessions". */
import { control, hostIo, replication } from '../../../protocol/message/message.js';
import { encodeMessage } from '../../../protocol/message/messages.js';
import { refusalByNumber, refusals } from '../../../protocol/refusals.js';
import { capabilitiesOf, ciphers } from '../../../protocol/session/ciphers.js';
import type { Bench } from '../bench.js';
import { checked, type Requirement, unchecked } from '../check.js';
import { commands, exercise, inquiryCdb, queryTask } from '../exercise.js';
import { demand } from '../finding.js';
import type { ProbeSession } from '../probe-session.js';
import { ProbeUnit } from '../probe-unit.js';
import { withMessageCheck } from '../stray.js';
import { refusedHello } from './sessions.js';

const keys = 'Go through keys, nonce and additional data in PROTOCOL.md; vectors.json has golden sealed messages.';
const turns = 'In each queue take the very next counter and no other; end the session with whatever else comes.';
const again = 'Whoever can change a hello must not part the two sides for longer than he is there.';

/** The rest of them is for lines with a key. */
export const sealingRequirements: readonly Requirement[] = [
  checked('S-11', 'A key of 32 bytes for each direction and queue is derived with HKDF from both hellos and roles.', {
    line: 'sealed',
    remedy: keys,
    run: async (bench) => {
      await bench.session();
    },
  }),
  checked('S-12', 'Every message after hello travels sealed.', { line: 'sealed', remedy: keys, run: watching('S-12') }),
  checked('S-13', 'Counters start at 0 with each session, direction and queue and are one more with each message.', {
    line: 'sealed',
    remedy: keys,
    run: counters,
  }),
  checked('S-14', 'The first sealed message is the proof, with the salt of the other side’s hello.', {
    line: 'sealed',
    remedy: keys,
    run: watching('S-14'),
  }),
  checked('S-15', 'A proof that cannot be opened, or names another salt, is refused as wrong-key.', {
    line: 'sealed',
    remedy: keys,
    run: wrongProofs,
  }),
  checked('S-16', 'A receiver takes each counter of a queue once: the second time ends the session.', {
    line: 'sealed',
    remedy: turns,
    run: replayed,
  }),
  checked('S-17', 'A counter before its turn ends the session; between queues messages overtake.', {
    line: 'sealed',
    remedy: turns,
    run: heldBack,
  }),
  checked('S-18', 'A message in clear ends a sealed session.', { line: 'sealed', remedy: keys, run: inClear }),
  checked('S-19', 'A sealed message that fails its tag, or came in another queue, ends the session.', {
    line: 'sealed',
    remedy: keys,
    run: wrongTag,
  }),
  unchecked(
    'S-20',
    'After each 2^20 messages of a queue its key is replaced by one that follows from it.',
    'It would take a million messages in one check; vectors.json has a queue whose key is replaced after two.',
  ),
  checked('S-21', 'No key is ever used twice.', {
    losesData: true,
    cutsPower: true,
    remedy: 'Take salts and link ids from entropy that is fresh at each power on: a counter alone begins again.',
    run: freshAfterPowerOn,
  }),
  checked('S-22', 'The cipher is the first that both sides offer; where there is none, capability-missing.', {
    line: 'sealed',
    remedy: 'Choose from what both hellos have in common, and from nothing else.',
    run: chosenCipher,
  }),
  checked('S-23', 'A side with a key opens a fresh link by itself some seconds after a refusal.', {
    line: 'sealed',
    remedy: again,
    run: triesAgain,
  }),
];

const question = { kind: 'taskManagement', function: 'queryTask', lun: 0, managedTag: 0xfffffff0 } as const;
/** How long a side may wait after a refusal: PROTOCOL.md says 5 s. */
const againUs = 8_000_000;

function watching(number: string): (bench: Bench) => Promise<void> {
  return async (bench) => {
    try {
      await exercise(bench);
    } finally {
      bench.inspect(number);
    }
  };
}

async function counters(bench: Bench): Promise<void> {
  const unit = await exercise(bench);
  bench.inspect('S-13');
  for (const [queue, seen] of unit.session.counters.entries()) {
    demand(
      seen.every((counter, index) => counter === index),
      `counters 0, 1, 2, … in queue ${queue}`,
      () => seen.join(' '),
    );
  }
}

async function greeted(bench: Bench): Promise<{ session: ProbeSession; salt: Uint8Array }> {
  const session = bench.newSession(await bench.link());
  const theirs = await session.greeted();
  const own = session.ownHello();
  session.seal(theirs, own);
  await session.sendClear(own);
  return { session, salt: theirs.salt };
}

async function wrongProofs(bench: Bench): Promise<void> {
  const spoil: Readonly<Record<string, (session: ProbeSession, salt: Uint8Array) => Uint8Array>> = {
    'a proof of another salt': (session) =>
      session.wrapped(encodeMessage({ kind: 'proof', peerSalt: Buffer.alloc(32, 9) }), control),
    'a proof under another key': (session, salt) => {
      const wrapped = Buffer.from(session.wrapped(encodeMessage({ kind: 'proof', peerSalt: salt }), control));
      return flipped(wrapped, 20);
    },
  };
  for (const [what, bytesOf] of Object.entries(spoil)) {
    const { session, salt } = await greeted(bench);
    await session.link.deliver(bytesOf(session, salt), control);
    const refused = await bench.probe.need(`refused with wrong-key for ${what}`, () => session.refused);
    const came = () => `${refused.code} (${refusalByNumber(refused.code) ?? 'unknown'})`;
    demand(refused.code === refusals['wrong-key'].number, `wrong-key for ${what}`, came);
  }
}

/** The sealed message with one bit of its ciphertext changed, and its own check made right again. */
function flipped(message: Buffer, at: number): Buffer {
  message.writeUInt8((message[at] ?? 0) ^ 1, at);
  return withMessageCheck(message);
}

/** Sends a message that must end the session, and sees that it has no answer and that a fresh link follows. */
async function endsSession(bench: Bench, session: ProbeSession, message: Uint8Array, queue = control): Promise<void> {
  const opensBefore = bench.probe.opens.length;
  const messagesBefore = session.messages.length;
  session.link.answers = false;
  session.link.push(message, queue);
  await freshLink(bench, session, opensBefore);
  const answer = session.messages[messagesBefore];
  demand(answer === undefined, 'no answer to it', () => answer?.kind ?? '');
  await bench.unit();
}

async function freshLink(bench: Bench, { link }: ProbeSession, opensBefore: number, limitUs?: number): Promise<void> {
  const { peer } = link;
  const fresh = () => bench.probe.opens.slice(opensBefore).find(({ open }) => open.own !== peer);
  await bench.probe.need('an open with a fresh link id', fresh, limitUs);
}

async function replayed(bench: Bench): Promise<void> {
  const session = await bench.session();
  const sealed = session.wrapped(encodeMessage({ ...question, request: 31 }), control);
  await session.link.deliver(sealed, control);
  await session.next('taskResponse', ({ request }) => request === 31);
  await endsSession(bench, session, sealed);
}

async function heldBack(bench: Bench): Promise<void> {
  const session = await bench.session();
  const unit = new ProbeUnit(session, 600);
  const command = unit.message(inquiryCdb(), { dataInBytesMax: 36 });
  const low = session.wrapped(encodeMessage(command), hostIo);
  const high = session.wrapped(encodeMessage({ ...question, request: 41 }), control);
  await session.link.deliver(high, control);
  await session.link.deliver(low, hostIo);
  await session.next('taskResponse', ({ request }) => request === 41);
  await unit.end(command.tag);
  session.wrapped(encodeMessage({ ...question, request: 42 }), control);
  await endsSession(bench, session, session.wrapped(encodeMessage({ ...question, request: 43 }), control));
}

async function inClear(bench: Bench): Promise<void> {
  await endsSession(bench, await bench.session(), encodeMessage({ ...question, request: 51 }));
}

async function wrongTag(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  await commands(unit);
  const sealed = Buffer.from(unit.session.wrapped(encodeMessage({ ...question, request: 61 }), control));
  await endsSession(bench, unit.session, flipped(sealed, 20));
  const session = await bench.session();
  // The first message of one queue has the counter of the first one of another.
  const moved = session.wrapped(encodeMessage({ ...question, request: 62 }), replication);
  await endsSession(bench, session, moved, hostIo);
}

async function chosenCipher(bench: Bench): Promise<void> {
  const hello = await bench.newSession(await bench.link()).greeted();
  for (const cipher of ciphers) {
    const capabilities = capabilitiesOf([cipher]);
    if ((hello.capabilities & capabilities) === 0) continue;
    const session = bench.newSession(await bench.link());
    await session.open({ capabilities });
    await queryTask(session, 71);
  }
  await refusedHello(bench, { capabilities: 0 }, 'capability-missing');
}

async function triesAgain(bench: Bench): Promise<void> {
  const session = await refusedHello(bench, { role: bench.role }, 'wrong-role');
  session.link.answers = false;
  await freshLink(bench, session, bench.probe.opens.length, againUs);
  await bench.unit();
}

/** Keys come from salts: they, and link ids, are others after each power on. */
async function freshAfterPowerOn(bench: Bench): Promise<void> {
  const salts = new Set<string>();
  const ids = new Set<bigint>();
  for (let count = 1; count <= 3; count += 1) {
    await bench.powerCycle();
    const link = await bench.link();
    const { salt } = await bench.newSession(link).greeted();
    salts.add(Buffer.from(salt).toString('hex'));
    ids.add(link.peer);
    demand(salts.size === count, `${count} different salts after ${count} power cuts`, [...salts].join(' '));
    demand(ids.size === count, `${count} different link ids after ${count} power cuts`, String(ids.size));
  }
}
