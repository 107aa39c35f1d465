/**
 * The suite as the side that receives an image: takes what comes, message by message, and answers as a receiver has to
 * unless a check says otherwise. What a sender may not do in any image is noted under its number.
 */
import { inflateSync } from 'node:zlib';
import { contentDigests, digestsAt, runDigest, sameDigest } from '../../protocol/digest.js';
import { epoch, generation, volumeNumber } from '../../protocol/ids.js';
import { digestBytes, type Message, type MessageNamed } from '../../protocol/message/messages.js';
import { type RefusalCode, refusalByNumber, refusals } from '../../protocol/refusals.js';
import type { RunFormsTaken } from '../../protocol/session/run-forms.js';
import { CarriedBlocks } from './carried.js';
import { Finding } from './finding.js';
import { hexWords } from './frame-words.js';
import type { SubRecord } from './played-records.js';
import type { ProbeSession } from './probe-session.js';

export type Run = MessageNamed<'blockRun' | 'compressedRun' | 'heldRun' | 'zeroRun'>;

/** What becomes of a run that is in order. */
export type RunAnswer = 'store' | 'withhold' | RefusalCode;

export interface TakenLimits {
  readonly blockBytes: number;
  readonly runBytesMax: number;
  readonly windowBytes: number;
  readonly forms: Partial<RunFormsTaken>;
}

/** The most blocks that one zeroRun names. */
const zeroRunBlocksMax = 4096;
/** How long nothing at all may come while something is due, in microseconds. */
const quietUs = 10_000_000;

export class ImageTaker {
  readonly session: ProbeSession;
  readonly record: SubRecord;
  readonly #limits: TakenLimits;
  /** What to do with a run. Contents are asked for in place of what is only named. */
  onRun: (run: Run) => RunAnswer = (run) => (run.kind === 'heldRun' ? 'content-differs' : 'store');
  /** What to do with a complete that agrees with what is held; `keep` commits, and does not say so. */
  onComplete: () => 'commit' | 'keep' | 'refuse' = () => 'commit';
  /** Runs that have arrived, without their contents. */
  readonly runs: Run[] = [];
  completes = 0;
  #seen = 0;
  #lastRun: number | undefined;
  /** Blocks of runs that are neither stored nor refused, in bytes. */
  #unanswered = 0;
  readonly #withheld: Run[] = [];
  /** Blocks that were stored in this session and not asked for since, as volume:block. */
  readonly #stored = new Set<string>();

  constructor(session: ProbeSession, record: SubRecord, limits: TakenLimits) {
    this.session = session;
    this.record = record;
    this.#limits = limits;
  }

  /** Takes messages in order until `look` finds something in one of them. */
  async until<T>(expected: string, look: (message: Message) => T | undefined): Promise<T> {
    const { probe } = this.session.link;
    for (;;) {
      const before = this.#seen;
      const found = await probe.until(() => this.#takeUntil(look), quietUs);
      if (found !== undefined) return found;
      if (this.#seen === before) throw new Finding(expected, `nothing of the kind within ${quietUs / 1000} ms`);
    }
  }

  /** Takes what comes for so long at most; gives what `look` finds. */
  meanwhile<T>(us: number, look: (message: Message) => T | undefined = () => undefined): Promise<T | undefined> {
    const { probe } = this.session.link;
    return probe.until(() => this.#takeUntil(look), us);
  }

  /** Resolves once this generation is committed; a sender that gives it up is a finding. */
  async committed(of: number): Promise<void> {
    if (this.record.committed === of) return;
    await this.until(`a complete of generation ${of} that agrees with what was sent`, (message) => {
      if (message.kind === 'abandon')
        throw new Finding(`generation ${of} to its end`, `abandon (${refusalByNumber(message.code) ?? 'unknown'})`);
      return this.record.committed === of ? true : undefined;
    });
  }

  /** Answers the runs that were held back, the newest first: the order is the receiver’s own. */
  release(): void {
    const of = this.record.staging?.generation ?? 0;
    const runs = this.#withheld.splice(0).reverse();
    if (runs.length === 0) return;
    for (const run of runs) this.#store(run);
    this.#send({ kind: 'stored', generation: generation(of), runs: runs.map(({ run }) => run) });
  }

  #takeUntil<T>(look: (message: Message) => T | undefined): T | undefined {
    const { messages } = this.session;
    while (this.#seen < messages.length) {
      const message = messages[this.#seen] as Message;
      this.#seen += 1;
      this.#take(message);
      const found = look(message);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #take(message: Message): void {
    switch (message.kind) {
      case 'begin':
        this.#begin(message);
        break;
      case 'blockRun':
      case 'compressedRun':
      case 'heldRun':
      case 'zeroRun':
        this.#run(message);
        break;
      case 'getHoldings':
        this.#answerHoldings(message.generation);
        break;
      case 'complete':
        this.#complete(message);
        break;
      case 'abandon':
        if (this.record.staging?.generation === message.generation) this.record.staging = undefined;
        break;
      default:
    }
  }

  #begin({ generation: of, base, full, epoch: now }: MessageNamed<'begin'>): void {
    const { record } = this;
    if (!full && base !== record.committed)
      this.#note('R-3', `a difference to generation ${record.committed}`, `to ${base}`);
    if (now !== record.epoch) this.#note('R-3', `epoch ${record.epoch}`, String(now));
    if (of <= record.committed) this.#note('R-3', `a generation after ${record.committed}`, String(of));
    const { staging } = record;
    if (staging?.generation === of && staging.base === base) staging.full = full;
    else record.staging = { generation: of, base, full, blocks: new CarriedBlocks() };
  }

  #run(run: Run): void {
    this.runs.push('data' in run ? { ...run, data: Buffer.alloc(0) } : run);
    if (this.#lastRun !== undefined && run.run !== this.#lastRun + 1)
      this.#note('R-4', `run ${this.#lastRun + 1} next`, String(run.run));
    this.#lastRun = run.run;
    const { staging } = this.record;
    if (staging?.generation !== run.generation) {
      this.#note('R-7', `runs of generation ${staging?.generation ?? 'none'}`, `one of ${run.generation}`);
      return;
    }
    this.#once(run);
    this.#fits(run);
    this.#window(run);
    const digests = this.#digests(run);
    this.#answer(run, digests === undefined ? 'digest-mismatch' : this.onRun(run), digests);
  }

  /** Digests of the contents of a run that is in order. */
  #digests(run: Run): Uint8Array | undefined {
    switch (run.kind) {
      case 'zeroRun':
        return new Uint8Array(run.count * digestBytes);
      case 'heldRun':
        if (this.#limits.forms.heldRuns !== true)
          this.#note('R-23', 'no run that is only named: it was not announced', `run ${run.run}`);
        return new Uint8Array(0);
      case 'blockRun':
        return this.#agreeing('R-5', run, run.data);
      default:
        return this.#inflated(run);
    }
  }

  #inflated(run: MessageNamed<'compressedRun'>): Uint8Array | undefined {
    const bits = this.#limits.forms.windowBits ?? 0;
    const named = ((run.data[0] ?? 0) >>> 4) + 8;
    if (bits === 0 || named > bits) {
      const expected = bits === 0 ? 'no compressed run: none were announced' : `a window of at most 2^${bits} bytes`;
      this.#note('R-18', expected, `a window of 2^${named} in run ${run.run}`);
    }
    const contentBytes = run.count * this.#limits.blockBytes;
    const content = inflated(run.data, contentBytes);
    if (content === undefined) {
      this.#note('R-19', `one zlib stream of ${contentBytes} bytes`, `${hexWords(run.data, 16)} … in run ${run.run}`);
      return undefined;
    }
    return this.#agreeing('R-20', run, content);
  }

  #agreeing(
    number: string,
    run: MessageNamed<'blockRun' | 'compressedRun'>,
    content: Uint8Array,
  ): Uint8Array | undefined {
    const { blockBytes } = this.#limits;
    const isWhole = content.length === run.count * blockBytes;
    const digests = isWhole ? contentDigests(content, blockBytes) : new Uint8Array(0);
    if (isWhole && sameDigest(runDigest(digests), run.digest)) return digests;
    const words = isWhole ? hexWords(run.digest, 16) : `${content.length} bytes`;
    this.#note(number, `${run.count} blocks and the digest of them in run ${run.run}`, words);
    return undefined;
  }

  /** What is stored is not sent again unless somebody asks. */
  #once({ volume, first, count, run }: Run): void {
    for (let block = first as number; block < first + count; block += 1) {
      if (!this.#stored.has(`${volume}:${block}`)) continue;
      this.#note('R-28', `block ${block} once: it is stored`, `run ${run} with it again`);
      return;
    }
  }

  #fits(run: Run): void {
    const { blockBytes, runBytesMax } = this.#limits;
    const blocksMax = run.kind === 'zeroRun' ? zeroRunBlocksMax : Math.max(1, Math.floor(runBytesMax / blockBytes));
    if (run.count > blocksMax)
      this.#note('R-36', `runs of at most ${blocksMax} blocks`, `${run.count} in run ${run.run}`);
  }

  #window(run: Run): void {
    if (run.kind === 'zeroRun') return;
    this.#unanswered += bytesOf(run, this.#limits);
    const { windowBytes } = this.#limits;
    if (this.#unanswered <= windowBytes) return;
    this.#note('R-6', `at most ${windowBytes} bytes unanswered`, `${this.#unanswered} with run ${run.run}`);
  }

  #answer(run: Run, answer: RunAnswer, digests: Uint8Array | undefined): void {
    const { generation: of } = run;
    const isHeld = answer === 'store' || answer === 'withhold';
    if (digests !== undefined && isHeld) this.#hold(run, digests);
    if (answer === 'withhold') {
      this.#withheld.push(run);
      return;
    }
    if (answer === 'store') {
      this.#store(run);
      this.#send({ kind: 'stored', generation: of, runs: [run.run] });
      return;
    }
    if (run.kind !== 'zeroRun') this.#unanswered -= bytesOf(run, this.#limits);
    this.#send({ kind: 'runRefused', generation: of, run: run.run, code: refusals[answer].number });
  }

  #hold({ volume, first }: Run, digests: Uint8Array): void {
    for (let index = 0; index * digestBytes < digests.length; index += 1) {
      this.record.staging?.blocks.set(volume, first + index, digestsAt(digests, index));
    }
  }

  #store(run: Run): void {
    if (run.kind !== 'zeroRun') this.#unanswered -= bytesOf(run, this.#limits);
    for (let block = run.first as number; block < run.first + run.count; block += 1) {
      this.#stored.add(`${run.volume}:${block}`);
    }
  }

  #answerHoldings(of: number): void {
    const { staging } = this.record;
    // What is asked for may be sent again.
    this.#stored.clear();
    const blocks = staging?.generation === of ? staging.blocks : new CarriedBlocks();
    const parts = blocks.volumes().map((volume) => ({
      volume: volumeNumber(volume),
      chunks: blocks.chunks(volume),
    }));
    if (parts.length === 0) parts.push({ volume: volumeNumber(0), chunks: [] });
    for (const [index, part] of parts.entries()) {
      const last = index === parts.length - 1;
      this.#send({ kind: 'holdings', generation: generation(of), ...part, last });
    }
  }

  #complete({ generation: of, blocks, zeroBlocks, digest }: MessageNamed<'complete'>): void {
    this.completes += 1;
    const { record } = this;
    const { staging } = record;
    if (staging?.generation !== of) {
      if (of === record.committed) this.#tellCommitted();
      return;
    }
    if (this.#withheld.length > 0)
      this.#note('R-9', 'complete once every block is stored', `${this.#withheld.length} runs are not`);
    const held = staging.blocks.summary();
    if (held.blocks !== blocks || held.zeroBlocks !== zeroBlocks) {
      const words = `${blocks}, of them ${zeroBlocks} zeros`;
      this.#note('R-9', `complete of ${held.blocks} blocks, of them ${held.zeroBlocks} zeros`, words);
    } else if (!sameDigest(held.digest, digest)) {
      this.#note('G-3', `the digest of the generation, ${hexWords(held.digest, 16)}`, hexWords(digest, 16));
    } else {
      const answer = this.onComplete();
      if (answer !== 'refuse') {
        const image = { digest: Uint8Array.from(digest), image: staging.blocks };
        Object.assign(record, { committed: of, ...image, staging: undefined });
        if (answer === 'commit') this.#tellCommitted();
        return;
      }
    }
    const { number: code } = refusals['digest-mismatch'];
    this.#send({ kind: 'completeRefused', generation: of, code });
  }

  #tellCommitted(): void {
    const { epoch: now, committed, digest } = this.record;
    const of = generation(committed);
    this.#send({ kind: 'committed', epoch: epoch(now), generation: of, digest });
    this.#send({ kind: 'structured', generation: of });
  }

  #note(number: string, expected: string, came: string): void {
    this.session.link.probe.note(number, expected, came);
  }

  #send(message: Message): void {
    this.session.post(message);
  }
}

const bytesOf = ({ count }: Run, { blockBytes }: TakenLimits): number => count * blockBytes;

/** The content of a zlib stream, if it is one of just so many bytes with nothing behind it. */
function inflated(stream: Uint8Array, contentBytes: number): Buffer | undefined {
  try {
    const { buffer, engine } = inflateSync(stream, { info: true, maxOutputLength: contentBytes }) as unknown as {
      readonly buffer: Buffer;
      readonly engine: { readonly bytesWritten: number };
    };
    return buffer.length === contentBytes && engine.bytesWritten === stream.length ? buffer : undefined;
  } catch {
    return undefined;
  }
}
