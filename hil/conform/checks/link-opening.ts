/** Opening and resuming a link: PROTOCOL.md, "Opening, resuming". */
import { encodeOpen, type Open } from '../../../protocol/link/open-frame.js';
import type { Bench } from '../bench.js';
import { checked, type Requirement } from '../check.js';
import { exercise, greetedLink, quietLink } from '../exercise.js';
import { demand } from '../finding.js';
import type { ProbeLink } from '../probe-link.js';
import { strayMessage } from '../stray.js';

const table = 'Go through the table of opens in PROTOCOL.md, row by row; link ids and marks are in the transcript.';
/** What a device is allowed beyond a time of the protocol, for its own clock and the line, in microseconds. */
export const slackUs = 300_000;
/** So many opens of another version, so far apart: five answers would be right. */
const stormOpens = 40;
const stormPauseUs = 12_500;

export const openingRequirements: readonly Requirement[] = [
  checked('L-9', 'A link id is not 0, and a fresh one for each link.', {
    remedy: 'Derive link ids from boot entropy and a counter; never from a constant.',
    run: freshIds,
  }),
  checked('L-10', 'The payload of an open has 36 bytes with values in range, 0 where it is reserved.', {
    remedy: table,
    run: async (bench) => {
      await exercise(bench);
      bench.inspect('L-10');
    },
  }),
  checked('L-11', 'Another version is refused and answered with an open of one’s own.', {
    remedy: table,
    run: otherVersion,
  }),
  checked('L-12', 'An open that asks is repeated after 100 ms, 200 ms, … at most 1 s until the link runs.', {
    remedy: 'Look at the timer of opens; a candidate is asked for like a link.',
    isTimed: true,
    run: askedAgain,
  }),
  checked('L-13', 'Nothing else leaves before an open that names both ids has arrived.', {
    remedy: 'Hold data and acknowledgements of a link back until an open names both ids.',
    run: nothingBefore,
  }),
  checked('L-14', 'An open with an id of this side’s own comes from a looped line and is dropped.', {
    remedy: table,
    isTimed: true,
    run: looped,
  }),
  checked('L-15', 'An open with the link’s ids is answered if it asks, and only then.', {
    remedy: table,
    run: answeredIfAsked,
  }),
  checked(
    'L-16',
    'On an open with the link’s ids its `next` is taken over; not running, what is unacknowledged is repeated.',
    {
      remedy: table,
      run: resumed,
    },
  ),
  checked('L-17', 'An open that names the candidate closes the old link; the candidate is the link.', {
    remedy: table,
    run: replaced,
  }),
  checked('L-18', 'Not established, an open that names this side establishes the link.', {
    remedy: table,
    run: namedWhileNotEstablished,
  }),
  checked('L-19', 'Not established, any other open makes its sender the peer and is answered with an open that asks.', {
    remedy: table,
    run: strangerWhileNotEstablished,
  }),
  checked('L-20', 'Established, an unknown id with peer 0 or one’s own is answered by a candidate with a fresh id.', {
    remedy: table,
    run: startedAnew,
  }),
  checked(
    'L-21',
    'Established, two unknown ids are answered with the link’s open, with a fresh id when they are still there 1 s later.',
    {
      remedy: table,
      isTimed: true,
      run: staleOpen,
    },
  ),
  checked('L-22', 'The id of a candidate stays good for an answer that is still on its way.', {
    remedy: table,
    run: lateAnswer,
  }),
  checked(
    'L-40',
    'Established, an open of the link’s peer that names somebody else is answered with the link’s open.',
    {
      remedy: table,
      run: staleOpenOfPeer,
    },
  ),
];

async function freshIds(bench: Bench): Promise<void> {
  const ids = new Set<bigint>();
  for (let count = 1; count <= 4; count += 1) {
    ids.add((await quietLink(bench)).peer);
    demand(ids.size === count && !ids.has(0n), `${count} different link ids`, () =>
      [...ids].map((id) => id.toString(16)).join(' '),
    );
  }
}

async function otherVersion(bench: Bench): Promise<void> {
  const link = await quietLink(bench);
  const own = bench.freshId();
  const payload = encodeOpen({ ...link.open(), own, peer: 0n, running: false });
  payload.writeUInt8(2, 0);
  const from = bench.probe.opens.length;
  bench.probe.sendFrame({ kind: 'open', payload }, 0);
  const answer = await bench.probe.need('an open in answer to one of version 2', () => bench.probe.opens[from]?.open);
  demand(answer.peer !== own, 'the id of version 2 not taken', `an open that names ${own.toString(16)}`);
  demand(!answer.ask, 'an answer without ask', 'one with ask');
  await link.barrier();
  await storm(bench, payload);
}

/** One who answers each open with one of his own must not be answered at the speed of the line. */
async function storm(bench: Bench, payload: Uint8Array): Promise<void> {
  const before = bench.probe.opens.length;
  for (let sent = 0; sent < stormOpens; sent += 1) {
    bench.probe.sendFrame({ kind: 'open', payload }, 0);
    await bench.probe.pause(stormPauseUs);
  }
  const answers = bench.probe.opens.length - before;
  demand(answers <= stormOpens / 4, `at most ${stormOpens / 4} answers to ${stormOpens} opens`, String(answers));
}

async function askedAgain(bench: Bench): Promise<void> {
  await quietLink(bench);
  const link = bench.newLink();
  link.answers = false;
  link.sendOpen({ peer: 0n, running: false });
  await bench.probe.pause(1_000_000);
  const times = bench.probe.opens.filter(({ open }) => open.peer === link.own).map(({ atUs }) => atUs);
  const gapsMs = times.slice(1).map((atUs, index) => (atUs - (times[index] ?? 0)) / 1000);
  const came = () => `${times.length} opens, ${gapsMs.map((ms) => Math.round(ms)).join(', ')} ms apart`;
  demand(times.length >= 4, 'at least 4 opens in 1 s', came);
  const late = gapsMs.some((ms, index) => ms > Math.min(1000, 100 * 2 ** index) + slackUs / 1000);
  const early = gapsMs.slice(0, 4).some((ms, index) => ms < 30 * 2 ** index);
  demand(!late && !early, 'opens after 100, 200, 400, 800 ms', came);
}

async function nothingBefore(bench: Bench): Promise<void> {
  await quietLink(bench);
  const link = bench.newLink();
  link.answers = false;
  await bench.meet(link);
  await bench.probe.pause(400_000);
  const early = link.queues.reduce((sum, queue) => sum + queue.all.length, link.acknowledgements.length);
  demand(early === 0, 'opens alone', () => `${early} frames of the link`);
}

/** The opens of the device that answer what `act` sends, without the one that answers the barrier behind it. */
async function answersTo(link: ProbeLink, act: () => void): Promise<readonly Open[]> {
  const from = link.probe.opens.length;
  act();
  // Two opens that ask, one behind the other, may be answered by one.
  await link.probe.pause(30_000);
  await link.barrier();
  return link.probe.opens.slice(from, -1).map(({ open }) => open);
}

async function looped(bench: Bench): Promise<void> {
  const link = await quietLink(bench);
  const theirs = await link.barrier();
  const back = await answersTo(link, () => bench.probe.sendOpen({ ...theirs, ask: true }));
  demand(back.length === 0, 'no answer to an open that came back', () => `${back.length} opens`);
  await link.deliver(strayMessage(20), 2);
}

async function answeredIfAsked(bench: Bench): Promise<void> {
  const link = await quietLink(bench);
  const unasked = await answersTo(link, () => link.sendOpen({ ask: false }));
  demand(unasked.length === 0, 'no answer to an open that does not ask', () => `${unasked.length} opens`);
  const answer = await link.barrier();
  demand(answer.running, 'running in the answer to an open that asks', 'not running');
}

async function resumed(bench: Bench): Promise<void> {
  const link = bench.newLink();
  link.acknowledges = false;
  await bench.meet(link);
  await link.barrier();
  const hello = await bench.probe.need('hello', () => link.queues[0].all[0]);
  const before = link.queues[0].all.length;
  link.sendOpen({ running: false, next: [0, 0, 0] });
  const again = await bench.probe.until(() => (link.queues[0].all.length > before ? true : undefined), slackUs);
  demand(
    again === true,
    'hello repeated at once, for nobody has acknowledged it',
    `nothing within ${slackUs / 1000} ms`,
  );
  link.sendOpen({ running: false, next: [hello.end, 0, 0] });
  await link.barrier();
  const settled = link.queues[0].all.length;
  await bench.probe.pause(900_000);
  const more = link.queues[0].all.slice(settled).filter(({ start }) => start < hello.end).length;
  demand(more === 0, 'hello not repeated any more, for `next` is past it', () => `${more} repetitions`);
}

async function replaced(bench: Bench): Promise<void> {
  const before = await quietLink(bench);
  const link = await quietLink(bench);
  demand(link.messages.length > 0, 'a fresh session on the fresh link: hello', 'none');
  bench.probe.sendFrame(
    { kind: 'data', priority: 2, first: true, last: true, sequence: 0, payload: strayMessage(20) },
    before.markOut,
  );
  const { next, own, peer } = await link.barrier();
  demand(
    own === link.peer && peer === link.own && next[2] === 0,
    'nothing of the old link taken',
    `next ${next.join(' ')}`,
  );
}

/** Makes the device give its link up, by a message that was damaged; gives the open with which it begins anew. */
async function forsaken(bench: Bench): Promise<Open> {
  const link = await greetedLink(bench);
  const damaged = strayMessage(40);
  damaged.writeUInt8(0x56, 10);
  const from = bench.probe.opens.length;
  link.answers = false;
  link.push(damaged, 0);
  const fresh = () => bench.probe.opens.slice(from).find(({ open }) => open.own !== link.peer)?.open;
  return bench.probe.need('an open with a fresh id, after a message that fails its check', fresh);
}

async function namedWhileNotEstablished(bench: Bench): Promise<void> {
  const theirs = await forsaken(bench);
  const link = bench.newLink();
  link.peer = theirs.own;
  link.peerLimits = theirs.limits;
  link.sendOpen();
  await link.barrier();
  await bench.probe.need('hello on the fresh link', () => link.messages[0]);
}

async function strangerWhileNotEstablished(bench: Bench): Promise<void> {
  const theirs = await forsaken(bench);
  const own = bench.freshId();
  const from = bench.probe.opens.length;
  const limits = theirs.limits;
  bench.probe.sendOpen({ ask: true, running: false, own, peer: bench.freshId(), next: [0, 0, 0], limits });
  const answer = await bench.probe.need('an open that names its sender as peer', () => {
    return bench.probe.opens.slice(from).find(({ open }) => open.peer === own)?.open;
  });
  demand(answer.ask, 'an answer with ask', 'one without');
}

async function startedAnew(bench: Bench): Promise<void> {
  const link = await quietLink(bench);
  for (const peer of [0n, link.peer]) {
    const own = bench.freshId();
    bench.probe.sendOpen({ ...link.open(), own, peer, running: false });
    const answer = await bench.probe.need('an open that names the unknown id', () => bench.openNaming(own));
    demand(answer.own !== link.peer && answer.own !== 0n, 'a candidate with a fresh id', 'the id of the link');
    demand(answer.ask, 'an answer with ask', 'one without');
  }
  await link.barrier();
}

/** The open must be answered with the link's own, and a question. */
async function answeredWithLink({ probe, own, peer }: ProbeLink, open: Open, what: string): Promise<void> {
  const from = probe.opens.length;
  probe.sendOpen({ ...open, running: false });
  const answer = await probe.need(`an answer to ${what}`, () => probe.opens[from]?.open);
  const came = () => `own ${answer.own.toString(16)}, peer ${answer.peer.toString(16)}, ask ${answer.ask}`;
  const isOfLink = answer.own === peer && answer.peer === own && answer.ask;
  demand(isOfLink, `the open of the link, with ask, in answer to ${what}`, came);
}

async function staleOpen(bench: Bench): Promise<void> {
  const link = await quietLink(bench);
  const { probe } = bench;
  const stale = { ...link.open(), own: bench.freshId(), peer: bench.freshId(), running: false };
  link.answers = false;
  await answeredWithLink(link, stale, 'an open of two unknown ids');
  const from = probe.opens.length;
  const fresh = () => probe.opens.slice(from).find(({ open }) => open.own !== link.peer)?.open;
  probe.sendOpen(stale);
  await probe.pause(slackUs);
  demand(fresh() === undefined, 'the link still there after the same open at once again', 'a fresh id');
  await probe.pause(1_000_000);
  probe.sendOpen(stale);
  const answer = await probe.need('a fresh id after the same open a second later', fresh);
  const came = () => `own ${answer.own.toString(16)}, peer ${answer.peer.toString(16)}, ask ${answer.ask}`;
  demand(answer.peer === stale.own && answer.ask, 'an open that names the unknown id, with ask', came);
}

async function staleOpenOfPeer(bench: Bench): Promise<void> {
  const link = await quietLink(bench);
  link.answers = false;
  for (const peer of [0n, bench.freshId()]) {
    await answeredWithLink(link, { ...link.open(), peer, ask: true }, 'an open of the link’s peer that names another');
  }
  await link.barrier();
  await link.deliver(strayMessage(20), 2);
}

async function lateAnswer(bench: Bench): Promise<void> {
  const link = await quietLink(bench);
  const own = bench.freshId();
  bench.probe.sendOpen({ ...link.open(), own, peer: 0n, running: false });
  const candidate = await bench.probe.need('a candidate', () => bench.openNaming(own));
  await link.barrier();
  const late = bench.newLink();
  bench.probe.sendOpen({ ...link.open(), own, peer: candidate.own });
  const answer = await bench.probe.need('the candidate as the link', () => {
    return bench.probe.opens.find(({ open }) => open.own === candidate.own && open.peer === own && open.running)?.open;
  });
  demand(answer.peer === own, 'the candidate as the link', 'another');
  await bench.meet(late);
}
