/** What a main says to a sub: the suite is the sub, and the host that writes and freezes. */
import { contentDigest, sameDigest, spoiltDigest } from '../../../protocol/digest.js';
import { generation } from '../../../protocol/ids.js';
import { encodeMessage, priorityOf } from '../../../protocol/message/messages.js';
import type { Bench } from '../bench.js';
import { demand, Finding, NotRun } from '../finding.js';
import { demandContent } from '../medium.js';
import { PlayedSub, type SubOptions } from '../played-sub.js';
import { withMessageCheck } from '../stray.js';
import { contents, pastNumbers } from './replication-sub.js';

/** Where the epoch of a pairing stands: behind tag and pair. */
const epochOffset = 18;
/** Blocks that a check writes. */
const count = 6;
/** How long main may take to make something of its own durable, in looks of 50 ms. */
const durableLooks = 100;
const lookUs = 50_000;

/** Main with a few blocks written since its last freeze, and their contents. */
async function written(
  bench: Bench,
  options: SubOptions = {},
): Promise<{ readonly sub: PlayedSub; readonly data: Buffer }> {
  const sub = await PlayedSub.idle(bench, options);
  const data = contents(bench, sub.shape.blockBytes, count);
  await sub.write(0, data);
  return { sub, data };
}

/** A generation carried to its end; what main may not do in any is noted meanwhile. */
export async function carried(bench: Bench, number: string, options: SubOptions = {}): Promise<void> {
  const { sub } = await written(bench, options);
  await committed(bench, number, sub, await sub.freeze());
}

/** Of two images one after the other the second is a difference. */
export async function differenceCarried(bench: Bench): Promise<void> {
  await carried(bench, 'R-3');
  await carried(bench, 'R-3');
}

/** A generation comes to its end, and nothing was wrong with it at this number: that is told before what came of it. */
async function committed(bench: Bench, number: string, { taker }: PlayedSub, of: number): Promise<void> {
  try {
    await taker.committed(of);
  } finally {
    bench.remote.inspect(number);
  }
}

export async function pairingSent(bench: Bench): Promise<void> {
  const sub = await PlayedSub.idle(bench);
  await sub.host.accepted({ kind: 'suspend' }, 'done');
  await sub.host.accepted({ kind: 'resync' }, 'done');
  const main = await sub.paired();
  const isRight = sameDigest(main.pair, sub.record.pair) && !main.takenOver;
  demand(isRight, 'pairing of the pair after a resync', `pair ${Buffer.from(main.pair).toString('hex')}`);
}

export async function epochRefused(bench: Bench): Promise<void> {
  const sub = await PlayedSub.idle(bench);
  const before = await sub.host.status();
  const encoded = Buffer.from(encodeMessage(sub.pairing(sub.shape)));
  encoded.writeUInt32LE(pastNumbers, epochOffset);
  await sub.taker.session.sendEncoded(withMessageCheck(encoded), priorityOf('pairing'));
  await sub.take(300_000);
  const after = await sub.host.status();
  const words = ({ epoch, pairState }: typeof before) => `epoch ${epoch}, ${pairState}`;
  demand(words(after) === words(before), words(before), words(after));
}

export async function runsFit(bench: Bench): Promise<void> {
  const { blockBytes } = (await PlayedSub.idle(bench)).shape;
  await carried(bench, 'R-36', { runBytesMax: 2 * blockBytes });
}

/** Runs are held back for as long as the window allows none, and answered in another order than they came. */
export async function windowHeld(bench: Bench): Promise<void> {
  const { blockBytes } = (await PlayedSub.idle(bench)).shape;
  const small = { runBytesMax: blockBytes, windowBytes: 2 * blockBytes };
  const { sub } = await written(bench, small);
  sub.taker.onRun = () => 'withhold';
  const of = await sub.freeze();
  for (let tries = 0; tries < count && sub.record.committed !== of; tries += 1) {
    await sub.take(200_000 + sub.lineUs(3 * blockBytes));
    sub.taker.release();
  }
  sub.taker.onRun = () => 'store';
  await committed(bench, 'R-6', sub, of);
}

export async function storedInAnyOrder(bench: Bench): Promise<void> {
  const { blockBytes } = (await PlayedSub.idle(bench)).shape;
  const { sub } = await written(bench, { runBytesMax: blockBytes });
  sub.taker.onRun = () => 'withhold';
  const of = await sub.freeze();
  await sub.take(300_000 + sub.lineUs(count * blockBytes));
  sub.taker.onRun = () => 'store';
  sub.taker.release();
  await committed(bench, 'R-4', sub, of);
}

export async function refusedSentAgain(bench: Bench): Promise<void> {
  const { sub, data } = await written(bench);
  const refused = new Set<number>();
  sub.taker.onRun = ({ first }) => {
    if (refused.has(first)) return 'store';
    refused.add(first);
    return 'digest-mismatch';
  };
  await sub.taker.committed(await sub.freeze());
  demandBlocks(sub, data);
  bench.remote.inspect('R-5');
}

/** What the suite holds of the first blocks is this, whichever way it came. */
function demandBlocks({ shape, record }: PlayedSub, data: Buffer): void {
  for (let block = 0; block * shape.blockBytes < data.length; block += 1) {
    const content = data.subarray(block * shape.blockBytes, (block + 1) * shape.blockBytes);
    const found = record.image?.digestOf(0, block);
    const isRight = found !== undefined && sameDigest(found, contentDigest(content));
    const came = found === undefined ? 'nothing of it' : 'other content';
    demand(isRight, `block ${block} with its content at the freeze`, came);
  }
}

/** What the sub turns out to lack is sent again. */
export async function lackingSentAgain(bench: Bench): Promise<void> {
  const { before, of, data } = await partlySent(bench);
  const lacking = 1;
  before.record.staging?.blocks.delete(0, lacking);
  const sub = await PlayedSub.meet(bench);
  await sub.taker.committed(of);
  const isSent = sub.taker.runs.some(({ first, count: blocks }) => first <= lacking && lacking < first + blocks);
  demand(isSent, `block ${lacking} again, which the holdings do not name`, 'no run with it');
  demandBlocks(sub, data);
}

/** A generation of which all is sent but the last block, and main knows that. */
async function partlySent(
  bench: Bench,
): Promise<{ readonly before: PlayedSub; readonly of: number; readonly data: Buffer }> {
  const { sub: before, data } = await written(bench);
  const { blockBytes } = before.shape;
  const again = await PlayedSub.idle(bench, { runBytesMax: blockBytes });
  again.taker.onRun = ({ first }) => (first === count - 1 ? 'withhold' : 'store');
  const of = await again.freeze();
  for (let look = 0; look < durableLooks; look += 1) {
    await again.take(lookUs + again.lineUs(blockBytes));
    const { blocksSent, blocksTotal } = await again.host.status();
    if (blocksTotal > 0 && blocksSent === blocksTotal - 1) return { before: again, of, data };
  }
  throw new Finding('all blocks but one counted as sent (status), once they are stored', 'fewer');
}

export async function completeMended(bench: Bench): Promise<void> {
  const { sub, data } = await written(bench);
  let refusals = 0;
  sub.taker.onComplete = () => {
    refusals += 1;
    return refusals === 1 ? 'refuse' : 'commit';
  };
  const of = await sub.freeze();
  await sub.taker.until('getHoldings after a complete that was refused', (message) =>
    message.kind === 'getHoldings' && refusals === 1 ? true : undefined,
  );
  await sub.taker.committed(of);
  demandBlocks(sub, data);
  bench.remote.inspect('R-9');
  await completeGivenUp(bench);
}

/** A complete that is never taken is tried three times at most. */
async function completeGivenUp(bench: Bench): Promise<void> {
  const { sub } = await written(bench);
  sub.taker.onComplete = () => 'refuse';
  const of = await sub.freeze();
  for (let look = 0; look < durableLooks; look += 1) {
    await sub.take(lookUs + sub.lineUs(sub.shape.blockBytes));
    const { failed } = await sub.host.status();
    demand(sub.taker.completes <= 3, 'three completes at most', String(sub.taker.completes));
    if ((failed as number) === of) return;
  }
  throw new Finding(`generation ${of} given up: its complete is refused each time`, `${sub.taker.completes} completes`);
}

export async function numberNotUsedAgain(bench: Bench): Promise<void> {
  const { sub } = await written(bench);
  sub.taker.onRun = () => 'withhold';
  const of = await sub.freeze();
  await sub.take(300_000);
  sub.record.staging = undefined;
  sub.taker.session.post({ kind: 'abandon', generation: generation(of), code: 0, state: 'PSUE' });
  await failedAt(sub, of);
  const again = await PlayedSub.idle(bench);
  const next = await again.freeze();
  demand(next > of, `a generation after ${of}`, String(next));
  await again.taker.committed(next);
}

async function failedAt(sub: PlayedSub, of: number): Promise<void> {
  for (let look = 0; look < durableLooks; look += 1) {
    await sub.take(lookUs);
    if (((await sub.host.status()).failed as number) === of) return;
  }
  throw new Finding(`generation ${of} failed (status): the sub has given it up`, 'nothing of the kind');
}

/** What GOOD has said of is in the next difference, whenever the power goes. */
export async function changeDurable(bench: Bench): Promise<void> {
  await carried(bench, 'R-12');
  const { data } = await written(bench);
  await bench.powerCycle();
  const sub = await PlayedSub.idle(bench);
  await sub.taker.committed(await sub.freeze());
  demandBlocks(sub, data);
}

/** What counted as sent needs no content any more, after a power cut either. */
export async function sentDurable(bench: Bench): Promise<void> {
  const { of, data, before } = await partlySent(bench);
  // Its content at the freeze is at the sub alone from here on.
  await before.write(0, contents(bench, before.shape.blockBytes, 1));
  await bench.remote.probe.pause(1_000_000);
  await bench.powerCycle();
  const sub = await PlayedSub.meet(bench);
  await sub.taker.committed(of);
  demandBlocks(sub, data);
}

/** A host writes over blocks that nobody has: their content at the freeze comes all the same. */
export async function frozenKept(bench: Bench): Promise<void> {
  const { sub: before, data } = await written(bench);
  before.taker.onRun = () => 'withhold';
  const of = await before.freeze();
  await before.take(200_000 + before.lineUs(data.length));
  const newer = contents(bench, before.shape.blockBytes, count);
  const writing = before.startWrite(0, newer);
  await before.take(2_000_000 + 2 * before.lineUs(newer.length));
  if (!writing.isDone) {
    before.taker.release();
    await writing.ended;
    throw new NotRun('main lets a host write wait until the blocks under it are stored at the sub');
  }
  await bench.powerCycle();
  before.record.staging = undefined;
  const sub = await PlayedSub.meet(bench);
  await sub.taker.committed(of);
  demandBlocks(sub, data);
  await sub.unit.clearAttentions();
  await demandContent(sub.unit, 0, newer, 'what the host wrote after the freeze, at main');
}

/** A host writes over blocks that are not sent yet: what comes is their content at the freeze. */
export async function frozenSent(bench: Bench): Promise<void> {
  const { blockBytes } = (await PlayedSub.idle(bench)).shape;
  const { sub, data } = await written(bench, { runBytesMax: blockBytes, windowBytes: blockBytes });
  sub.taker.onRun = () => 'withhold';
  const of = await sub.freeze();
  await sub.take(200_000 + sub.lineUs(blockBytes));
  const writing = sub.startWrite(0, contents(bench, blockBytes, count));
  await sub.take(500_000 + sub.lineUs(data.length));
  sub.taker.onRun = () => 'store';
  sub.taker.release();
  await committed(bench, 'R-37', sub, of);
  await writing.ended;
  demandBlocks(sub, data);
}

/** An image that cannot be structured is none to send a difference to. */
export async function wholeForSpoilt(bench: Bench): Promise<void> {
  await carried(bench, 'R-27');
  const sub = await PlayedSub.idle(bench, { says: { commitDigest: spoiltDigest } });
  let isWhole = false;
  sub.taker.onComplete = () => {
    isWhole = sub.record.staging?.full === true;
    return 'commit';
  };
  await sub.taker.committed(await sub.freeze());
  demand(isWhole, 'a whole image (full in begin) for a sub that cannot structure its own', 'a difference');
}

/** Host writes that wait for their blocks, and answers in between: none is sent twice. */
export async function sentOnce(bench: Bench): Promise<void> {
  const { blockBytes: runBytesMax } = (await PlayedSub.idle(bench)).shape;
  const { sub } = await written(bench, { runBytesMax });
  sub.taker.onRun = ({ run }) => (run % 2 === 0 ? 'withhold' : 'store');
  const of = await sub.freeze();
  const { blockBytes } = sub.shape;
  for (let block = 0; block < count; block += 1) {
    const writing = sub.startWrite(block, contents(bench, blockBytes, 1));
    await sub.take(100_000);
    sub.taker.release();
    await writing.ended;
  }
  sub.taker.onRun = () => 'store';
  await committed(bench, 'R-28', sub, of);
}
