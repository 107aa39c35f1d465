/**
 * The side that sends an image: reads runs of blocks, sends them with their digests, and keeps count of what is on
 * its way until the receiver says that it is stored. Which blocks, in what order and from where is the business of
 * the `Outgoing` behind it.
 */

import type { DiskName } from '../../protocol/device.js';
import { runDigest } from '../../protocol/digest.js';
import { blockNumber, type Generation, volumeNumber } from '../../protocol/ids.js';
import { hostIo, replication } from '../../protocol/message/message.js';
import type { Message, MessageNamed } from '../../protocol/message/messages.js';
import { refusals } from '../../protocol/refusals.js';
import type { MediumCommand } from '../../protocol/scsi/commands.js';
import type { Board } from '../controller/board.js';
import type { DiskQueue } from '../storage/disk-queue.js';
import { BlockMarks } from './block-marks.js';
import { RunCompressor } from './run-compressor.js';
import { type NextRun, RunOffers } from './run-offers.js';
import { SendRun } from './send-run.js';
import { SendWindow } from './send-window.js';

/** What is to be sent next, picked by the owner. Within one chunk of contiguous blocks and slots. */
export interface PickedRun {
  readonly volume: number;
  readonly first: number;
  readonly count: number;
  /** A host write waits for these blocks. */
  readonly urgent: boolean;
}

/** Where the content of a run lies, and its digests when they are known. */
export interface RunPlace {
  readonly disk: DiskName;
  readonly command: MediumCommand;
  readonly digests?: Uint8Array;
}

export interface Outgoing {
  readonly generation: Generation;
  readonly blockBytes: number;
  /** The receiver has an image, in which some of this may stand already. */
  readonly mayBeHeld: boolean;
  /** The next run of at most `countMax` blocks, with 0 just one that a host waits for, not to be picked again until it is given back; undefined when there is none now. */
  pick(countMax: number): PickedRun | undefined;
  locate(run: PickedRun): RunPlace;
  /** These blocks are durably at the receiver; `digests` are of what was sent. */
  stored(volume: number, first: number, count: number, digests: Uint8Array): void;
  /** These blocks were not stored after all, or changed while on their way. */
  returned(volume: number, first: number, count: number): void;
  /** The content could not be read, or is not what was kept. */
  unreadable(volume: number, first: number, count: number, corrupt: boolean): void;
}

interface OnItsWay {
  readonly volume: number;
  readonly first: number;
  readonly count: number;
  readonly digests: Uint8Array;
  readonly bytes: number;
  readonly outgoing: Outgoing;
  /** Only its digest was sent. */
  readonly offered: boolean;
  stale: boolean;
}

/** What names a run in every message that is about one. */
type RunPlaced = Omit<MessageNamed<'zeroRun'>, 'kind'>;

type Blocks = Pick<PickedRun, 'volume' | 'first' | 'count'>;

const readingMax = 4;

export class Sender {
  readonly board: Board<never>;
  /** Negotiated with the receiver when a session opens. */
  runBytesMax = 65536;
  readonly window = new SendWindow();
  readonly #compressor = new RunCompressor();
  readonly #offers = new RunOffers();
  /** Offers that are being read or not answered yet. */
  #offersUnderWay = 0;
  #outgoing: Outgoing | undefined;
  #nextNumber = 1;
  readonly #onItsWay = new Map<number, OnItsWay>();
  readonly #reading = new Set<SendRun>();
  /** Blocks of runs that the receiver refused: what is read of them is checked here before it is sent again. */
  readonly #suspects = new BlockMarks();
  /** Blocks of which it is known that the receiver does not hold them. */
  readonly #notHeld = new BlockMarks();
  #bytesOnTheirWay = 0;
  /** Bytes of block content handed to the line since power on. */
  sentBytes = 0;

  constructor(board: Board<never>) {
    this.board = board;
  }

  get disks(): DiskQueue {
    return this.board.disks;
  }

  /** Nothing is being read or on its way. */
  get idle(): boolean {
    return this.#onItsWay.size === 0 && this.#reading.size === 0;
  }

  /** Runs that are being read, those that are not known to be stored, and what of the window they have. */
  inHand(): string[] {
    const kept: readonly [number, string][] = [
      [this.#reading.size, 'runs that are being read'],
      [this.#onItsWay.size, 'runs without an answer'],
      [this.#offersUnderWay, 'offers without an answer'],
      [this.#bytesOnTheirWay, 'bytes of the window'],
    ];
    return kept.filter(([count]) => count > 0).map(([count, what]) => `${what}: ${count}`);
  }

  /** From now on sends what `outgoing` picks; undefined stops picking. What is on its way stays with its own. */
  use(outgoing: Outgoing | undefined): void {
    this.#outgoing = outgoing;
  }

  /** Starts what can be started; called at the end of every step of the controller. */
  pump(): void {
    const outgoing = this.#outgoing;
    if (outgoing === undefined) return;
    while (this.#reading.size < readingMax && this.#bytesOnTheirWay < this.window.bytes) {
      const { blocksMax, isOffered } = this.#nextRun(outgoing);
      const picked = outgoing.pick(blocksMax);
      if (picked === undefined) return;
      this.#offers.picked();
      if (this.#bytesOnTheirWay === 0) this.window.begin(this.board.nowUs);
      this.#bytesOnTheirWay += picked.count * outgoing.blockBytes;
      // A host that waits does not wait for an answer that its block has to be sent.
      const offers = !this.#notHeld.take(picked) && isOffered && !picked.urgent;
      const reading = new SendRun(this, outgoing, picked, offers);
      if (offers) this.#offersUnderWay += 1;
      this.#reading.add(reading);
      reading.start();
    }
  }

  #nextRun(outgoing: Outgoing): NextRun {
    const blocksMax = Math.max(1, Math.floor(this.runBytesMax / outgoing.blockBytes));
    if (!outgoing.mayBeHeld || !this.board.runForms().held) return { blocksMax, isOffered: false };
    return this.#offers.next(blocksMax, this.#offersUnderWay);
  }

  /**
   * The content of these blocks changes where it is read from: what is being read of them does not count, and with
   * `sent` neither does what is on its way (before a freeze, when the newest content is wanted).
   */
  overwritten(volume: number, first: number, count: number, sent: 'sent' | 'reading'): void {
    const blocks = { volume, first, count };
    if (sent === 'sent') for (const each of this.#onItsWay.values()) if (overlap(each, blocks)) each.stale = true;
    for (const each of this.#reading) if (overlap(each.picked, blocks)) each.stale = true;
  }

  /** Whether any of these blocks is being read or on its way. */
  touches(volume: number, first: number, count: number): boolean {
    const blocks = { volume, first, count };
    for (const each of this.#onItsWay.values()) if (overlap(each, blocks)) return true;
    for (const each of this.#reading) if (overlap(each.picked, blocks)) return true;
    return false;
  }

  stored({ runs }: MessageNamed<'stored'>): void {
    for (const number of runs) {
      const run = this.#take(number);
      if (run === undefined) continue;
      this.window.answered(run.bytes, this.board.nowUs);
      if (run.offered) this.#offers.held(run.count);
      if (run.stale) run.outgoing.returned(run.volume, run.first, run.count);
      else run.outgoing.stored(run.volume, run.first, run.count, run.digests);
    }
  }

  /** A run was not taken; it is sent again. */
  refused({ run: number, code }: MessageNamed<'runRefused'>): void {
    const run = this.#take(number);
    if (run === undefined) return;
    if (run.offered) {
      if (run.count === 1) this.#notHeld.add(run);
      this.#offers.notHeld(run.count);
    }
    if (code !== refusals['content-differs'].number) this.#suspects.add(run);
    run.outgoing.returned(run.volume, run.first, run.count);
  }

  /** Whether the receiver refused any of these blocks before; asked once. */
  takeSuspicion(picked: PickedRun): boolean {
    return this.#suspects.take(picked);
  }

  /** The session or the generation ended: what was on its way may have arrived or not, and will not be answered. */
  lost(): void {
    for (const number of [...this.#onItsWay.keys()]) {
      const run = this.#take(number);
      // Stryker disable next-line OptionalChaining: what is on its way can be taken from there
      run?.outgoing.returned(run.volume, run.first, run.count);
    }
    for (const each of this.#reading) each.lost = true;
  }

  /** A part of a picked run has been read and is sent: `data` empty for zeros. */
  send(reading: SendRun, first: number, count: number, digests: Uint8Array, data: Uint8Array): void {
    const { volume, urgent } = reading.picked;
    const { generation, blockBytes } = reading.outgoing;
    const run = this.#nextNumber;
    this.#nextNumber += 1;
    const bytes = count * blockBytes;
    const { outgoing, stale } = reading;
    const offered = reading.isOffered && data.length > 0;
    this.#onItsWay.set(run, { volume, first, count, digests, bytes, outgoing, offered, stale });
    const place: RunPlaced = { run, generation, volume: volumeNumber(volume), first: blockNumber(first), count };
    const priority = urgent ? hostIo : replication;
    if (data.length === 0) this.board.send('remote', zeroRun(place), priority);
    else if (offered) {
      this.#offersUnderWay += 1;
      this.board.send('remote', heldRun(place, runDigest(digests)), priority);
    } else {
      this.board.send('remote', this.#carried(place, runDigest(digests), data, reading.suspect), priority);
      this.sentBytes += data.length;
    }
  }

  /** The message that carries contents: compressed where that helps and the receiver takes it. What it refused goes as it is. */
  #carried(place: RunPlaced, digest: Uint8Array, data: Uint8Array, suspect: boolean): Message {
    const compressed = suspect ? undefined : this.#compressor.compress(data, this.board.runForms().sentBits);
    const { run, generation, volume, first, count } = place;
    if (compressed === undefined) return { kind: 'blockRun', run, generation, volume, first, count, digest, data };
    return { kind: 'compressedRun', run, generation, volume, first, count, digest, data: compressed };
  }

  /** A picked run has been read; `handedOn` of its blocks are on their way, the others have been given back. */
  read(reading: SendRun, handedOn: number): void {
    this.#reading.delete(reading);
    if (reading.isOffered) this.#offersUnderWay -= 1;
    this.#bytesOnTheirWay -= (reading.picked.count - handedOn) * reading.outgoing.blockBytes;
  }

  #take(number: number): OnItsWay | undefined {
    const run = this.#onItsWay.get(number);
    if (run === undefined) return undefined;
    this.#onItsWay.delete(number);
    if (run.offered) this.#offersUnderWay -= 1;
    this.#bytesOnTheirWay -= run.bytes;
    return run;
  }
}

function zeroRun({ run, generation, volume, first, count }: RunPlaced): Message {
  return { kind: 'zeroRun', run, generation, volume, first, count };
}

function heldRun({ run, generation, volume, first, count }: RunPlaced, digest: Uint8Array): Message {
  return { kind: 'heldRun', run, generation, volume, first, count, digest };
}

function overlap(a: Blocks, b: Blocks): boolean {
  return a.volume === b.volume && a.first < b.first + b.count && b.first < a.first + a.count;
}
