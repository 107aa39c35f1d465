/**
 * Main's side of the session with the sub: compares what both durably know, begins or resumes sending, and takes the
 * sub's answers.
 *
 *     opened ──► pairing both ways ──► compare ──► begin ──► getHoldings ──► send what is missing ──► complete
 */
import { RangeDigest, sameDigest } from '../../protocol/digest.js';
import type { Generation } from '../../protocol/ids.js';
import type { Message, MessageNamed } from '../../protocol/message/messages.js';
import { refusalByNumber, refusals } from '../../protocol/refusals.js';
import { holdingsChunkBlocks } from '../replica/holdings.js';
import { runBytesMax } from '../replica/receiver.js';
import { StepwiseSummary } from '../replica/summary.js';
import type { MainCore } from './main-core.js';
import type { MainRecord } from './main-records.js';
import { comparePairing, isSpoilt, type PairingVerdict } from './pairing.js';

/** How often a refused complete is mended before the generation fails. */
const completeTriesMax = 3;

export class PairSession {
  readonly #core: MainCore;
  /** Both sides agree on the pair; blocks may be sent when nothing else forbids it. */
  #agreed = false;
  /** The generation that begin has been sent for in this session. */
  #begun: Generation | undefined;
  /** Waiting for the holdings of the generation begun. */
  #resuming = false;
  #held = new Map<string, { readonly held: Uint8Array; readonly digest: Uint8Array }>();
  #completing: Generation | undefined;
  #completeTries = 0;
  /** Of what has been sent. */
  readonly #summary = new StepwiseSummary();
  #summing = false;
  /** Raised with each session. */
  #session = 0;

  constructor(core: MainCore) {
    this.#core = core;
  }

  /** Whether blocks may be sent now. */
  get ready(): boolean {
    return this.#agreed && !this.#resuming && this.#begun === this.#core.state.sending;
  }

  get agreed(): boolean {
    return this.#agreed;
  }

  /** When it goes on though nothing happens until then, in microseconds. */
  deadline(): number | undefined {
    return this.#summing ? this.#summary.deadline() : undefined;
  }

  opened(): void {
    this.#reset();
    this.tellPairing();
  }

  tellPairing(): void {
    this.#core.send('remote', this.pairing());
  }

  closed(): void {
    this.#reset();
    this.#core.sender.lost();
    this.#core.outgoing.restart();
  }

  /** What main durably knows of the pair. */
  pairing(): MessageNamed<'pairing'> {
    const { state, geometry } = this.#core;
    const { pair, epoch, method, lastFrozen: frozen, committed, commitDigest, structured, pairState } = state;
    return {
      kind: 'pairing',
      ...{ pair, epoch, method, frozen, committed, commitDigest, structured },
      blockBytes: geometry.blockBytes,
      volumes: geometry.volumes,
      state: pairState,
      receiving: state.transfer?.generation ?? (0 as Generation),
      takenOver: false,
      runBytesMax,
      windowBytes: 1 << 20,
    };
  }

  /** The sub's side of it: decides whether and how to go on. */
  compare(sub: MessageNamed<'pairing'>): PairingVerdict['kind'] {
    const { state, sender } = this.#core;
    sender.runBytesMax = Math.min(runBytesMax, Math.max(this.#core.geometry.blockBytes, sub.runBytesMax));
    sender.window.bytesMax = Math.max(sender.runBytesMax, Math.min(1 << 20, sub.windowBytes));
    this.#agreed = false;
    const verdict = comparePairing(state, this.#core, sub);
    this.#core.mark('paired', { verdict: verdict.kind });
    if (verdict.kind === 'refused') this.#core.suspend(verdict.code, verdict.detail);
    else if (verdict.kind === 'takenOver') this.#takenOver(sub);
    else if (verdict.kind === 'olderSub') this.#needFull(sub);
    else if (verdict.kind === 'committed') this.#commit(sub.committed, sub.commitDigest);
    else if (verdict.kind === 'adopted') this.#adopt(sub);
    // An unpaired sub takes the pair over from our pairing and sends its own again; an older or adopted one waits for a record.
    if (verdict.kind === 'same' || verdict.kind === 'committed') this.#agreed = true;
    if (this.#agreed && sub.structured > state.structured) this.#structured(sub.structured);
    return verdict.kind;
  }

  /** Takes the sub's answers; false when a message is none of them. */
  message(message: Message): boolean {
    switch (message.kind) {
      case 'stored':
        this.#core.sender.stored(message);
        return true;
      case 'runRefused':
        this.#core.sender.refused(message);
        return true;
      case 'holdings':
        this.#holdings(message);
        return true;
      case 'committed':
        this.#committed(message);
        return true;
      case 'completeRefused':
        this.#completeRefused(message);
        return true;
      case 'structured':
        this.#structured(message.generation);
        return true;
      case 'abandon':
        this.#abandoned(message);
        return true;
      case 'pairStateChanged': {
        const reason = refusalByNumber(message.code) ?? 'refused-by-sub';
        if (message.state === 'PSUE') this.#core.suspend(reason, 'reported by the sub');
        return true;
      }
      default:
        return false;
    }
  }

  /** Begins what is to be sent next, if it has not begun in this session. */
  pump(): void {
    const { state } = this.#core;
    this.#summing = false;
    if (!this.#agreed || this.#core.committing || this.#core.suspending || state.takenOver) return;
    if (state.pairState === 'PSUS' || state.pairState === 'PSUE') return;
    const wanted = state.transfer !== undefined || this.#core.traits.sendsBeforeFreeze;
    if (wanted && this.#begun !== state.sending) this.#begin();
    this.#tryComplete();
  }

  /** After a resync: what staging holds is asked for again. */
  again(): void {
    // The sub says what it holds first: nothing begins on an image that it may not have.
    this.#agreed = false;
    this.#begun = undefined;
    this.#completing = undefined;
    this.#core.sender.lost();
    this.#core.outgoing.restart();
    // What could not be drained is tried again: the disk may have been mended.
    this.#core.drainer.noteAll();
    this.#core.send('remote', this.pairing());
  }

  #holdings(message: MessageNamed<'holdings'>): void {
    // What has been committed is held in staging no more.
    if (!this.#resuming || this.#core.committing || message.generation !== this.#begun) return;
    for (const { chunk, held, digest } of message.chunks) {
      this.#held.set(`${message.volume}:${chunk}`, { held: Uint8Array.from(held), digest: Uint8Array.from(digest) });
    }
    if (message.last) this.#resume();
  }

  #committed({ generation, digest }: MessageNamed<'committed'>): void {
    if (generation === this.#core.state.transfer?.generation) this.#commit(generation, digest);
  }

  #completeRefused({ generation, code }: MessageNamed<'completeRefused'>): void {
    if (generation !== this.#completing) return;
    this.#completeTries += 1;
    if (this.#completeTries >= completeTriesMax) {
      // It stays the one that was completed: nothing is tried again while its failure is being recorded.
      this.#core.failGeneration(refusalByNumber(code) ?? 'digest-mismatch', '');
      return;
    }
    this.#completing = undefined;
    this.#askHoldings(generation);
  }

  #structured(generation: Generation): void {
    if (generation <= this.#core.state.structured) return;
    this.#core.record(
      { kind: 'structured', generation },
      {
        name: 'recording the structuring',
        resume: () => this.#core.mark('structured', { generation }),
      },
    );
  }

  /** The sub gave the generation up. */
  #abandoned({ generation, code }: MessageNamed<'abandon'>): void {
    const reason = refusalByNumber(code) ?? 'refused-by-sub';
    if (generation !== this.#core.state.sending) return;
    this.#begun = undefined;
    // What has arrived there since it said so before is given up, too.
    this.#core.suspend(reason, 'reported by the sub', true);
  }

  #reset(): void {
    this.#agreed = false;
    this.#begun = undefined;
    this.#resuming = false;
    this.#held = new Map();
    this.#completing = undefined;
    this.#completeTries = 0;
    this.#session += 1;
  }

  /** What the sub had committed before it took over, and says so only now, has not failed. */
  #takenOver(sub: MessageNamed<'pairing'>): void {
    const { state } = this.#core;
    const { epoch: now, committed, commitDigest } = sub;
    const isCommittedNow = this.#isOnItsWay(sub);
    if (isCommittedNow) this.#commit(committed, commitDigest);
    else if (state.transfer !== undefined) this.#core.failGeneration('taken-over', '');
    if (isCommittedNow || committed === state.committed) this.#structured(sub.structured);
    if (state.takenOver && state.epoch === now) return;
    const resume = () => {
      // A freeze that was being recorded meanwhile has made a generation that nobody will take.
      if (state.transfer !== undefined) this.#core.failGeneration('taken-over', '');
      this.#core.mark('takenOver', { epoch: now });
    };
    this.#core.record({ kind: 'takenOver', epoch: now }, { name: 'recording the takeover', resume });
  }

  #isOnItsWay({ committed, commitDigest }: MessageNamed<'pairing'>): boolean {
    if (committed !== this.#core.state.transfer?.generation) return false;
    return sameDigest(this.#summary.all(committed, this.#sentMaps).digest, commitDigest);
  }

  /** What the sub cannot structure is noted, too: the next number comes after it. No difference is sent to it. */
  #adopt(sub: MessageNamed<'pairing'>): void {
    const digest = Uint8Array.from(sub.commitDigest);
    const record = { kind: 'adopted' as const, generation: sub.committed, digest };
    if (isSpoilt(digest)) {
      this.#core.record(record);
      this.#needFull(sub);
    } else this.#agreeAfter(record, () => {});
  }

  #needFull({ commitDigest }: MessageNamed<'pairing'>): void {
    const { state } = this.#core;
    // A whole image goes on: what the sub shows makes no difference to it.
    if (state.transfer?.full === false) this.#core.failGeneration('older-sub', '');
    const why = isSpoilt(commitDigest) ? 'cannot structure its image' : 'holds an older image than main knows of';
    this.#core.log('warning', `the sub ${why}: a full copy follows`);
    this.#agreeAfter({ kind: 'fullNeeded', code: refusals['older-sub'].number }, () => {
      // A freeze that was being recorded meanwhile is a difference to an image that the sub does not hold.
      if (state.transfer?.full === false) this.#core.failGeneration('older-sub', '');
      // What has begun as a difference goes on as the whole image.
      this.#begun = undefined;
      this.#completing = undefined;
      this.#core.outgoing.restart();
    });
  }

  /** Sends nothing before this is durable: what begins then depends on it. */
  #agreeAfter(record: Extract<MainRecord, { kind: 'adopted' | 'fullNeeded' }>, then: () => void): void {
    const session = this.#session;
    const resume = () => {
      then();
      if (session === this.#session) this.#agreed = true;
    };
    this.#core.record(record, { name: `recording ${record.kind}`, resume });
  }

  #begin(): void {
    const { state, traits } = this.#core;
    const generation = state.sending;
    const full = state.transfer?.full ?? (state.fullNeeded || traits.sendsWholeImage);
    const { epoch, committed: base, pairState } = state;
    this.#begun = generation;
    this.#completing = undefined;
    this.#core.send('remote', { kind: 'begin', epoch, generation, base, full, state: pairState });
    this.#askHoldings(generation);
  }

  #askHoldings(generation: Generation): void {
    this.#resuming = true;
    this.#held = new Map();
    this.#core.send('remote', { kind: 'getHoldings', generation });
  }

  /** What the sub does not hold after all is sent again, if its frozen content is still there. */
  #resume(): void {
    this.#resuming = false;
    const { state } = this.#core;
    for (const [number, maps] of state.volumes.entries()) {
      const sent = state.transfer === undefined ? maps.streamed : maps.sent;
      for (let run = sent.nextRun(0, holdingsChunkBlocks); run !== undefined; ) {
        const chunk = Math.floor(run.first / holdingsChunkBlocks);
        if (!this.#agreesOn(number, chunk)) this.#sendAgain(number, chunk);
        run = sent.nextRun((chunk + 1) * holdingsChunkBlocks, holdingsChunkBlocks);
      }
    }
    this.#held = new Map();
  }

  /** Whether the sub holds what main counts as sent in this chunk, with the same content. */
  #agreesOn(volume: number, chunk: number): boolean {
    const maps = this.#core.state.volume(volume);
    const sent = this.#core.state.transfer === undefined ? maps.streamed : maps.sent;
    const answer = this.#held.get(`${volume}:${chunk}`);
    if (answer === undefined) return false;
    const range = new RangeDigest();
    for (let bit = 0; bit < holdingsChunkBlocks; bit += 1) {
      const block = chunk * holdingsChunkBlocks + bit;
      const held = (((answer.held[bit >>> 3] ?? 0) >>> (bit & 7)) & 1) === 1;
      const digest = sent.digestOf(block);
      // Stryker disable next-line ConditionalExpression: a shortcut; the digests differ then
      if (digest !== undefined && !held) return false;
      // A block that is held but not counted as sent was on its way: it is sent again anyhow, its digest unknown here.
      if (digest === undefined && held) return this.#holdsEach(volume, chunk, answer.held);
      if (digest !== undefined) range.add(block, digest);
    }
    return sameDigest(range.finish(), answer.digest);
  }

  /** With a block on its way the digests cannot be compared; complete compares them all in the end. */
  #holdsEach(volume: number, chunk: number, held: Uint8Array): boolean {
    const maps = this.#core.state.volume(volume);
    const sent = this.#core.state.transfer === undefined ? maps.streamed : maps.sent;
    for (let bit = 0; bit < holdingsChunkBlocks; bit += 1) {
      if (sent.has(chunk * holdingsChunkBlocks + bit) && (((held[bit >>> 3] ?? 0) >>> (bit & 7)) & 1) === 0)
        return false;
    }
    return true;
  }

  #sendAgain(number: number, chunk: number): void {
    const { state } = this.#core;
    const maps = state.volume(number);
    const sent = state.transfer === undefined ? maps.streamed : maps.sent;
    this.#summary.forget();
    for (let bit = 0; bit < holdingsChunkBlocks; bit += 1) {
      const block = chunk * holdingsChunkBlocks + bit;
      if (!sent.has(block)) continue;
      // A deferred write of a block that counted as sent may be half drained: the primary area is not to be trusted.
      const lost = state.transfer !== undefined && maps.changed.has(block) && !this.#core.isKept(number, block);
      if (lost) {
        this.#core.failGeneration('frozen-content-lost', `volume ${number}, block ${block}`);
        return;
      }
      this.#core.outgoing.lacking(number, block);
    }
  }

  #tryComplete(): void {
    const { state } = this.#core;
    const { transfer } = state;
    if (transfer === undefined || this.#completing === transfer.generation || !this.#isAllSent()) return;
    const summary = this.#summary.next(transfer.generation, this.#sentMaps, this.#core.nowUs);
    this.#summing = summary === undefined;
    if (summary === undefined) return;
    this.#completing = transfer.generation;
    const { blocks, zeroBlocks, digest } = summary;
    this.#core.mark('complete', { generation: transfer.generation, blocks, zeroBlocks });
    this.#core.send('remote', { kind: 'complete', generation: transfer.generation, blocks, zeroBlocks, digest });
  }

  #isAllSent(): boolean {
    const { state, outgoing, sender } = this.#core;
    if (!this.ready || !sender.idle || outgoing.returning) return false;
    return state.volumes.every((maps) => maps.sent.size >= maps.frozen.size);
  }

  get #sentMaps() {
    return this.#core.state.volumes.map(({ sent }) => sent);
  }

  #commit(generation: Generation, digest: Uint8Array): void {
    // One whose failure is being recorded is taken for the image when the pair comes together again.
    if (this.#core.committing || this.#core.failing) return;
    if (!sameDigest(this.#summary.all(generation, this.#sentMaps).digest, digest)) {
      if (isSpoilt(digest))
        this.#core.failGeneration('staging-corrupt', 'the sub committed it and cannot structure it');
      else this.#core.failGeneration('digest-mismatch', 'the sub committed something else');
      return;
    }
    this.#core.committing = true;
    this.#core.record(
      { kind: 'committed', generation, digest: Uint8Array.from(digest) },
      {
        name: 'recording the commit',
        resume: () => {
          this.#core.committing = false;
          this.#completing = undefined;
          this.#summary.forget();
          this.#completeTries = 0;
          this.#core.transferEnded();
          this.#core.mark('committed', { generation });
        },
      },
    );
  }
}
