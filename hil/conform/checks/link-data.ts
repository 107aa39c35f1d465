/** Fragments, repetition, windows and frame sizes: PROTOCOL.md, "Link". */
import { sequenceModulus, unitBytes } from '../../../protocol/limits.js';
import { encodeMessage } from '../../../protocol/message/messages.js';
import type { Bench } from '../bench.js';
import { checked, type Requirement, unchecked } from '../check.js';
import { exercise, inquiryCdb, queryTask, quietLink } from '../exercise.js';
import { demand } from '../finding.js';
import { generousLimits, type ProbeLink } from '../probe-link.js';
import type { ProbeUnit } from '../probe-unit.js';
import { strayMessage } from '../stray.js';
import { slackUs } from './link-opening.js';

const numbers = 'Look at how fragments are numbered: in units of 64 bytes, for each queue from 0 on.';
const receiver = 'Look at the receive queue: it keeps a fragment only when it holds none of its units.';
const repeating = 'Look at what the sender keeps until it is acknowledged, and at its timer.';

export const dataRequirements: readonly Requirement[] = [
  checked('L-1', 'Each queue delivers its messages once, in order and unchanged.', {
    remedy: receiver,
    run: onceAndWhole,
  }),
  checked('L-2', 'Messages travel in their queue, and control never waits behind bulk.', {
    remedy: 'Give each queue its own numbers and window, and let queue 0 go first.',
    run: controlFirst,
  }),
  checked('L-3', 'A fragment takes as many consecutive numbers of its queue as it has units.', {
    remedy: numbers,
    // Where all is acknowledged at once, other bytes under numbers of before are bytes that are numbered wrongly.
    run: watching('L-3', 'L-7'),
  }),
  checked('L-4', 'A fragment that is not its message’s last has a multiple of 64 bytes, else it is refused.', {
    remedy: numbers,
    run: oddFragments,
  }),
  checked('L-5', 'Both sides start each queue at 0 with each fresh link.', { remedy: numbers, run: watching('L-5') }),
  checked('L-6', 'A fragment that got lost may be repeated in smaller fragments.', {
    remedy: receiver,
    run: smallerPieces,
  }),
  checked('L-7', 'A sender splits what it repeats and never joins; its flags go with the outer pieces.', {
    remedy: repeating,
    run: repeatedPieces,
  }),
  checked('L-8', 'What overlaps in part with what is held is dropped.', { remedy: receiver, run: overlap }),
  checked('L-28', 'What an acknowledgement shows to be lost is repeated, and nothing else.', {
    remedy: repeating,
    isTimed: true,
    run: lostIsRepeated,
  }),
  checked('L-29', 'What nobody acknowledges is repeated after a time that doubles, for ever.', {
    remedy: repeating,
    isTimed: true,
    run: repeatedByTimer,
  }),
  checked(
    'L-30',
    'After its timer has ended a sender sends nothing new in queues 1 and 2 until an acknowledgement arrives.',
    {
      remedy: repeating,
      isTimed: true,
      run: nothingNew,
    },
  ),
  checked('L-31', 'When nothing was heard for 2 s and something is unacknowledged, an open asks too.', {
    remedy: 'Look at the keepalive time.',
    run: keepalive,
  }),
  checked('L-32', 'A sender keeps within the window of its peer, in each queue.', {
    remedy: 'Count from the first unit that is not acknowledged; the window stands in the open.',
    run: withinWindow,
  }),
  checked('L-33', 'A receiver drops what lies past its window.', { remedy: receiver, run: pastWindow }),
  checked('L-34', 'A receiver takes what lies within the window that it announced.', {
    remedy: receiver,
    run: lastOfWindow,
  }),
  checked('L-35', 'A message longer than the receiver takes is dropped whole.', {
    bytes: 1_200_000,
    isQuiet: true,
    remedy: receiver,
    run: tooLong,
  }),
  checked('L-36', 'Any payload is right up to what the receiver announced, and none past it.', {
    bytes: 37_000,
    isQuiet: true,
    remedy: 'Look at payloadUnitsMax of both opens.',
    run: payloadSizes,
  }),
  checked('L-37', 'A frame carries the number of its first unit modulo 2^16.', {
    bytes: unitBytes * sequenceModulus,
    isQuiet: true,
    remedy: numbers,
    run: wraps,
  }),
  unchecked(
    'L-38',
    'A sender draws no conclusion about numbers past a record of 60 bytes of runs or more.',
    'What a sender concludes shows in its timing alone, and that is its own affair within the bounds of L-28 and L-29.',
  ),
  unchecked(
    'L-39',
    'An acknowledgement counts for the last transmission of a fragment, or the one before the timer’s.',
    'The order of transmissions inside the device cannot be seen; L-28 and L-29 bound what comes of it.',
  ),
];

function watching(...numbersOf: readonly string[]): (bench: Bench) => Promise<void> {
  return async (bench) => {
    try {
      await exercise(bench);
    } finally {
      for (const number of numbersOf) bench.inspect(number);
    }
  };
}

async function onceAndWhole(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const { session } = unit;
  const { link } = session;
  const messages = [1, 2, 3].map(() => unit.message(inquiryCdb(), { dataInBytesMax: 36 }));
  const [a, b, c] = messages.map((message) => link.pieces(session.wrapped(encodeMessage(message), 1), 1));
  for (const piece of [...(c ?? []), ...(a ?? []), ...(a ?? []), ...(b ?? []), ...(c ?? [])]) link.sendPiece(piece);
  for (const { tag } of messages) {
    const { data } = await unit.end(tag);
    demand(data.length === 36, '36 bytes of inquiry data', () => `${data.length} bytes`);
  }
  await link.barrier();
  const responses = session.messages.filter((message) => message.kind === 'response');
  for (const { tag } of messages) {
    const count = responses.filter((message) => message.tag === tag).length;
    demand(count === 1, `one response to command ${tag}, whose frame was sent twice`, () => String(count));
  }
}

/** Commands whose answers the suite does not acknowledge; resolves once they are sent. */
async function flood(unit: ProbeUnit, count: number): Promise<readonly number[]> {
  const tags: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const message = unit.message(inquiryCdb(), { dataInBytesMax: 36 });
    tags.push(message.tag);
    await unit.session.send(message);
  }
  return tags;
}

async function controlFirst(bench: Bench): Promise<void> {
  const unit = await bench.unit({ ...generousLimits, windowUnits: 16 });
  const { link } = unit.session;
  bench.inspect('L-2');
  link.acknowledges = false;
  const tags = await flood(unit, 40);
  await bench.probe.pause(50_000);
  demand(
    unit.session.find('response', ({ tag }) => tag === tags.at(-1)) === undefined,
    'queue 1 full',
    'all responses',
  );
  await queryTask(unit.session, 7);
  link.acknowledges = true;
  link.acknowledge();
  for (const tag of tags) await unit.end(tag);
  bench.inspect('L-2');
}

async function oddFragments(bench: Bench): Promise<void> {
  const link = await quietLink(bench);
  const whole = strayMessage(192);
  for (const bytes of [65, 63, 0]) {
    link.sendPiece({ priority: 2, start: 0, first: true, last: false, payload: whole.subarray(0, bytes) });
    const { next } = await link.barrier();
    demand(next[2] === 0, `a first fragment of ${bytes} bytes refused`, () => `next ${next[2]}`);
  }
  await link.deliver(whole, 2, 64);
  await exercise(bench);
  bench.inspect('L-4');
}

async function smallerPieces(bench: Bench): Promise<void> {
  const link = await quietLink(bench);
  const message = strayMessage(512);
  const [first, lost, ...rest] = link.pieces(message, 2, 128);
  for (const piece of [first, ...rest]) if (piece !== undefined) link.sendPiece(piece);
  await bench.probe.pause(30_000);
  for (const unit of [3, 2]) {
    const payload = message.subarray(unit * 64, (unit + 1) * 64);
    link.sendPiece({ priority: 2, start: unit, first: false, last: false, payload });
  }
  demand(lost !== undefined, 'four fragments', 'fewer');
  await link.acknowledged(2, 8);
}

async function repeatedPieces(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  unit.session.link.acknowledges = false;
  await flood(unit, 4);
  await bench.probe.pause(800_000);
  bench.inspect('L-7');
}

async function overlap(bench: Bench): Promise<void> {
  const link = await quietLink(bench);
  const message = strayMessage(256);
  link.reserve(2, 256);
  const send = (from: number, to: number) =>
    link.sendPiece({
      ...{ priority: 2, start: from, first: from === 0, last: to === 4 },
      payload: message.subarray(from * 64, to * 64),
    });
  send(1, 3);
  send(0, 2);
  const overlapping = await link.barrier();
  demand(overlapping.next[2] === 0, 'units 0 to 1 dropped, for unit 1 is held', () => `next ${overlapping.next[2]}`);
  send(0, 1);
  send(3, 4);
  await link.acknowledged(2, 4);
}

async function lostIsRepeated(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const { link } = unit.session;
  const queue = link.queues[1];
  const from = queue.end;
  link.acknowledges = false;
  const before = queue.all.length;
  const tags = await flood(unit, 3);
  await unit.end(tags.at(-1) ?? 0);
  const fresh = queue.all.slice(before).filter(({ isRepeated }) => !isRepeated);
  const lost = fresh[0];
  demand(lost !== undefined && fresh.length >= 2, 'at least two fragments', () => String(fresh.length));
  const sent = queue.all.length;
  link.sendRecords([{ priority: 1, next: from, runs: [lost.end - from, queue.end - lost.end] }]);
  await bench.probe.need('the fragment that the acknowledgement does not name again', () => queue.all[sent], 1_500_000);
  await bench.probe.pause(200_000);
  const others = queue.all.slice(sent).filter(({ start, end }) => start < lost.start || end > lost.end);
  demand(
    others.length === 0,
    'nothing repeated that is acknowledged',
    () => `units ${others[0]?.start} to ${others[0]?.end}`,
  );
  link.acknowledges = true;
  link.acknowledge();
}

/** A link on which the device's hello is not acknowledged. */
async function unacknowledged(bench: Bench): Promise<ProbeLink> {
  const link = bench.newLink();
  link.acknowledges = false;
  await bench.meet(link);
  await link.barrier();
  await bench.probe.need('hello', () => link.queues[0].all[0]);
  return link;
}

async function repeatedByTimer(bench: Bench): Promise<void> {
  const link = await unacknowledged(bench);
  await bench.probe.pause(2_400_000);
  const times = link.queues[0].all.filter(({ start }) => start === 0).map(({ atUs }) => atUs);
  const gapsMs = times.slice(1).map((atUs, index) => Math.round((atUs - (times[index] ?? 0)) / 1000));
  const came = () => `${times.length - 1} repetitions, ${gapsMs.join(', ')} ms apart`;
  demand(times.length >= 3, 'hello repeated at least twice in 2.4 s', came);
  demand(
    gapsMs.every((ms) => ms >= 50),
    'at least 60 ms between repetitions',
    came,
  );
  demand((gapsMs.at(-1) ?? 0) >= 1.5 * (gapsMs[0] ?? 0), 'a time that doubles', came);
}

async function nothingNew(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const { session } = unit;
  const { link } = session;
  link.acknowledges = false;
  const [first] = await flood(unit, 1);
  const queue = link.queues[1];
  await bench.probe.need('a repetition', () => queue.all.find(({ isRepeated }) => isRepeated), 3_000_000);
  const [second] = await flood(unit, 1);
  await bench.probe.pause(300_000);
  const early = session.find('response', ({ tag }) => tag === second);
  demand(early === undefined, 'nothing new in queue 1 before an acknowledgement', 'a response');
  link.acknowledges = true;
  link.acknowledge();
  await unit.end(first ?? 0);
  await unit.end(second ?? 0);
}

async function keepalive(bench: Bench): Promise<void> {
  const link = await unacknowledged(bench);
  link.answers = false;
  const from = bench.probe.opens.length;
  const ofLink = () => bench.probe.opens.slice(from).find(({ open }) => open.own === link.peer && open.ask);
  await bench.probe.need('an open that asks, after 2 s without a word', ofLink, 4_500_000 + slackUs);
}

async function withinWindow(bench: Bench): Promise<void> {
  const unit = await bench.unit({ ...generousLimits, windowUnits: 4 });
  const { link } = unit.session;
  link.acknowledges = false;
  const tags = await flood(unit, 12);
  await bench.probe.pause(300_000);
  bench.inspect('L-32');
  link.acknowledges = true;
  link.acknowledge();
  for (const tag of tags) await unit.end(tag);
  bench.inspect('L-32');
}

/** What the device says of queue 2 once a unit has been sent alone, in units from `next` on. */
async function runsAfter(bench: Bench, link: ProbeLink, unit: number): Promise<readonly number[]> {
  link.reserve(2, (unit + 1) * unitBytes);
  const from = link.acknowledgements.length;
  link.sendBeyond({ priority: 2, start: unit, first: true, last: true, payload: strayMessage(20) });
  const told = () => {
    const records = link.acknowledgements.slice(from).flatMap((each) => each.records);
    return records.find(({ priority, runs }) => priority === 2 && runs.length > 0)?.runs;
  };
  const runs = await bench.probe.until(told, slackUs);
  const { next } = await link.barrier();
  demand(next[2] === 0, 'unit 0 still missing', () => `next ${next[2]}`);
  return runs ?? [];
}

async function pastWindow(bench: Bench): Promise<void> {
  const link = await quietLink(bench);
  const { windowUnits } = link.peerLimits;
  const runs = await runsAfter(bench, link, windowUnits);
  demand(
    runs.length === 0,
    `unit ${windowUnits} dropped, for the window ends before it`,
    () => `runs ${runs.join(' ')}`,
  );
}

async function lastOfWindow(bench: Bench): Promise<void> {
  const link = await quietLink(bench);
  const { windowUnits } = link.peerLimits;
  if (windowUnits === 1) return;
  const runs = await runsAfter(bench, link, windowUnits - 1);
  demand(
    runs.join(' ') === `${windowUnits - 1} 1`,
    `unit ${windowUnits - 1} taken, the last of the window`,
    () => `runs "${runs.join(' ')}"`,
  );
}

async function tooLong(bench: Bench): Promise<void> {
  const link = await quietLink(bench);
  const { messageBytesMax, payloadUnitsMax } = link.peerLimits;
  // Whoever hands it up in spite of its length finds that it fails its check, and gives the link up.
  const long = strayMessage(messageBytesMax + 64);
  long.writeUInt8(0x56, 10);
  await link.deliver(long, 2, payloadUnitsMax * unitBytes);
  await link.barrier();
  await link.deliver(strayMessage(20), 2);
}

async function payloadSizes(bench: Bench): Promise<void> {
  const link = await quietLink(bench);
  const { payloadUnitsMax } = link.peerLimits;
  const message = strayMessage(2 * payloadUnitsMax * unitBytes + 10);
  for (const units of new Set([1, 2, 3, payloadUnitsMax])) {
    await link.deliver(message, 2, Math.min(units, payloadUnitsMax) * unitBytes);
  }
  await exercise(bench, { ...generousLimits, payloadUnitsMax: 1 });
  bench.inspect('L-36');
}

async function wraps(bench: Bench): Promise<void> {
  const link = await quietLink(bench);
  const { payloadUnitsMax } = link.peerLimits;
  const message = strayMessage(1_000_000);
  for (let count = 0; count < 5; count += 1) await link.deliver(message, 2, payloadUnitsMax * unitBytes);
}
