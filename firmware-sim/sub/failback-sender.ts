/**
 * The sub's side of a failback: asks main which blocks differ there, adds its own changes, sends the union as a new
 * generation, and gives the right to write back once main has structured it.
 *
 *     ask ──► difference of main ──► host writes under way end ──► begun (durable) ──► begin, runs, complete
 *         ──► committed by main ──► structured by main ──► gave back (durable) ──► failbackDone
 *
 * Host writes are refused from the ask on. After a power cut or a lost session it starts again from the ask: the content
 * cannot have changed, and if main has committed it already, main says so.
 */
import { zeroDigest } from '../../protocol/digest.js';
import { blockNumber, type Generation, generation } from '../../protocol/ids.js';
import type { Message, MessageNamed } from '../../protocol/message/messages.js';
import { type Refusal, type RefusalCode, refusalByNumber } from '../../protocol/refusals.js';
import { type Outgoing, type PickedRun, type RunPlace, Sender } from '../replica/sender.js';
import { summaryOf } from '../replica/summary.js';
import { BlockSet } from '../storage/block-set.js';
import { StoredBlocks, zeroSlot } from '../storage/stored-blocks.js';
import type { SubCore } from './sub-core.js';

const chunkBlocks = 64;
/** How often a refused complete is mended before the failback is given up. */
const completeTriesMax = 3;

export class FailbackSender implements Outgoing {
  readonly #core: SubCore;
  readonly sender: Sender;
  #phase:
    | 'none'
    | 'asking'
    | 'draining'
    | 'recording'
    | 'sending'
    | 'completing'
    | 'structuring'
    | 'giving back'
    | 'giving up' = 'none';
  #asked = 0;
  #discard = false;
  /** The session ended while the record of the beginning was on its way. */
  #lostMeanwhile = false;
  #completeTries = 0;
  /** Of what main has committed. */
  #digest: Uint8Array = zeroDigest;
  readonly #onGivenUp: (generation: Generation, code: RefusalCode) => void;
  #then: (refusal: Refusal | undefined) => void = () => {};
  /** Blocks to send, by volume, and what main holds of them with its digests. */
  #difference: BlockSet[] = [];
  #queue: BlockSet[] = [];
  #sent: StoredBlocks[] = [];
  #generation: Generation = generation(0);
  /** The newest generation that main has frozen: the failback's number comes after it. */
  mainFrozen: Generation = generation(0);

  constructor(core: SubCore, onGivenUp: (generation: Generation, code: RefusalCode) => void) {
    this.#core = core;
    this.#onGivenUp = onGivenUp;
    this.sender = new Sender(core as never);
  }

  get generation(): Generation {
    return this.#generation;
  }

  get mayBeHeld(): boolean {
    return true;
  }

  get blockBytes(): number {
    return this.#core.geometry.blockBytes;
  }

  get busy(): boolean {
    return this.#phase !== 'none';
  }

  inHand(): string[] {
    return this.busy ? [`failback (${this.#phase})`, ...this.sender.inHand()] : this.sender.inHand();
  }

  /** Blocks that go back, and those of them that main holds. */
  get progress(): { readonly total: number; readonly sent: number } {
    const size = (sets: readonly { readonly size: number }[]) => sets.reduce((sum, each) => sum + each.size, 0);
    return { total: size(this.#difference), sent: size(this.#sent) };
  }

  /** Begins, or after a power cut or a lost line begins again. `then` is told once it is durably under way, or why not. */
  start(discard: boolean, then: (refusal: Refusal | undefined) => void): void {
    this.#phase = 'asking';
    this.#discard = discard;
    this.#then = then;
    this.#completeTries = 0;
    this.#ask();
  }

  /** Main speaks in this session for the first time: it may have been reading its records when it was asked. */
  met(): void {
    if (this.#phase === 'asking') this.#ask();
  }

  lost(): void {
    this.sender.lost();
    this.sender.use(undefined);
    if (this.#phase === 'recording') this.#lostMeanwhile = true;
    else if (this.#phase === 'asking' || this.#phase === 'draining') {
      this.#end({ code: 'sub-unreachable', detail: 'the session with main ended' });
    } else if (this.#phase !== 'giving back' && this.#phase !== 'giving up') this.#phase = 'none';
  }

  message(message: Message): boolean {
    if (!this.busy) return false;
    switch (message.kind) {
      case 'refused':
        if (message.request === this.#asked) this.#refused(message);
        return true;
      case 'failbackDifference':
        if (message.request === this.#asked && this.#phase === 'asking') this.#add(message);
        return true;
      case 'stored':
        this.sender.stored(message);
        return true;
      case 'runRefused':
        this.sender.refused(message);
        return true;
      case 'committed':
        if (message.generation === this.#generation) this.#committed(message.digest);
        return true;
      case 'structured':
        if (message.generation === this.#generation && this.#phase === 'structuring') this.#giveBack();
        return true;
      case 'completeRefused':
        if (message.generation === this.#generation) this.#refusedComplete(message.code);
        return true;
      case 'abandon':
        if (message.generation === this.#generation) this.#giveUp(refusalByNumber(message.code) ?? 'disk-error');
        return true;
      case 'holdings':
        return true;
      default:
        return false;
    }
  }

  pump(): void {
    if (this.#phase === 'draining' && this.#core.hostWrites === 0) this.#begin();
    if (this.#phase === 'none') return;
    // What cannot be structured cannot be given back: the host has to write it again first.
    if (this.#phase === 'sending' && this.#core.receiver.structuring.stuck) this.#giveUp('staging-corrupt');
    this.sender.pump();
    if (this.#phase !== 'sending' || !this.sender.idle) return;
    const { total, sent } = this.progress;
    if (sent < total) return;
    this.#phase = 'completing';
    this.#core.send('remote', { kind: 'complete', generation: this.#generation, ...summaryOf(this.#sent) });
  }

  pick(countMax: number): PickedRun | undefined {
    // The image is read from the secondary area: structuring has to come to its end first.
    if (this.#phase !== 'sending' || this.#core.replica.overlaid > 0 || countMax === 0) return undefined;
    for (const [volume, queue] of this.#queue.entries()) {
      const run = queue.nextRun(0, countMax);
      if (run === undefined) continue;
      const count = this.#alikeKnown(volume, run);
      queue.delete(run.first, count);
      return { volume, first: run.first, count, urgent: false };
    }
    return undefined;
  }

  locate({ volume, first, count }: PickedRun): RunPlace {
    const place = {
      disk: `secondary${volume}` as const,
      command: this.#core.geometry.readVolume(volume, first, count),
    };
    const digests = this.#knownDigests(volume, first, count);
    return digests === undefined ? place : { ...place, digests };
  }

  stored(volume: number, first: number, count: number, digests: Uint8Array): void {
    this.#sent[volume]?.set(first, count, zeroSlot, digests);
  }

  returned(volume: number, first: number, count: number): void {
    this.#queue[volume]?.add(first, count);
  }

  unreadable(volume: number, first: number, count: number, corrupt: boolean): void {
    this.#core.log('error', `volume ${volume}, blocks ${first}+${count} cannot be read`);
    this.#giveUp(corrupt ? 'image-corrupt' : 'disk-error');
  }

  /** How many of a run's blocks from its first on have a content that is known, or have none that is. */
  #alikeKnown(volume: number, { first, count }: { readonly first: number; readonly count: number }): number {
    const { known } = this.#core.replica.volume(volume);
    let alike = 1;
    while (alike < count && known.has(first + alike) === known.has(first)) alike += 1;
    return alike;
  }

  /** What the secondary area holds by its records; what a host wrote after the takeover is in none. */
  #knownDigests(volume: number, first: number, count: number): Uint8Array | undefined {
    const { known } = this.#core.replica.volume(volume);
    if (!known.has(first)) return undefined;
    return Buffer.concat(Array.from({ length: count }, (_, index) => known.digestOf(first + index) ?? zeroDigest));
  }

  #ask(): void {
    this.#asked += 1;
    this.#difference = this.#core.state.changed.map(() => new BlockSet());
    const { state, replica } = this.#core;
    const ask = { request: this.#asked, epoch: state.epoch, committed: replica.committed, discard: this.#discard };
    this.#core.send('remote', { kind: 'failbackAsk', ...ask });
  }

  #refused({ code, detail }: MessageNamed<'refused'>): void {
    this.#end({ code: refusalByNumber(code) ?? 'wrong-controller', detail });
  }

  #add({ volume, chunks, last }: MessageNamed<'failbackDifference'>): void {
    const blocks = this.#core.geometry.blocksOf(volume);
    for (const { chunk, blocks: bits } of chunks) {
      for (let bit = 0; bit < chunkBlocks; bit += 1) {
        const block = chunk * chunkBlocks + bit;
        const differs = (((bits[bit >>> 3] ?? 0) >>> (bit & 7)) & 1) === 1;
        if (differs && block < blocks) this.#difference[volume]?.add(blockNumber(block));
      }
    }
    if (last) this.#phase = 'draining';
  }

  #begin(): void {
    const { state, replica } = this.#core;
    this.#phase = 'recording';
    this.#lostMeanwhile = false;
    const newest = Math.max(replica.committed, this.mainFrozen, state.failbackEnded);
    this.#generation = state.failback ?? generation(newest + 1);
    if (state.failback !== undefined) this.#begun();
    else {
      const operation = { name: 'recording the beginning of a failback', resume: () => this.#begun() };
      this.#core.record({ kind: 'failbackBegun', generation: this.#generation }, operation);
    }
  }

  #begun(): void {
    // No host writes any more: what has changed here is known now.
    for (const [volume, changed] of this.#core.state.changed.entries()) this.#difference[volume]?.addAll(changed);
    if (this.#lostMeanwhile) this.#phase = 'none';
    else this.#startSending();
    this.#then(undefined);
    this.#then = () => {};
  }

  #startSending(): void {
    const { state, replica } = this.#core;
    const begin = { epoch: state.epoch, generation: this.#generation, base: replica.committed, full: false };
    this.#core.send('remote', { kind: 'begin', ...begin, state: 'SSWS' });
    this.#sendAllAgain();
    this.sender.use(this);
    this.#core.mark('failback', { generation: this.#generation, blocks: this.progress.total });
  }

  #sendAllAgain(): void {
    this.#queue = this.#difference.map((each) => each.clone());
    this.#sent = this.#difference.map(() => new StoredBlocks());
    this.#phase = 'sending';
  }

  /** Main has committed the image, in this session or, as it says to `begin`, in one before. */
  #committed(digest: Uint8Array): void {
    if (this.#phase !== 'sending' && this.#phase !== 'completing') return;
    this.#phase = 'structuring';
    this.#digest = Uint8Array.from(digest);
    this.sender.use(undefined);
    this.sender.lost();
  }

  #refusedComplete(code: number): void {
    if (this.#phase !== 'completing') return;
    this.#completeTries += 1;
    if (this.#completeTries < completeTriesMax) this.#sendAllAgain();
    else this.#giveUp(refusalByNumber(code) ?? 'digest-mismatch');
  }

  /** Main cannot take the image: the secondary area stays the one that hosts write to. */
  #giveUp(code: RefusalCode): void {
    if (this.#phase !== 'sending' && this.#phase !== 'completing') return;
    this.#phase = 'giving up';
    this.sender.use(undefined);
    this.sender.lost();
    this.#core.log('error', `failback as generation ${this.#generation} failed: ${code}`);
    const resume = () => {
      this.#phase = 'none';
      this.#core.mark('failed', { generation: this.#generation, reason: code });
      this.#onGivenUp(this.#generation, code);
    };
    this.#core.record(
      { kind: 'failbackEnded', generation: this.#generation },
      { name: 'recording that a failback failed', resume },
    );
  }

  /** The records go into one batch or at least in order: the image's number, then the right to write. */
  #giveBack(): void {
    this.#phase = 'giving back';
    const { state, replica } = this.#core;
    const [from, to] = [generation(replica.committed + 1), generation(this.#generation - 1)];
    if (from <= to) this.#core.record({ kind: 'missed', from, to });
    const image = {
      epoch: state.epoch,
      committed: this.#generation,
      structured: this.#generation,
      digest: this.#digest,
    };
    this.#core.record({ kind: 'image', ...image });
    this.#core.record(
      { kind: 'gaveBack', generation: this.#generation },
      {
        name: 'recording the end of a failback',
        resume: () => {
          this.#phase = 'none';
          this.sender.use(undefined);
          this.#core.mark('gaveBack', { generation: this.#generation });
          this.#core.send('remote', { kind: 'failbackDone', epoch: state.epoch, generation: this.#generation });
        },
      },
    );
  }

  #end(refusal: Refusal): void {
    this.#phase = 'none';
    this.sender.use(undefined);
    const then = this.#then;
    this.#then = () => {};
    then(refusal);
  }
}
