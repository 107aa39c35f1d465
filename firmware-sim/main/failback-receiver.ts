/**
 * Main's side of a failback: says which blocks differ here from the common image, takes the sub's image into its
 * shadow area, commits it, structures it into the primary area, and is the main side again.
 */
import { blockNumber, type Epoch, epoch, generation, volumeNumber } from '../../protocol/ids.js';
import type { Message, MessageNamed } from '../../protocol/message/messages.js';
import { refusals } from '../../protocol/refusals.js';
import { Receiver } from '../replica/receiver.js';
import type { BlockSet } from '../storage/block-set.js';
import type { SlotAllocator } from '../storage/slot-allocator.js';
import type { MainCore } from './main-core.js';

const chunkBlocks = 64;
const chunksPerMessage = 2048;

/** What the controller does for a failback. */
export interface FailbackSurroundings {
  /** Main is the main side again. */
  readonly onRegained: () => void;
  /** Tells the sub what main knows of the pair. */
  readonly tellPairing: () => void;
  /** No host write and no freeze is under way. */
  readonly hostIsQuiet: () => boolean;
}

export class FailbackReceiver {
  readonly #core: MainCore;
  readonly #receiver: Receiver;
  /** Asked for the difference; answered when the host is quiet and nothing is deferred any more. */
  #asked: (MessageNamed<'failbackAsk'> & { readonly allowed: boolean }) | undefined;
  /** The sub has given the right to write back. */
  #given: { readonly epoch: Epoch; readonly generation: number } | undefined;
  #regaining = false;
  readonly #surroundings: FailbackSurroundings;

  constructor(core: MainCore, allocators: readonly SlotAllocator[], surroundings: FailbackSurroundings) {
    this.#core = core;
    this.#surroundings = surroundings;
    this.#receiver = new Receiver({
      board: core,
      state: core.replica,
      geometry: core.geometry,
      staging: core.shadow,
      image: core.primary,
      allocators,
      locks: core.locks,
      onProgress: () => core.progressed(),
    });
  }

  message(message: Message): void {
    switch (message.kind) {
      case 'failbackAsk':
        this.#asked = { ...message, allowed: false };
        break;
      case 'failbackDone':
        this.given(message);
        break;
      case 'begin':
        if (this.#core.state.failingBack) this.#begin(message);
        break;
      case 'blockRun':
        this.#receiver.blockRun(message);
        break;
      case 'compressedRun':
        this.#receiver.compressedRun(message);
        break;
      case 'heldRun':
        this.#receiver.heldRun(message);
        break;
      case 'zeroRun':
        this.#receiver.zeroRun(message);
        break;
      case 'complete':
        this.#receiver.complete(message);
        break;
      case 'getHoldings':
        this.#receiver.getHoldings(message);
        break;
      default:
        this.#core.mark('refused', { port: 'remote', code: 'message-unexpected', detail: message.kind });
    }
  }

  /** The sub has durably given the right to write back: it said so, or its pairing shows it. */
  given({ epoch: now, generation: of }: { readonly epoch: number; readonly generation: number }): void {
    this.#given = { epoch: epoch(now), generation: of };
  }

  inHand(): string[] {
    const asked = this.#asked === undefined ? [] : ['failback (asked)'];
    return [...asked, ...this.#receiver.inHand()];
  }

  closed(): void {
    this.#asked = undefined;
    this.#receiver.sessionOpened();
  }

  pump(): void {
    const { state, drainer } = this.#core;
    // Until then more blocks may come to differ.
    if (state.transfer === undefined && this.#surroundings.hostIsQuiet()) {
      if (this.#asked?.allowed === false) this.#ask(this.#asked);
      // One that is asked for anew finds it allowed already: nothing else may come to wake main for the answer.
      if (this.#asked?.allowed === true && state.failingBack && drainer.idle) this.#answer(this.#asked);
    }
    if (state.failingBack) this.#receiver.pump();
    this.#regain();
  }

  /** No number is used twice: not that of a generation which was frozen here and failed, either. */
  #begin(message: MessageNamed<'begin'>): void {
    const { generation: of } = message;
    if (of > this.#core.state.lastFrozen) {
      this.#receiver.begin(message);
      return;
    }
    const code = refusals['wrong-generation'].number;
    this.#core.log(
      'error',
      `a failback as generation ${of} is refused: main has frozen ${this.#core.state.lastFrozen}`,
    );
    this.#core.send('remote', { kind: 'abandon', generation: of, code, state: 'PSUE' });
  }

  /** Blocks that the host changed here since the common image: they are lost by the failback. */
  #ask(message: MessageNamed<'failbackAsk'>): void {
    const { state } = this.#core;
    const unsent = state.volumes.reduce((sum, { changed }) => sum + changed.size, 0);
    this.#asked = undefined;
    if (message.epoch < state.epoch || message.committed < state.committed) {
      const detail = `epoch ${message.epoch}, generation ${message.committed} at the sub`;
      this.#refuse(message.request, 'older-sub', detail);
    } else if (unsent > 0 && !message.discard && !state.failingBack) {
      this.#refuse(message.request, 'discard-needed', `${unsent} blocks written at main were never sent`);
    } else {
      this.#asked = { ...message, allowed: true };
      if (!state.failingBack) this.#core.record({ kind: 'failbackAllowed', epoch: epoch(message.epoch) });
    }
  }

  #refuse(request: number, code: 'older-sub' | 'discard-needed', detail: string): void {
    this.#core.send('remote', { kind: 'refused', request, code: refusals[code].number, detail });
  }

  #answer({ request }: MessageNamed<'failbackAsk'>): void {
    this.#asked = undefined;
    // The failback's number comes after every one that main has used, also since the session opened.
    this.#surroundings.tellPairing();
    const volumes = this.#core.state.volumes.map(({ changed }) => differenceChunks(changed));
    const parts = volumes.flatMap((chunks, volume) => {
      const cut: { readonly volume: number; readonly chunks: typeof chunks }[] = [];
      for (let at = 0; at < chunks.length; at += chunksPerMessage)
        cut.push({ volume, chunks: chunks.slice(at, at + chunksPerMessage) });
      return cut;
    });
    if (parts.length === 0) parts.push({ volume: 0, chunks: [] });
    for (const [index, { volume, chunks }] of parts.entries()) {
      const last = index === parts.length - 1;
      this.#core.send('remote', { kind: 'failbackDifference', request, volume: volumeNumber(volume), chunks, last });
    }
  }

  /** Once the image is structured here and the sub has let go, main is the main side again. */
  #regain(): void {
    const { replica, state } = this.#core;
    const given = this.#given;
    if (given === undefined || this.#regaining || !state.failingBack) return;
    if (replica.committed !== given.generation || replica.structured !== given.generation) return;
    this.#regaining = true;
    const { committed, commitDigest: digest } = replica;
    this.#noteAllocated();
    this.#core.record(
      { kind: 'regained', epoch: given.epoch, generation: generation(committed), digest },
      {
        name: 'recording the end of a failback',
        resume: () => {
          this.#regaining = false;
          this.#given = undefined;
          this.#core.mark('regained', { generation: committed });
          this.#core.transferEnded();
          this.#surroundings.onRegained();
        },
      },
    );
  }

  /** What arrived is allocated here from now on; the record comes before the one that ends the failback. */
  #noteAllocated(): void {
    for (const [volume, { occupied }] of this.#core.replica.volumes.entries()) {
      for (const { first, count } of occupied.runs()) {
        this.#core.record({ kind: 'changing', volume: volumeNumber(volume), first: blockNumber(first), count });
      }
    }
  }
}

function differenceChunks(changed: BlockSet): { readonly chunk: number; readonly blocks: Uint8Array }[] {
  const chunks: { chunk: number; blocks: Uint8Array }[] = [];
  for (const { first, count } of changed.runs(chunkBlocks)) {
    for (let block = first as number; block < first + count; block += 1) {
      const chunk = Math.floor(block / chunkBlocks);
      if (chunks.at(-1)?.chunk !== chunk) chunks.push({ chunk, blocks: new Uint8Array(chunkBlocks / 8) });
      const bit = block % chunkBlocks;
      // Stryker disable next-line ObjectLiteral: there is one, for the chunk of this block
      const { blocks } = chunks.at(-1) ?? { blocks: new Uint8Array(8) };
      blocks[bit >>> 3] = (blocks[bit >>> 3] ?? 0) | (1 << (bit & 7));
    }
  }
  return chunks;
}
