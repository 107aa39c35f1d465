/** Which image a sub shows to its host, and what it takes for the next: the suite is the main, and the host. */
import { epoch, generation } from '../../../protocol/ids.js';
import type { MessageNamed } from '../../../protocol/message/messages.js';
import type { Bench } from '../bench.js';
import { demand } from '../finding.js';
import type { ImageGiver } from '../image-giver.js';
import { demandContent } from '../medium.js';
import { PlayedMain } from '../played-main.js';
import { ProbeUnit } from '../probe-unit.js';
import { bitsPerByte } from '../wire.js';
import { committedImage, contents, wholeImage } from './replication-sub.js';

/** An image so large that it is not in its place at once: blocks and bytes at most, and seconds on the line. */
const largeBlocks = 512;
const largeBytes = 2 ** 21;
const largeSeconds = 10;
/** What an image of the suite has anyway, in blocks. */
const usualBlocks = 5;
/** Long enough for anything that a sub does at once, in microseconds. */
const atOnceUs = 300_000;

export async function unitOf({ host }: PlayedMain): Promise<ProbeUnit> {
  const unit = new ProbeUnit(host.session);
  await unit.clearAttentions();
  return unit;
}

/** How many blocks a large image has that fits staging, the volume and the line. */
async function largeCount({ remote }: Bench, { host, sub }: PlayedMain): Promise<number> {
  const { shadowSlotsFree } = await host.status();
  const { blockBytes, volumes } = sub;
  const { baud } = remote.wire;
  const onLine = baud === undefined ? largeBlocks : Math.floor((baud * largeSeconds) / bitsPerByte / blockBytes);
  const slots = Math.floor(shadowSlotsFree / volumes.length);
  const room = Math.min(largeBlocks, Math.floor(largeBytes / blockBytes), slots, (volumes[0] ?? 0) / blockBytes);
  return Math.min(room, Math.max(usualBlocks, onLine));
}

/** A host sees the image of before as long as the next is being received, and the next as soon as it is committed. */
export async function oneWholeImage(bench: Bench): Promise<void> {
  const main = await PlayedMain.meet(bench);
  const { data } = await committedImage(bench, main);
  const { blockBytes } = main.sub;
  const unit = await unitOf(main);
  const count = await largeCount(bench, main);
  const next = main.image();
  const fresh = contents(bench, blockBytes, count);
  next.begin();
  await next.stored(...(await next.runs(0, fresh, 2)));
  await demandContent(unit, 0, wholeImage(data, blockBytes), 'the committed image: the next one is only stored');
  await next.committed();
  // In no order in which an image is brought to its place: wherever that has got to, the image is whole.
  for (const block of [count - 1, 0, count >>> 1]) {
    const expected = fresh.subarray(block * blockBytes, (block + 1) * blockBytes);
    await demandContent(unit, (block * blockBytes) / 512, expected, `block ${block} of what has just been committed`);
  }
  await next.structured();
  await demandContent(unit, 0, fresh, 'the image once it is structured');
}

export async function unsentZero(bench: Bench): Promise<void> {
  const main = await PlayedMain.meet(bench);
  await committedImage(bench, main);
  const { blockBytes } = main.sub;
  const unit = await unitOf(main);
  const next = main.image();
  const fresh = contents(bench, blockBytes, 1);
  next.begin({ full: true });
  await next.stored(next.blocks(1, fresh));
  await next.committed();
  const zeros = Buffer.alloc((usualBlocks - 2) * blockBytes);
  const whole = Buffer.concat([zeros.subarray(0, blockBytes), fresh, zeros]);
  await demandContent(unit, 0, whole, 'a full image: zeros wherever nothing was sent');
  await next.structured();
  await demandContent(unit, 0, whole, 'a full image once it is structured: zeros wherever nothing was sent');
}

export async function structuredLast(bench: Bench): Promise<void> {
  const main = await PlayedMain.meet(bench);
  await committedImage(bench, main);
  const { blockBytes } = main.sub;
  const unit = await unitOf(main);
  const next = main.image();
  const fresh = contents(bench, blockBytes, 1);
  next.begin();
  await next.stored(next.zeros(0, 2), next.blocks(4, fresh));
  await next.committed();
  await next.structured();
  const said = next.session.messages.flatMap((each) =>
    (each.kind === 'committed' || each.kind === 'structured') && (each.generation as number) === next.image.generation
      ? [each.kind]
      : [],
  );
  demand(said[0] === 'committed', 'committed before structured', said.join(', '));
  const whole = Buffer.concat([Buffer.alloc(4 * blockBytes), fresh]);
  await demandContent(unit, 0, whole, 'zeros where zeros were sent, once the image is structured');
}

/** Sends the beginning of an image that is none of this pair, epoch or order, and a run of it: nothing may come of it. */
async function demandNotTaken(
  bench: Bench,
  image: ImageGiver,
  what: string,
  changes: Partial<MessageNamed<'begin'>> = {},
): Promise<void> {
  const of = changes.generation ?? generation(image.image.generation);
  image.begin({ full: true, ...changes });
  const run = image.blocks(0, contents(bench, image.image.blockBytes, 1), { generation: of });
  await bench.remote.probe.pause(atOnceUs);
  const stored = image.answers(run).some(({ kind }) => kind === 'stored');
  demand(!stored, `nothing stored of ${what}`, `run ${run} of generation ${of} stored`);
}

export async function otherNumbersNotTaken(bench: Bench): Promise<void> {
  const main = await PlayedMain.meet(bench);
  for (let times = 0; times < 2; times += 1) await committedImage(bench, main);
  const { committed, epoch: now } = main.sub;
  const image = main.image();
  for (const other of [now + 1, now - 1]) {
    await demandNotTaken(bench, image, `an image of epoch ${other} in epoch ${now}`, { epoch: epoch(other) });
  }
  const below = generation(committed - 1);
  await demandNotTaken(bench, image, `generation ${below} once ${committed} is committed`, { generation: below });
  const after = await main.pair();
  demand(after.committed === committed, `committed ${committed} still`, String(after.committed));
  demand(after.receiving === 0, 'no generation being received', `generation ${after.receiving}`);
}

export async function foreignNotTaken(bench: Bench): Promise<void> {
  await committedImage(bench, await PlayedMain.meet(bench));
  const main = await PlayedMain.meet(bench);
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  const own = hex(main.own.pair);
  const answer = await main.pair({ pair: bench.fresh(16) });
  demand(hex(answer.pair) === own, `its own pair ${own} to a main of another`, hex(answer.pair));
  await demandNotTaken(bench, main.image(), 'an image of another pair');
  const kept = await main.host.status();
  demand(hex(kept.pair) === own, `pair ${own} in status`, hex(kept.pair));
}
