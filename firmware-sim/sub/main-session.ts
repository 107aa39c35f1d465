/**
 * The sub's side of the session with main: joins its pair, says what it durably knows, and hands what is replicated to
 * the receiver once both agree.
 */
import { sameDigest, spoiltDigest } from '../../protocol/digest.js';
import { epoch, type Generation, generation } from '../../protocol/ids.js';
import type { Message, MessageNamed } from '../../protocol/message/messages.js';
import { type RefusalCode, refusalByNumber, refusals } from '../../protocol/refusals.js';
import { runBytesMax } from '../replica/receiver.js';
import type { SubCore } from './sub-core.js';

export interface MainSessionOptions {
  readonly core: SubCore;
  /** Marks the areas as this pair's, before anything of it is stored there. */
  readonly stamp: (then: () => void) => void;
  /** Main gave a generation up. */
  readonly onGivenUp: (failed: Generation, code: RefusalCode) => void;
  /** Why a generation was given up since power on; undefined where none was. */
  readonly whyGivenUp: (of: Generation) => RefusalCode | undefined;
}

export class MainSession {
  readonly #core: SubCore;
  readonly #stamp: MainSessionOptions['stamp'];
  readonly #onGivenUp: MainSessionOptions['onGivenUp'];
  readonly #whyGivenUp: MainSessionOptions['whyGivenUp'];
  /** Main's pairing came in this session and is of this pair. */
  paired = false;
  /** Main's pairing came in this session, whatever it says. */
  heard = false;
  /** Main is of another pair. */
  foreign = false;
  /** Main's blocks and volumes are those of this sub: what it sends is about the same places. */
  #fits = false;

  constructor({ core, stamp, onGivenUp, whyGivenUp }: MainSessionOptions) {
    this.#core = core;
    this.#stamp = stamp;
    this.#onGivenUp = onGivenUp;
    this.#whyGivenUp = whyGivenUp;
  }

  opened(): void {
    this.closed();
    this.foreign = false;
    this.heard = false;
    this.#core.receiver.sessionOpened();
  }

  /** The session has ended, or this sub takes over: nothing more is taken from main. */
  closed(): void {
    this.paired = false;
  }

  /** Main's pairing came in this session, and this sub has not taken over, or has given back: what main replicates is taken. */
  get #agreed(): boolean {
    return this.paired && !this.#core.state.takenOver;
  }

  message(message: Message): void {
    if (message.kind === 'pairing') this.#pairing(message);
    else if (this.#agreed) this.#replicate(message);
  }

  /** Tells main what this sub durably knows of the pair. */
  tell(): void {
    const { state, replica, receiver } = this.#core;
    const { committed, commitDigest, structured, receiving } = replica;
    this.#core.send('remote', {
      kind: 'pairing',
      ...{ pair: state.pair, epoch: state.epoch, method: state.method, committed, structured },
      ...{ blockBytes: state.blockBytes, volumes: state.volumeBytes },
      frozen: committed,
      // An image that could not be structured is none to build a difference on: main sees an older sub.
      commitDigest: receiver.structuring.damaged ? spoiltDigest : commitDigest,
      state: state.pairState,
      receiving: receiving?.generation ?? generation(0),
      takenOver: state.takenOver,
      runBytesMax,
      windowBytes: 1 << 20,
    });
  }

  /** Main's durable knowledge: a sub without a pair joins it, then answers with its own. */
  #pairing(main: MessageNamed<'pairing'>): void {
    this.heard = true;
    const { state } = this.#core;
    const fits = main.blockBytes === state.blockBytes && main.volumes.join() === state.volumeBytes.join();
    this.#fits = fits;
    // A sub restored from an older copy missed a takeover and its failback: main's epoch is the newer one.
    const behind = sameDigest(main.pair, state.pair) && main.epoch > state.epoch && !state.takenOver;
    if ((state.joined || !fits) && !behind) {
      this.#agree(main);
      return;
    }
    const joined = { pair: Uint8Array.from(main.pair), method: main.method, epoch: epoch(main.epoch) };
    const resume = () => this.#stamp(() => this.#agree(main));
    this.#core.record({ kind: 'joined', ...joined }, { name: 'joining a pair', resume });
  }

  #agree(main: MessageNamed<'pairing'>): void {
    this.foreign = !sameDigest(main.pair, this.#core.state.pair);
    this.paired = !this.foreign;
    this.tell();
    // Main speaks so when a session opens, and when it is told to bring the pair back.
    this.#core.receiver.structuring.placeAgain();
    if (this.#agreed) this.#mainState(main.state, 0);
  }

  #replicate(message: Message): void {
    const { receiver } = this.#core;
    const isOfState = message.kind === 'pairStateChanged' || message.kind === 'abandon';
    if (!this.#fits && !isOfState) return;
    switch (message.kind) {
      case 'begin':
        this.#begin(message);
        break;
      case 'blockRun':
        receiver.blockRun(message);
        break;
      case 'compressedRun':
        receiver.compressedRun(message);
        break;
      case 'heldRun':
        receiver.heldRun(message);
        break;
      case 'zeroRun':
        receiver.zeroRun(message);
        break;
      case 'complete':
        receiver.complete(message);
        break;
      case 'getHoldings':
        receiver.getHoldings(message);
        break;
      case 'abandon':
        this.#abandoned(message);
        break;
      case 'pairStateChanged':
        this.#mainState(message.state, message.code);
        break;
      default:
        this.#core.mark('refused', { port: 'remote', code: 'message-unexpected', detail: message.kind });
    }
  }

  /** What main says of the pair, as it looks from here. */
  #mainState(main: MessageNamed<'pairing'>['state'], code: number): void {
    const healthy = this.#core.replica.committed === 0 ? 'COPY' : 'PAIR';
    const next = main === 'PSUS' ? 'SSUS' : main === 'PSUE' ? 'PSUE' : healthy;
    this.#core.mainSays(next, next === healthy ? undefined : refusalByNumber(code));
  }

  #begin(message: MessageNamed<'begin'>): void {
    const { replica, state, receiver } = this.#core;
    if (message.epoch !== state.epoch || message.generation < Math.max(1, replica.committed)) return;
    // A main that has not heard of a commit is told of it, whatever it would build on.
    const isCommitted = message.generation === replica.committed;
    const why = isCommitted ? undefined : this.#whyGivenUp(message.generation);
    if (why === undefined && (isCommitted || message.full || message.base === replica.committed)) {
      receiver.begin(message);
      return;
    }
    const refusal = { code: refusals[why ?? 'older-sub'].number, state: 'PSUE' as const };
    this.#core.send('remote', { kind: 'abandon', generation: message.generation, ...refusal });
  }

  #abandoned({ generation: failed, code }: MessageNamed<'abandon'>): void {
    this.#onGivenUp(failed, refusalByNumber(code) ?? 'refused-by-sub');
    this.#core.receiver.drop(failed);
    this.#mainState('PSUE', code);
  }
}
