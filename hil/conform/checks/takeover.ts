/** Taking over from the suite and giving back to it, and what is durable of that: the suite is the main, and the host. */
import { generation, volumeNumber } from '../../../protocol/ids.js';
import type { MessageNamed } from '../../../protocol/message/messages.js';
import { refusals } from '../../../protocol/refusals.js';
import type { Bench } from '../bench.js';
import { chunkBlocks, setBit } from '../carried.js';
import { answerWords, recoveredController } from '../controller.js';
import { demand } from '../finding.js';
import { messageWords } from '../frame-words.js';
import { ImageTaker } from '../image-taker.js';
import { demandContent, write } from '../medium.js';
import { generousRuns, PlayedMain } from '../played-main.js';
import { changedAtMain, changedAtSub } from './failback.js';
import { committedImage, contents, wholeImage } from './replication-sub.js';
import { unitOf } from './sub-image.js';

type Pairing = MessageNamed<'pairing'>;

/** Long enough for an answer that is given at once, in microseconds. */
const atOnceUs = 500_000;

/** Has the sub take over; gives what it tells its main of that. */
async function takeOver({ session, host, own }: PlayedMain): Promise<Pairing> {
  const from = session.messages.length;
  await host.accepted({ kind: 'takeover', force: true }, 'done');
  const told = await session.link.probe.need('pairing, unasked, after a takeover', () =>
    session.messages.slice(from).find((each): each is Pairing => each.kind === 'pairing'),
  );
  demand(told.takenOver && told.epoch === own.epoch + 1, 'takenOver with an epoch one higher', () =>
    messageWords(told),
  );
  return told;
}

/** Has the sub give back what it has taken over, and takes it; gives what the suite holds then. */
async function giveBack({ session, host }: PlayedMain, told: Pairing): Promise<ImageTaker> {
  const { pair, epoch: now, committed, commitDigest: digest, blockBytes } = told;
  const record = { pair, epoch: now as number, committed: committed as number, digest };
  const taker = new ImageTaker(
    session,
    { ...record, image: undefined, staging: undefined },
    { blockBytes, ...generousRuns, forms: {} },
  );
  host.send({ kind: 'failback', discard: true });
  const ask = await taker.until('failbackAsk', (message) => (message.kind === 'failbackAsk' ? message : undefined));
  demand(ask.committed === committed, `committed ${committed} in failbackAsk`, String(ask.committed));
  const blocks = new Uint8Array(chunkBlocks / 8);
  setBit(blocks, changedAtMain);
  const part = { request: ask.request, volume: volumeNumber(0), chunks: [{ chunk: 0, blocks }], last: true };
  session.post({ kind: 'failbackDifference', ...part });
  const done = await taker.until('failbackDone once the image is structured', (message) =>
    message.kind === 'failbackDone' ? message : undefined,
  );
  const { committed: of } = taker.record;
  demand((done.generation as number) === of, `failbackDone of generation ${of}`, () => messageWords(done));
  return taker;
}

/** The sub has taken over from the suite, and gives the image back. */
export async function failedBackBySub(bench: Bench): Promise<void> {
  const main = await PlayedMain.meet(bench);
  const { image } = await committedImage(bench, main);
  const { blockBytes } = main.sub;
  const told = await takeOver(main);
  const committed = image.image.generation;
  demand((told.committed as number) === committed, `committed ${committed} after the takeover`, () =>
    messageWords(told),
  );
  await write(await unitOf(main), (changedAtSub * blockBytes) / 512, contents(bench, blockBytes, 1));
  const { image: given } = (await giveBack(main, told)).record;
  for (const block of [changedAtMain, changedAtSub]) {
    demand(given?.digestOf(0, block) !== undefined, `block ${block} in what is given back`, 'not there');
  }
}

export async function givingBackDurable(bench: Bench): Promise<void> {
  const main = await PlayedMain.meet(bench);
  await committedImage(bench, main);
  await demandGivenBack(bench, await giveBack(main, await takeOver(main)));
}

async function demandGivenBack(bench: Bench, { record }: ImageTaker): Promise<void> {
  await bench.powerCycle();
  const { pairState, committed } = await (await recoveredController(bench)).status();
  const isBack = pairState !== 'SSWS' && (committed as number) === record.committed;
  const expected = `generation ${record.committed} given back, after a power cut too`;
  demand(isBack, expected, `${pairState}, committed ${committed}`);
}

/** What has half arrived is no part of what hosts go on from. */
export async function takenOverWhole(bench: Bench): Promise<void> {
  const main = await PlayedMain.meet(bench);
  const { data } = await committedImage(bench, main);
  const { blockBytes } = main.sub;
  const next = main.image();
  next.begin();
  await next.stored(...(await next.runs(0, contents(bench, blockBytes, 2))));
  const told = await takeOver(main);
  try {
    const whole = wholeImage(data, blockBytes);
    await demandContent(await unitOf(main), 0, whole, 'the committed image after a takeover, and nothing of the next');
  } finally {
    await giveBack(main, told);
  }
}

export async function takeoverDurable(bench: Bench): Promise<void> {
  const before = await PlayedMain.meet(bench);
  await committedImage(bench, before);
  const told = await takeOver(before);
  await bench.powerCycle();
  const { pairState, epoch: now } = await (await recoveredController(bench)).status();
  const isThere = pairState === 'SSWS' && now === told.epoch;
  demand(isThere, `SSWS in epoch ${told.epoch} after a power cut`, `${pairState} in epoch ${now}`);
  const main = await PlayedMain.meetTakenOver(bench);
  // The next power cut must not take it back.
  await demandGivenBack(bench, await giveBack(main, main.sub));
}

/** A main that is there, and not suspended: hosts go on at it. */
export async function healthyRefused(bench: Bench): Promise<void> {
  await committedImage(bench, await PlayedMain.meet(bench));
  const main = await PlayedMain.meet(bench);
  const answer = await main.host.ask({ kind: 'takeover', force: false });
  if (answer.kind === 'done') await giveBack(main, await main.pair());
  const { number } = refusals['pair-healthy'];
  const isRight = answer.kind === 'refused' && answer.code === number;
  demand(isRight, `a takeover of a healthy pair refused with ${number} (pair-healthy)`, () => answerWords(answer));
}

/** A wait for what is not committed stays open, and is answered when it is. */
export async function waitStaysOpen(bench: Bench): Promise<void> {
  const main = await PlayedMain.meet(bench);
  await committedImage(bench, main);
  const next = main.image();
  next.begin();
  await next.stored(next.blocks(0, contents(bench, main.sub.blockBytes, 1)));
  const of = generation(next.image.generation);
  const request = main.host.send({ kind: 'wait', generation: of, target: 'committed' });
  await bench.probe.pause(atOnceUs);
  const early = main.host.session.messages.find((each) => 'request' in each && each.request === request);
  demand(early === undefined, `no answer to a wait for generation ${of}, which is not committed`, () =>
    early === undefined ? '' : answerWords(early),
  );
  await next.committed();
  const waited = await main.host.answer(request);
  const isRight = waited.kind === 'waited' && waited.generation === of && waited.reason === 0;
  demand(isRight, `waited for generation ${of} without a reason, once it is committed`, () => answerWords(waited));
}
