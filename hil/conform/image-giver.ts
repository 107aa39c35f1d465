/** The suite as the side that sends an image: one message at a time, right unless a check says otherwise. */
import { contentDigests, digestsAt, runDigest, zeroDigest } from '../../protocol/digest.js';
import { blockNumber, epoch, generation, type PairState, volumeNumber } from '../../protocol/ids.js';
import { digestBytes, type Message, type MessageNamed } from '../../protocol/message/messages.js';
import { type RefusalCode, refusalByNumber, refusals } from '../../protocol/refusals.js';
import { CarriedBlocks } from './carried.js';
import { demand } from './finding.js';
import { messageWords } from './frame-words.js';
import type { ProbeSession } from './probe-session.js';

/** What the image is a part of. */
export interface GivenImage {
  readonly blockBytes: number;
  readonly epoch: number;
  /** The pair state of the suite. */
  readonly state: PairState;
  readonly generation: number;
  /** The committed generation of the receiver. */
  readonly base: number;
  readonly full: boolean;
  /** The most blocks that the receiver takes in a run. */
  readonly runBlocksMax: number;
  /** How many bytes of blocks it lets be unanswered. */
  readonly windowBytes: number;
}

type Run = MessageNamed<'blockRun' | 'compressedRun' | 'heldRun' | 'zeroRun'>;

/** How long a receiver may take to make something durable, in microseconds. */
const durableUs = 10_000_000;
/** From here on a receiver is asked whether it gets on, so that it is not asked where it is fast. */
const soonUs = 2_000_000;
/** How long it may stand still while an image has yet to be structured. */
const standstillUs = 120_000_000;

/** What a receiver has come to with what it holds, in words of which only the difference counts. */
export type Progress = () => Promise<string>;

/** Numbers of the runs of a session, whatever image they are of. */
export interface RunNumbers {
  last: number;
}

export class ImageGiver {
  readonly session: ProbeSession;
  readonly image: GivenImage;
  /** What was given, refused runs left out. */
  readonly carried = new CarriedBlocks();
  readonly #numbers: RunNumbers;
  readonly #progress: Progress;

  constructor(session: ProbeSession, image: GivenImage, numbers: RunNumbers, progress: Progress) {
    this.#progress = progress;
    this.session = session;
    this.image = image;
    this.#numbers = numbers;
  }

  /** Says what follows. */
  begin(changes: Partial<MessageNamed<'begin'>> = {}): void {
    const { epoch: now, generation: of, base, full, state } = this.image;
    const numbers = { epoch: epoch(now), generation: generation(of), base: generation(base) };
    this.#send({ kind: 'begin', ...numbers, full, state, ...changes });
  }

  /** Sends blocks of volume 0 with their contents; gives the number of the run. */
  blocks(first: number, data: Uint8Array, changes: Partial<MessageNamed<'blockRun'>> = {}): number {
    const digests = this.#note(first, data);
    return this.#named('blockRun', first, digests, { data, ...changes });
  }

  /** Sends them in runs that the receiver takes, no more than its window at once; gives their numbers. */
  async runs(first: number, data: Uint8Array, runBlocks = this.image.runBlocksMax): Promise<number[]> {
    const { blockBytes, windowBytes } = this.image;
    const runBytes = Math.min(runBlocks, this.image.runBlocksMax) * blockBytes;
    const inWindow = Math.max(1, Math.floor(windowBytes / runBytes));
    const runs: number[] = [];
    for (let at = 0; at < data.length; at += runBytes) {
      const oldest = runs[runs.length - inWindow];
      if (oldest !== undefined) await this.stored(oldest);
      runs.push(this.blocks(first + at / blockBytes, data.subarray(at, at + runBytes)));
    }
    return runs;
  }

  /** Sends them as this zlib stream. */
  compressed(
    first: number,
    { data, stream }: { readonly data: Uint8Array; readonly stream: Uint8Array },
    changes: Partial<MessageNamed<'compressedRun'>> = {},
  ): number {
    const digests = this.#note(first, data);
    return this.#named('compressedRun', first, digests, { data: stream, ...changes });
  }

  /** Names them by the digests of these contents. */
  held(first: number, data: Uint8Array): number {
    return this.#named('heldRun', first, this.#note(first, data), {});
  }

  zeros(first: number, count: number): number {
    for (let block = first; block < first + count; block += 1) this.carried.set(0, block, zeroDigest);
    const place = { volume: volumeNumber(0), first: blockNumber(first), count };
    return this.#numbered({ kind: 'zeroRun', run: 0, generation: generation(this.image.generation), ...place });
  }

  /** Says that this was all. */
  complete(changes: Partial<MessageNamed<'complete'>> = {}): void {
    const of = generation(this.image.generation);
    this.#send({ kind: 'complete', generation: of, ...this.carried.summary(), ...changes });
  }

  /** Resolves once all these runs are stored. */
  async stored(...runs: readonly number[]): Promise<void> {
    for (const run of runs) {
      const answer = await this.#answer(run);
      demand(answer.kind === 'stored', `run ${run} stored`, () => messageWords(answer));
    }
  }

  /** Resolves once this run is refused with this code. */
  async refused(run: number, code: RefusalCode, what: string): Promise<void> {
    const answer = await this.#answer(run);
    const isRight = answer.kind === 'runRefused' && answer.code === refusals[code].number;
    demand(isRight, `runRefused with ${refusals[code].number} (${code}) for ${what}`, () => refusalWords(answer));
  }

  /** Asks what staging holds; gives the chunks of each part of the answer. */
  async holdings(of = this.image.generation): Promise<readonly MessageNamed<'holdings'>[]> {
    const from = this.session.messages.length;
    this.#send({ kind: 'getHoldings', generation: generation(of) });
    const parts = () =>
      this.session.messages.slice(from).filter((each): each is MessageNamed<'holdings'> => each.kind === 'holdings');
    const { probe } = this.session.link;
    await probe.need('holdings, the last part marked', () => parts().find(({ last }) => last), durableUs);
    return parts();
  }

  /** Says that it was all; resolves with the answer. */
  async completed(changes: Partial<MessageNamed<'complete'>> = {}): Promise<Message> {
    const from = this.session.messages.length;
    this.complete(changes);
    return this.#patiently(from, 'committed or completeRefused', ({ kind }) =>
      /^(committed|completeRefused)$/.test(kind),
    );
  }

  /** The same, and it has to be committed: durable from then on, with the digest of what was given. */
  async committed(): Promise<void> {
    const answer = await this.completed();
    const { digest } = this.carried.summary();
    const isRight =
      answer.kind === 'committed' &&
      (answer.generation as number) === this.image.generation &&
      Buffer.compare(answer.digest, digest) === 0;
    const expected = `committed ${this.image.generation}, digest ${Buffer.from(digest).toString('hex')}`;
    demand(isRight, expected, () => refusalWords(answer));
  }

  /** Resolves once the receiver says that its area equals the image. */
  async structured(): Promise<void> {
    const { generation: of } = this.image;
    const isIt = (each: Message) => each.kind === 'structured' && (each.generation as number) === of;
    await this.#patiently(0, `structured ${of}`, isIt);
  }

  /** Resolves once the receiver gives the image up. */
  async abandoned(): Promise<MessageNamed<'abandon'>> {
    const isIt = (each: Message): each is MessageNamed<'abandon'> =>
      each.kind === 'abandon' && (each.generation as number) === this.image.generation;
    return (await this.#patiently(0, `abandon ${this.image.generation}`, isIt)) as MessageNamed<'abandon'>;
  }

  /** The answers to a run so far. */
  answers(run: number): Message[] {
    return this.session.messages.filter((each) => isAnswer(each, run));
  }

  #answer(run: number): Promise<Message> {
    return this.#patiently(0, `stored or runRefused for run ${run}`, (each) => isAnswer(each, run));
  }

  /** Waits as long as the receiver gets on: with an image before, which may have many blocks, and a slow disk. */
  async #patiently(from: number, expected: string, fits: (message: Message) => boolean): Promise<Message> {
    const { probe } = this.session.link;
    const look = () => this.session.messages.slice(from).find(fits);
    const soon = await probe.until(look, soonUs);
    if (soon !== undefined) return soon;
    for (let before = await this.#progress(); ; ) {
      const found = await probe.until(look, standstillUs);
      if (found !== undefined) return found;
      const now = await this.#progress();
      demand(
        now !== before,
        expected,
        `nothing of the kind within ${standstillUs / 1e6} s, and nothing got on (${now})`,
      );
      before = now;
    }
  }

  #note(first: number, data: Uint8Array): Uint8Array {
    const digests = contentDigests(data, this.image.blockBytes);
    for (let index = 0; index * digestBytes < digests.length; index += 1) {
      this.carried.set(0, first + index, digestsAt(digests, index));
    }
    return digests;
  }

  #named(kind: 'blockRun' | 'compressedRun' | 'heldRun', first: number, digests: Uint8Array, rest: object): number {
    const place = { volume: volumeNumber(0), first: blockNumber(first), count: digests.length / digestBytes };
    const named = { generation: generation(this.image.generation), ...place, digest: runDigest(digests) };
    return this.#numbered({ kind, run: 0, ...named, ...rest } as Run);
  }

  /** Sends a run with the next number, or with the one that a check has given it. */
  #numbered(message: Run): number {
    this.#numbers.last += 1;
    const run = message.run === 0 ? this.#numbers.last : message.run;
    this.#send({ ...message, run });
    return run;
  }

  #send(message: Message): void {
    this.session.post(message);
  }
}

function isAnswer(message: Message, run: number): boolean {
  return (
    (message.kind === 'stored' && message.runs.includes(run)) || (message.kind === 'runRefused' && message.run === run)
  );
}

/** A message in words, with the name of the refusal in it. */
function refusalWords(message: Message): string {
  const name = 'code' in message ? ` (${refusalByNumber(message.code) ?? 'unknown'})` : '';
  return `${messageWords(message)}${name}`;
}
