/** What a sub makes of what a main says to it: the suite is the main. */
import { generation as generationOf } from '../../../protocol/ids.js';
import { encodeMessage, type Message, priorityOf } from '../../../protocol/message/messages.js';
import { refusals } from '../../../protocol/refusals.js';
import type { Bench } from '../bench.js';
import { CarriedBlocks, type HeldChunk } from '../carried.js';
import { demand, NotRun } from '../finding.js';
import { messageWords } from '../frame-words.js';
import type { ImageGiver } from '../image-giver.js';
import { demandContent } from '../medium.js';
import { PlayedMain } from '../played-main.js';
import { ProbeUnit } from '../probe-unit.js';
import { withMessageCheck } from '../stray.js';

/** The first number that a generation or an epoch may not have. */
export const pastNumbers = 2 ** 31;

/** How often and how long a sub is looked at until it has dropped something durably. */
const looksMax = 40;
const lookUs = 50_000;
/** Long enough for anything that a sub does at once, in microseconds. */
const atOnceUs = 300_000;

/** Contents of so many blocks, unlike any of before; they can be compressed. */
export function contents(bench: Bench, blockBytes: number, count: number): Buffer {
  const name = Buffer.from(bench.fresh(4)).toString('hex');
  return Buffer.concat(Array.from({ length: count }, (_, index) => Buffer.alloc(blockBytes, `${name} ${index}. `)));
}

/** An image of two runs of blocks and one of zeros, all of it stored. */
async function stored(bench: Bench, main: PlayedMain): Promise<{ readonly image: ImageGiver; readonly data: Buffer }> {
  const image = main.image();
  const data = contents(bench, main.sub.blockBytes, 3);
  image.begin();
  const runs = [...(await image.runs(0, data.subarray(0, 2 * main.sub.blockBytes))), image.zeros(2, 2)];
  runs.push(image.blocks(4, data.subarray(2 * main.sub.blockBytes)));
  await image.stored(...runs);
  return { image, data };
}

export async function pairingAnswered(bench: Bench): Promise<void> {
  const main = await PlayedMain.meet(bench);
  for (const answer of [main.sub, await main.pair()]) {
    const { pair, takenOver, blockBytes } = answer;
    const isRight = Buffer.compare(pair, main.own.pair) === 0 && blockBytes === main.own.blockBytes && !takenOver;
    demand(isRight, `pairing of pair ${Buffer.from(main.own.pair).toString('hex')}`, () => messageWords(answer));
  }
}

export async function numbersRefused(bench: Bench): Promise<void> {
  const main = await PlayedMain.meet(bench);
  const { image } = await stored(bench, main);
  const before = (await main.pair()).receiving;
  const begin = encodeMessage({ ...beginOf(image) });
  // Behind tag and epoch.
  const past = Buffer.from(begin);
  past.writeUInt32LE(pastNumbers, 6);
  await main.session.sendEncoded(withMessageCheck(past), priorityOf('begin'));
  await bench.remote.probe.pause(atOnceUs);
  const after = (await main.pair()).receiving;
  demand(after === before, `generation ${before} being received still`, `generation ${after}`);
}

function beginOf({ image }: ImageGiver): Extract<Message, { kind: 'begin' }> {
  const { epoch, generation, base, full, state } = image;
  return { kind: 'begin', epoch, generation, base, full, state } as Extract<Message, { kind: 'begin' }>;
}

export async function otherBaseAbandoned(bench: Bench): Promise<void> {
  const main = await PlayedMain.meet(bench);
  const { image } = await committedImage(bench, main);
  image.begin();
  const isIt = (each: Message) => each.kind === 'committed' && (each.generation as number) === image.image.generation;
  const { session } = main;
  const from = session.messages.length;
  await bench.remote.probe.need('committed for a begin of what is committed', () =>
    session.messages.slice(from).find(isIt),
  );
  main.sub = await main.pair();
  const next = main.image();
  next.begin({ base: generationOf(next.image.base + 5), full: false });
  await session.next('abandon', ({ generation }) => (generation as number) === next.image.generation);
}

export async function runsByName(bench: Bench): Promise<void> {
  const main = await PlayedMain.meet(bench);
  const image = main.image();
  const { blockBytes } = main.sub;
  image.begin();
  const numbers = [900, 7, 40];
  for (const [block, run] of numbers.entries()) image.blocks(block, contents(bench, blockBytes, 1), { run });
  await image.stored(...numbers);
  await bench.remote.probe.pause(atOnceUs);
  for (const run of numbers) demand(image.answers(run).length === 1, `run ${run} named once`, 'more than one answer');
  const named = main.session.messages.flatMap((each) => (each.kind === 'stored' ? each.runs : []));
  const strange = named.filter((run) => !numbers.includes(run));
  demand(strange.length === 0, `no runs but ${numbers.join(', ')}`, strange.join(', '));
}

export async function wrongDigestRefused(bench: Bench): Promise<void> {
  const main = await PlayedMain.meet(bench);
  const image = main.image();
  const data = contents(bench, main.sub.blockBytes, Math.min(2, image.image.runBlocksMax));
  image.begin();
  const digest = Buffer.alloc(16, 0x5a);
  await image.refused(image.blocks(0, data, { digest }), 'digest-mismatch', 'a run with the digest of something else');
  await image.stored(image.blocks(0, data));
  await image.committed();
}

export async function otherRunsDropped(bench: Bench): Promise<void> {
  const main = await PlayedMain.meet(bench);
  const image = main.image();
  const { blockBytes } = main.sub;
  image.begin();
  const other = generationOf(image.image.generation + 3);
  const stray = image.blocks(9, contents(bench, blockBytes, 1), { generation: other, run: 77 });
  const right = image.blocks(1, contents(bench, blockBytes, 1));
  await image.stored(right);
  await bench.remote.probe.pause(atOnceUs);
  const answers = image.answers(stray);
  demand(answers.length === 0, 'no answer to a run of another generation', () => answers.map(messageWords).join('; '));
  const held = (await image.holdings()).flatMap(({ chunks }) => chunks);
  demand((held[0]?.held[1] ?? 0) === 0, 'nothing of it in the holdings', 'block 9 is held');
}

export async function holdingsNamed(bench: Bench): Promise<void> {
  const main = await PlayedMain.meet(bench);
  const { image } = await stored(bench, main);
  demandHoldings(await image.holdings(), image.carried);
  const again = (await PlayedMain.meet(bench)).again(image);
  again.begin();
  demandHoldings(await again.holdings(), image.carried);
}

type Holdings = readonly { readonly volume: number; readonly chunks: readonly HeldChunk[] }[];

function heldWords(parts: Holdings): string {
  const chunks = parts.flatMap(({ volume, chunks: ofVolume }) => (volume === 0 ? ofVolume : []));
  return chunks.map(({ chunk, held, digest }) => `${chunk}: ${hex(held)} with digest ${hex(digest)}`).join('; ');
}

function demandHoldings(parts: Holdings, carried: CarriedBlocks): void {
  const expected = heldWords([{ volume: 0, chunks: carried.chunks(0) }]);
  const found = heldWords(parts);
  demand(found === expected, `holdings of volume 0 ${expected || 'none'}`, found || 'none');
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export async function completeHeld(bench: Bench): Promise<void> {
  const main = await PlayedMain.meet(bench);
  const { image } = await stored(bench, main);
  const { blocks, digest } = image.carried.summary();
  const wrong = { digest: digest.map((byte) => byte ^ 1) };
  for (const changes of [{ blocks: blocks + 1 }, wrong]) {
    const answer = await image.completed(changes);
    demand(answer.kind === 'completeRefused', 'completeRefused for what does not agree', () => messageWords(answer));
  }
  await image.committed();
  await image.committed();
  await image.structured();
}

/** An image that was carried to its end; the main knows of it. */
export async function committedImage(
  bench: Bench,
  main: PlayedMain,
): Promise<{ readonly image: ImageGiver; readonly data: Buffer }> {
  const given = await stored(bench, main);
  await given.image.committed();
  await given.image.structured();
  main.sub = await main.pair();
  return given;
}

/** The digest of a generation, zeros and all: a sub that makes it otherwise does not commit. */
export async function generationDigestAgreed(bench: Bench): Promise<void> {
  await committedImage(bench, await PlayedMain.meet(bench));
}

export async function abandonedDropped(bench: Bench): Promise<void> {
  const main = await PlayedMain.meet(bench);
  const { image } = await stored(bench, main);
  const { generation } = image.image;
  main.session.post({ kind: 'abandon', generation: generationOf(generation), code: 0, state: 'PSUE' });
  let held = await image.holdings();
  for (let looks = 0; looks < looksMax && heldWords(held) !== ''; looks += 1) {
    await bench.remote.probe.pause(lookUs);
    held = await image.holdings();
  }
  demandHoldings(held, new CarriedBlocks());
  const { receiving } = await main.pair();
  demand(receiving === 0, 'no generation being received', `generation ${receiving}`);
  image.begin({ full: true });
  const run = image.blocks(0, contents(bench, main.sub.blockBytes, 1));
  await bench.remote.probe.pause(atOnceUs);
  const isStored = image.answers(run).some(({ kind }) => kind === 'stored');
  demand(!isStored, `nothing stored of generation ${generation}, which was given up`, `run ${run} stored`);
}

/** What was said to be stored is there after a power cut, and becomes the image. */
export async function storedDurable(bench: Bench): Promise<void> {
  const { image, data } = await stored(bench, await PlayedMain.meet(bench));
  await bench.powerCycle();
  const main = await PlayedMain.meet(bench);
  const again = main.again(image);
  again.begin();
  demandHoldings(await again.holdings(), image.carried);
  const answer = await again.completed(image.carried.summary());
  demand(answer.kind === 'committed', 'committed: all of it was stored', () => messageWords(answer));
  await again.structured();
  await demandImage(main, data);
}

export async function commitDurable(bench: Bench): Promise<void> {
  const { image } = await stored(bench, await PlayedMain.meet(bench));
  await image.committed();
  await bench.powerCycle();
  const { sub } = await PlayedMain.meet(bench);
  const { generation } = image.image;
  const isThere = (sub.committed as number) === generation;
  demand(isThere, `committed ${generation} after a power cut`, `committed ${sub.committed}`);
  const { digest } = image.carried.summary();
  demand(hex(sub.commitDigest) === hex(digest), `its digest ${hex(digest)}`, hex(sub.commitDigest));
}

/** The image is whole whenever the power goes: while it is being structured, and when that has ended. */
export async function structuringDurable(bench: Bench): Promise<void> {
  for (const waits of [false, true]) {
    const { image, data } = await stored(bench, await PlayedMain.meet(bench));
    await image.committed();
    if (waits) await image.structured();
    await bench.powerCycle();
    await demandImage(await PlayedMain.meet(bench), data);
  }
}

/** What the host of the sub reads is what `stored` has sent. */
async function demandImage({ host, sub }: PlayedMain, data: Buffer): Promise<void> {
  const unit = new ProbeUnit(host.session);
  await unit.clearAttentions();
  await demandContent(unit, 0, wholeImage(data, sub.blockBytes), 'the image that was committed');
}

/** The blocks that `stored` has sent, and the zeros among them. */
export function wholeImage(data: Buffer, blockBytes: number): Buffer {
  const two = 2 * blockBytes;
  return Buffer.concat([data.subarray(0, two), Buffer.alloc(two), data.subarray(two)]);
}

/** The largest staging area that is filled, in bytes. */
const filledBytesMax = 16 * 2 ** 20;

/** Staging of which the image before has a part takes another as soon as that is in its place; one that is too large, never. */
export async function roomAwaited(bench: Bench): Promise<void> {
  const main = await PlayedMain.meet(bench);
  const { blockBytes, volumes } = main.sub;
  const { shadowSlots: slots } = await main.host.status();
  if (slots * blockBytes > filledBytesMax || volumes.length > 1)
    throw new NotRun(`staging takes ${slots} blocks, too many to be filled: make it smaller`);
  if (slots >= (volumes[0] ?? 0) / blockBytes) throw new NotRun('staging is as large as the volume: make it smaller');
  for (let times = 0; times < 2; times += 1) {
    const image = main.image();
    image.begin();
    await image.stored(...(await filled(bench, image, slots)));
    await image.committed();
    main.sub = await main.pair();
  }
  const tooLarge = main.image();
  tooLarge.begin();
  await filled(bench, tooLarge, slots + 1);
  const given = await tooLarge.abandoned();
  const isRight = given.code === refusals['staging-full'].number;
  demand(isRight, `abandon with ${refusals['staging-full'].number} (staging-full)`, () => messageWords(given));
}

/** Sends so many blocks, each in a run of its own; gives the numbers of the runs. */
function filled(bench: Bench, image: ImageGiver, count: number): Promise<number[]> {
  return image.runs(0, contents(bench, image.image.blockBytes, count), 1);
}
