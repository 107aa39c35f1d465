/** Messages: PROTOCOL.md, "Messages". */
import { blockNumber, generation, volumeNumber } from '../../../protocol/ids.js';
import { encodeMessage } from '../../../protocol/message/messages.js';
import type { Bench } from '../bench.js';
import { checked, type Requirement } from '../check.js';
import { exercise, queryTask } from '../exercise.js';
import { demand } from '../finding.js';
import type { ProbeSession } from '../probe-session.js';
import { strayMessage, withMessageCheck } from '../stray.js';

const table = 'Hold the message against its row in MESSAGES.md; vectors.json has golden bytes of every kind.';
const refusing = 'Look at the decoder of messages, and at what the device does with those that it refuses.';

export const messageRequirements: readonly Requirement[] = [
  checked('M-1', 'A message has a tag, the fields of its row without padding, and its check.', {
    remedy: table,
    run: async (bench) => {
      await exercise(bench);
      bench.inspect('M-1');
    },
  }),
  checked('M-2', 'A message whose check is wrong makes the receiver give its link up and open a fresh one.', {
    remedy: refusing,
    run: (bench) => givesUp(bench, (bytes) => flip(bytes, 6), 'a wrong check'),
  }),
  checked('M-3', 'A message that ends inside a field makes the receiver give its link up, too.', {
    remedy: refusing,
    run: (bench) => givesUp(bench, (bytes) => withMessageCheck(bytes.subarray(0, -3)), 'its last field cut'),
  }),
  checked('M-4', 'A message with bytes after its last field is refused; the session goes on.', {
    remedy: refusing,
    run: (bench) =>
      dropped(bench, (bytes) => withMessageCheck(Buffer.concat([bytes, Buffer.alloc(2)])), 'two bytes too many'),
  }),
  checked('M-5', 'A message with a tag that is not known is refused; the session goes on.', {
    remedy: refusing,
    run: (bench) => dropped(bench, () => strayMessage(40), 'tag 7ffeh'),
  }),
  checked('M-6', 'A message with a value that its table does not allow is refused; the session goes on.', {
    remedy: refusing,
    run: (bench) => dropped(bench, (bytes) => withMessageCheck(withFunction(bytes, 3)), 'function 3'),
  }),
  checked('M-7', 'A u64 past 2^53 − 1 is refused.', {
    roles: ['main', 'sub'],
    remedy: refusing,
    run: hugeNumber,
  }),
  checked('M-8', 'A request is answered by one message with its number, or by refused with it.', {
    remedy: 'Each request has a number of its asker’s choosing; the answer carries it again.',
    run: numbered,
  }),
];

/** A question that every device answers: tag, request, function, unit, managed tag, check. */
const question = (request: number) =>
  encodeMessage({ kind: 'taskManagement', request, function: 'queryTask', lun: 0, managedTag: 0xfffffff0 });

function flip(bytes: Buffer, at: number): Buffer {
  bytes.writeUInt8((bytes[at] ?? 0) ^ 1, at);
  return bytes;
}

function withFunction(bytes: Buffer, value: number): Buffer {
  bytes.writeUInt8(value, 6);
  return bytes;
}

async function givesUp(bench: Bench, spoil: (bytes: Buffer) => Buffer, what: string): Promise<void> {
  const session = await bench.session();
  await queryTask(session, 1);
  const from = bench.probe.opens.length;
  const { link } = session;
  link.answers = false;
  link.push(session.wrapped(spoil(question(71)), 0), 0);
  link.push(session.wrapped(question(72), 0), 0);
  const fresh = () => bench.probe.opens.slice(from).find(({ open }) => open.own !== link.peer);
  await bench.probe.need(`an open with a fresh link id after a message with ${what}`, fresh);
  noAnswer(session, [71, 72], `a message with ${what}, or behind it`);
  await queryTask(await bench.session(), 73);
}

async function dropped(bench: Bench, spoil: (bytes: Buffer) => Buffer, what: string): Promise<void> {
  const session = await bench.session();
  await session.sendEncoded(spoil(question(81)), 0);
  await queryTask(session, 82);
  await session.link.barrier();
  const answers = session.messages.filter((message) => message.kind === 'taskResponse' && message.request === 81);
  demand(answers.length === 0, `a message with ${what} refused`, 'an answer to it');
}

function noAnswer(session: ProbeSession, requests: readonly number[], what: string): void {
  const answer = session.find('taskResponse', ({ request }) => requests.includes(request));
  demand(answer === undefined, `no answer to ${what}`, () => `an answer to request ${answer?.request}`);
}

async function hugeNumber(bench: Bench): Promise<void> {
  const session = await bench.session();
  const range = { volume: volumeNumber(0), first: blockNumber(0), count: 1, partBlocks: 1 };
  const bytes = encodeMessage({ kind: 'getDigests', request: 91, generation: generation(0), ...range });
  // Tag, request, generation, volume; then `first`, whose bit 53 is in its seventh byte.
  bytes.writeUInt8(0x20, 2 + 4 + 4 + 1 + 6);
  await session.sendEncoded(withMessageCheck(bytes), 0);
  await queryTask(session, 92);
  await session.link.barrier();
  const answer = session.messages.find(({ kind }) => kind === 'digests' || kind === 'refused');
  demand(answer === undefined, 'no answer to a message with a first block of 2^53', () => answer?.kind ?? '');
}

async function numbered(bench: Bench): Promise<void> {
  const session = await bench.session();
  const requests = [1, 0xffffffff, 5, 4];
  for (const request of requests)
    await session.send({ kind: 'taskManagement', request, function: 'queryTask', lun: 0, managedTag: 3 });
  for (const request of requests) await session.next('taskResponse', (message) => message.request === request);
  await session.link.barrier();
  const answers = session.messages.filter(({ kind }) => kind === 'taskResponse').length;
  demand(answers === requests.length, `${requests.length} answers`, () => String(answers));
}
