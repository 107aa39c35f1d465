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
}

type Run = MessageNamed<'blockRun' | 'compressedRun' | 'heldRun' | 'zeroRun'>;

/** How long a receiver may take to make something durable, in microseconds. */
const durableUs = 10_000_000;

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

  constructor(session: ProbeSession, image: GivenImage, numbers: RunNumbers) {
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
    return this.#next(from, 'committed or completeRefused', ({ kind }) => /^(committed|completeRefused)$/.test(kind));
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
    await this.#next(0, `structured ${of}`, isIt);
  }

  /** The answers to a run so far. */
  answers(run: number): Message[] {
    return this.session.messages.filter((each) => isAnswer(each, run));
  }

  #answer(run: number): Promise<Message> {
    return this.#next(0, `stored or runRefused for run ${run}`, (each) => isAnswer(each, run));
  }

  #next(from: number, expected: string, fits: (message: Message) => boolean): Promise<Message> {
    return this.session.link.probe.need(expected, () => this.session.messages.slice(from).find(fits), durableUs);
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
