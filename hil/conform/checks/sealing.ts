/** Sealed sessions: PROTOCOL.md, "Keys" and "Sealing". */
import { control, hostIo } from '../../../protocol/message/message.js';
import { encodeMessage } from '../../../protocol/message/messages.js';
import { refusalByNumber, refusals } from '../../../protocol/refusals.js';
import type { Bench } from '../bench.js';
import { checked, type Requirement, unchecked } from '../check.js';
import { commands, exercise, inquiryCdb, queryTask } from '../exercise.js';
import { demand } from '../finding.js';
import type { ProbeSession } from '../probe-session.js';
import { ProbeUnit } from '../probe-unit.js';
import { withMessageCheck } from '../stray.js';
import { slackUs } from './link-opening.js';

const keys = 'Go through keys, nonce and additional data in PROTOCOL.md; vectors.json has golden sealed messages.';
const replays = 'Look at what the receiver remembers of counters: in each queue they rise, each is taken once.';

/** The rest of them is for lines with a key. */
export const sealingRequirements: readonly Requirement[] = [
  checked('S-11', 'A key of 32 bytes for each direction is derived with HKDF from both salts and roles.', {
    line: 'sealed',
    remedy: keys,
    run: async (bench) => {
      await bench.session();
    },
  }),
  checked('S-12', 'Every message after hello travels sealed.', { line: 'sealed', remedy: keys, run: watching('S-12') }),
  checked('S-13', 'Counters start at 0 with each session and are one more with each message.', {
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
  checked('S-16', 'A receiver takes each counter once.', { line: 'sealed', remedy: replays, run: replayed }),
  checked('S-17', 'Within one queue a receiver refuses a counter that does not rise; between queues they overtake.', {
    line: 'sealed',
    remedy: replays,
    run: heldBack,
  }),
  checked('S-18', 'A message in clear is refused in a sealed session, which goes on.', {
    line: 'sealed',
    remedy: keys,
    run: inClear,
  }),
  checked('S-19', 'A sealed message that fails its tag makes the receiver give its link up and open a fresh one.', {
    line: 'sealed',
    remedy: keys,
    run: wrongTag,
  }),
  unchecked(
    'S-20',
    'Counters older than 65 536 below the highest are refused, and no more are unacknowledged.',
    'It would take 65 536 messages in one check; S-16 shows that counters are taken once.',
  ),
  unchecked(
    'S-21',
    'No key is ever used twice.',
    'No number of sessions shows it; S-2 shows that salts are fresh, L-9 and I-12 that a power cut changes what they derive from.',
  ),
];

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
  const { counters: seen } = unit.session;
  const sorted = [...seen].sort((a, b) => a - b);
  demand(
    sorted.every((counter, index) => counter === index),
    'counters 0, 1, 2, …',
    () => sorted.join(' '),
  );
}

async function greeted(bench: Bench): Promise<{ session: ProbeSession; salt: Uint8Array }> {
  const session = bench.newSession(await bench.link());
  const theirs = await session.greeted();
  session.seal(theirs);
  await session.sendClear(session.ownHello());
  return { session, salt: theirs.salt };
}

async function wrongProofs(bench: Bench): Promise<void> {
  const spoil: Readonly<Record<string, (session: ProbeSession, salt: Uint8Array) => Uint8Array>> = {
    'a proof of another salt': (session) =>
      session.wrapped(encodeMessage({ kind: 'proof', peerSalt: Buffer.alloc(32, 9) })),
    'a proof under another key': (session, salt) => {
      const wrapped = Buffer.from(session.wrapped(encodeMessage({ kind: 'proof', peerSalt: salt })));
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

async function replayed(bench: Bench): Promise<void> {
  const session = await bench.session();
  const question = { kind: 'taskManagement', function: 'queryTask', lun: 0, managedTag: 0xfffffff0 } as const;
  const sealed = session.wrapped(encodeMessage({ ...question, request: 31 }));
  await session.link.deliver(sealed, control);
  await session.next('taskResponse', ({ request }) => request === 31);
  await session.link.deliver(sealed, control);
  await queryTask(session, 32);
  await bench.probe.pause(slackUs / 4);
  const answers = session.messages.filter(
    (message) => message.kind === 'taskResponse' && message.request === 31,
  ).length;
  demand(answers === 1, 'one answer to a counter that came twice', () => `${answers} answers`);
}

async function heldBack(bench: Bench): Promise<void> {
  const session = await bench.session();
  const question = { kind: 'taskManagement', function: 'queryTask', lun: 0, managedTag: 0xfffffff0 } as const;
  const first = session.wrapped(encodeMessage({ ...question, request: 41 }));
  const unit = new ProbeUnit(session, 600);
  const other = unit.message(inquiryCdb(), { dataInBytesMax: 36 });
  const second = session.wrapped(encodeMessage(other));
  const third = session.wrapped(encodeMessage({ ...question, request: 43 }));
  for (const [message, queue] of [
    [third, control],
    [first, control],
    [second, hostIo],
  ] as const) {
    await session.link.deliver(message, queue);
  }
  await session.next('taskResponse', ({ request }) => request === 43);
  await unit.end(other.tag);
  await queryTask(session, 44);
  const late = session.find('taskResponse', ({ request }) => request === 41);
  demand(late === undefined, 'a counter behind a higher one of its queue refused', 'an answer');
}

async function inClear(bench: Bench): Promise<void> {
  const session = await bench.session();
  const question = { kind: 'taskManagement', function: 'queryTask', lun: 0, managedTag: 0xfffffff0 } as const;
  await session.sendClear({ ...question, request: 51 });
  await queryTask(session, 52);
  const answer = session.find('taskResponse', ({ request }) => request === 51);
  demand(answer === undefined, 'a message in clear refused', 'an answer');
}

async function wrongTag(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  await commands(unit);
  const { session } = unit;
  const from = bench.probe.opens.length;
  session.link.answers = false;
  const question = { kind: 'taskManagement', request: 61, function: 'queryTask', lun: 0, managedTag: 1 } as const;
  session.link.push(flipped(Buffer.from(session.wrapped(encodeMessage(question))), 20), control);
  const { peer } = session.link;
  const fresh = () => bench.probe.opens.slice(from).find(({ open }) => open.own !== peer);
  await bench.probe.need('an open with a fresh link id', fresh);
  demand(session.find('taskResponse', ({ request }) => request === 61) === undefined, 'no answer to it', 'an answer');
  await bench.unit();
}
