/** A failback: the conversation of a replication with the roles exchanged, and what is before and behind it. */
import { epoch, generation } from '../../../protocol/ids.js';
import type { Message, MessageNamed } from '../../../protocol/message/messages.js';
import { refusalByNumber } from '../../../protocol/refusals.js';
import type { Bench } from '../bench.js';
import { chunkBlocks, hasBit } from '../carried.js';
import { mainPhaseOf } from '../controller.js';
import { demand, Finding } from '../finding.js';
import { ImageGiver } from '../image-giver.js';
import { demandContent } from '../medium.js';
import { progressOf } from '../played-main.js';
import { PlayedSub } from '../played-sub.js';
import { contents } from './replication-sub.js';

/** The block that main has changed since the common image, and the one that the sub has. */
export const changedAtMain = 1;
export const changedAtSub = 5;
const request = 4711;
const lookUs = 50_000;
const looks = 100;

/** The suite has taken over from main, and gives the image back. */
export async function failedBackToMain(bench: Bench): Promise<void> {
  const before = await PlayedSub.idle(bench);
  const { blockBytes } = before.shape;
  await before.write(0, contents(bench, blockBytes, 2));
  await before.taker.committed(await before.freeze());
  await before.write(changedAtMain, contents(bench, blockBytes, 1));
  const sub = await takenOver(bench);
  demandChanged(await difference(sub), changedAtMain);
  await givenBack(bench, sub, [changedAtMain, changedAtSub]);
  await sub.write(0, contents(bench, blockBytes, 1));
}

/** The suite commits, takes over, and says both in one pairing: the generation has not failed. */
export async function committedBeforeTakeover(bench: Bench): Promise<void> {
  const before = await PlayedSub.idle(bench);
  await before.write(0, contents(bench, before.shape.blockBytes, 1));
  before.taker.onComplete = () => 'keep';
  const of = await before.freeze();
  await before.taker.committed(of);
  const sub = await takenOver(bench);
  const waiting = { kind: 'wait', generation: generation(of), target: 'committed' } as const;
  const waited = await sub.host.accepted(waiting, 'waited');
  // Main is main again first, whatever it has answered.
  await difference(sub);
  await givenBack(bench, sub, [changedAtSub]);
  const why = refusalByNumber(waited.reason) ?? String(waited.reason);
  demand(waited.reason === 0, `a wait for generation ${of} that ends without a reason`, why);
}

/** Gives these blocks of volume 0 back, and main the right to write. */
async function givenBack(bench: Bench, sub: PlayedSub, blocks: readonly number[]): Promise<void> {
  const { record, shape } = sub;
  const { blockBytes } = shape;
  const next = ((await sub.host.status()).frozen as number) + 1;
  const numbers = { generation: next, base: record.committed, epoch: record.epoch };
  const takes = { runBlocksMax: 1, windowBytes: blockBytes * 2 };
  const given = { blockBytes, ...numbers, ...takes, state: 'SSWS', full: false } as const;
  const image = new ImageGiver(sub.taker.session, given, { last: 0 }, () => progressOf(sub.host));
  const parts = blocks.map((block) => ({ block, data: contents(bench, blockBytes, 1) }));
  image.begin();
  await image.stored(...parts.map(({ block, data }) => image.blocks(block, data)));
  await image.committed();
  await image.structured();
  sub.says = {};
  Object.assign(record, { committed: next, digest: image.carried.summary().digest, image: image.carried });
  const ends = { epoch: epoch(record.epoch), generation: generation(next) };
  sub.taker.session.post({ kind: 'failbackDone', ...ends });
  await mainAgain(sub);
  for (const { block, data } of parts)
    await demandContent(sub.unit, (block * blockBytes) / 512, data, `block ${block} as the sub gave it back`);
}

/** The suite says that it has taken over, until main knows. */
async function takenOver(bench: Bench): Promise<PlayedSub> {
  bench.records.sub.epoch += 1;
  const sub = await PlayedSub.meet(bench, { says: { takenOver: true, state: 'SSWS' } });
  for (let look = 0; look < looks; look += 1) {
    if (mainPhaseOf(await sub.host.status()) === 'taken over') return sub;
    await sub.take(lookUs);
  }
  const { pairState, reason } = await sub.host.status();
  const came = `${pairState}, reason ${refusalByNumber(reason) ?? (reason === 0 ? 'none' : reason)}`;
  throw new Finding('PSUE, reason taken-over, in its status: the sub’s epoch is the newer one', came);
}

/** What main says that differs there. */
async function difference(sub: PlayedSub): Promise<readonly MessageNamed<'failbackDifference'>[]> {
  const { session, record } = sub.taker;
  const ask = { epoch: epoch(record.epoch), committed: generation(record.committed), discard: true };
  const before = session.messages.length;
  session.post({ kind: 'failbackAsk', request, ...ask });
  const isPart = (each: Message): each is MessageNamed<'failbackDifference'> =>
    each.kind === 'failbackDifference' && each.request === request;
  await session.next('failbackDifference', ({ last }) => last, 10_000_000);
  const since = session.messages.slice(before);
  const isPaired = since.slice(0, since.findIndex(isPart)).some(({ kind }) => kind === 'pairing');
  demand(isPaired, 'pairing before failbackDifference: the image is numbered above all that it names', 'none');
  return since.filter(isPart);
}

function demandChanged(parts: readonly MessageNamed<'failbackDifference'>[], block: number): void {
  const chunks = parts.flatMap(({ volume, chunks }) => ((volume as number) === 0 ? chunks : []));
  const chunk = chunks.find((each) => each.chunk === Math.floor(block / chunkBlocks));
  const isThere = chunk !== undefined && hasBit(chunk.blocks, block % chunkBlocks);
  demand(isThere, `block ${block}, which a host wrote since the common image`, 'a difference without it');
}

async function mainAgain(sub: PlayedSub): Promise<void> {
  for (let look = 0; look < looks; look += 1) {
    if (mainPhaseOf(await sub.host.status()) === 'idle') return;
    await sub.take(lookUs);
  }
  throw new Finding('a main that takes host writes again, after failbackDone', 'none');
}
