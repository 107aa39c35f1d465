/** Compressed and held runs: PROTOCOL.md, "Compressed runs" and "Held runs". */
import { deflateSync } from 'node:zlib';
import type { MessageNamed } from '../../../protocol/message/messages.js';
import { runFormsOf } from '../../../protocol/session/run-forms.js';
import type { Bench } from '../bench.js';
import { demand, NotRun } from '../finding.js';
import { messageWords } from '../frame-words.js';
import type { ImageGiver } from '../image-giver.js';
import { PlayedMain } from '../played-main.js';
import { PlayedSub } from '../played-sub.js';
import { committedImage, contents } from './replication-sub.js';

const windowBitsMax = 15;

/** A main that has a sub which takes such runs, and what it is to send. */
async function exchange(
  bench: Bench,
  forms: { readonly windowBits?: number; readonly heldRuns?: boolean },
  prepare: (sub: PlayedSub) => void = () => {},
): Promise<PlayedSub> {
  const sub = await PlayedSub.idle(bench, { forms });
  await sub.write(0, contents(bench, sub.shape.blockBytes, 12));
  prepare(sub);
  await sub.taker.committed(await sub.freeze());
  return sub;
}

const compressedRuns = ({ taker }: PlayedSub) => taker.runs.filter(({ kind }) => kind === 'compressedRun');

/** Where a main never compresses there is nothing to be looked at. */
function demandCompressed(sub: PlayedSub): void {
  if (compressedRuns(sub).length === 0) throw new NotRun('main sends no compressed run, and does not have to');
}

export async function windowKept(bench: Bench): Promise<void> {
  for (const windowBits of [0, 9, windowBitsMax]) await exchange(bench, { windowBits });
  bench.remote.inspect('R-18');
}

/** Every compressed run is held to one of the numbers as it comes. */
export async function compressedRight(bench: Bench, number: string): Promise<void> {
  const sub = await exchange(bench, { windowBits: windowBitsMax });
  bench.remote.inspect(number);
  demandCompressed(sub);
}

export async function compressedSentAgain(bench: Bench): Promise<void> {
  const refused = new Map<number, MessageNamed<'compressedRun'>>();
  const sub = await exchange(bench, { windowBits: windowBitsMax }, ({ taker }) => {
    taker.onRun = (run) => {
      if (run.kind !== 'compressedRun' || refused.has(run.first)) return 'store';
      refused.set(run.first, run);
      return 'compressed-invalid';
    };
  });
  demandCompressed(sub);
  for (const { first, run } of refused.values()) {
    const again = sub.taker.runs.find((each) => each.run > run && covers(each, first));
    demand(again?.kind === 'blockRun', `block ${first} again in a blockRun`, () =>
      again === undefined ? 'not at all' : messageWords(again),
    );
  }
}

export async function heldOnlyAnnounced(bench: Bench): Promise<void> {
  // Main names runs to a receiver of which it knows that it has an image.
  for (let times = 0; times < 2; times += 1) await exchange(bench, {});
  bench.remote.inspect('R-23');
}

export async function heldSentAgain(bench: Bench): Promise<void> {
  await exchange(bench, {});
  const sub = await exchange(bench, { heldRuns: true });
  const named = sub.taker.runs.filter(({ kind }) => kind === 'heldRun');
  if (named.length === 0) throw new NotRun('main names no run, and does not have to');
  for (const { first, run } of named) {
    const again = sub.taker.runs.some((each) => each.kind !== 'heldRun' && each.run > run && covers(each, first));
    demand(again, `the contents of block ${first}: that it is held was refused`, 'nothing of the kind');
  }
}

const covers = ({ first, count }: { readonly first: number; readonly count: number }, block: number): boolean =>
  first <= block && block < first + count;

/** A sub that takes compressed runs, and an image that has begun. */
async function compressing(bench: Bench): Promise<{ main: PlayedMain; image: ImageGiver; windowBits: number }> {
  const main = await PlayedMain.meet(bench, { windowBits: windowBitsMax });
  const { windowBits } = runFormsOf(main.session.hello?.capabilities ?? 0);
  if (windowBits === 0) throw new NotRun('the device does not announce that it takes compressed runs');
  const image = main.image();
  image.begin();
  return { main, image, windowBits };
}

export async function compressedTaken(bench: Bench): Promise<void> {
  const { main, image, windowBits } = await compressing(bench);
  const data = contents(bench, main.sub.blockBytes, Math.min(2, image.image.runBlocksMax));
  const stream = deflateSync(data, { windowBits });
  await image.refused(
    image.compressed(0, { data, stream }, { digest: Buffer.alloc(16, 0x5a) }),
    'digest-mismatch',
    'a stream of something else',
  );
  await image.stored(image.compressed(0, { data, stream }));
  await image.committed();
}

export async function wrongStreamsRefused(bench: Bench): Promise<void> {
  const { main, image, windowBits } = await compressing(bench);
  const { blockBytes, volumes } = main.sub;
  const count = Math.min(2, image.image.runBlocksMax);
  const data = contents(bench, blockBytes, count);
  const right = deflateSync(data, { windowBits });
  const otherCheck = Buffer.from(right);
  otherCheck.writeUInt8((otherCheck.at(-1) ?? 0) ^ 1, otherCheck.length - 1);
  const streams: Readonly<Record<string, Buffer>> = {
    'a stream that goes on past the last block': deflateSync(Buffer.concat([data, data]), { windowBits }),
    'a stream that ends early': deflateSync(data.subarray(0, data.length - blockBytes / 2), { windowBits }),
    'a stream that is cut off': right.subarray(0, -5),
    'a stream with a byte behind it': Buffer.concat([right, Buffer.of(0)]),
    'a stream with another Adler-32': otherCheck,
    'a stream with a dictionary': deflateSync(data, { windowBits, dictionary: Buffer.from('block') }),
    'what is no stream': Buffer.alloc(40, 0xa5),
  };
  if (windowBits < windowBitsMax) {
    Object.assign(streams, { 'a window of 2^15 bytes': deflateSync(data, { windowBits: windowBitsMax }) });
  }
  for (const [what, stream] of Object.entries(streams)) {
    await image.refused(image.compressed(0, { data, stream }), 'compressed-invalid', what);
  }
  const past = Math.floor((volumes[0] ?? 0) / blockBytes);
  await image.refused(image.compressed(past, { data, stream: right }), 'range-outside', 'blocks past the volume');
}

export async function heldTaken(bench: Bench): Promise<void> {
  const main = await PlayedMain.meet(bench, { heldRuns: true });
  if (!runFormsOf(main.session.hello?.capabilities ?? 0).heldRuns)
    throw new NotRun('the device does not announce that it takes held runs');
  const { data } = await committedImage(bench, main);
  const { blockBytes } = main.sub;
  const image = main.image();
  image.begin();
  await image.stored(image.held(0, data.subarray(0, blockBytes)));
  const other = contents(bench, blockBytes, 1);
  await image.refused(image.held(1, other), 'content-differs', 'content that the image does not have');
  await image.stored(image.blocks(1, other));
  await image.committed();
}
