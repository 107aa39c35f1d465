/**
 * A line over Node streams that come and go: the one place that knows about opening again, losses and room.
 *
 * No step waits for a write's callback: a port that is gone never gives one. What a loss leaves behind is dropped with
 * its stream, and every stream is used for one opening only.
 */
import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { type Refusal, RefusalError } from '../../../protocol/refusals.js';
import { nowUs } from '../clock.js';
import { type Line, LineEmitter } from './line.js';
import type { Pacer } from './pacer.js';

/** An open stream, and how to let go of it; `release` settles soon, whatever state the stream is in. */
export interface OpenStream {
  readonly stream: Duplex;
  /** What an error of the stream means, where its own words do not tell; unless given, its message. */
  readonly lossOf?: (error: Error) => string;
  release(): Promise<void>;
}

/** Where a line gets its streams from. */
export interface StreamSource {
  /** The line's address. */
  readonly name: string;
  /** As of a line. */
  readonly isListening?: boolean;
  /** Gives the next open stream or rejects with a RefusalError. Only called when the one before was released. */
  next(): Promise<OpenStream>;
  /** Gives up for good; a `next` under way rejects soon. */
  close(): Promise<void>;
}

export interface StreamLineOptions {
  /** Bytes waiting in this process above which the line is full. */
  readonly waitingBytesMax: number;
  readonly pacer?: Pacer | undefined;
  /** Pauses between tries to open, in milliseconds: they double from the first to the last. */
  readonly retryMsMin?: number;
  readonly retryMsMax?: number;
}

/** How long `close` lets bytes leave that were written before, in milliseconds. */
const closeGraceMs = 500;
/** A device serves one at a time, and turns others away. */
const closedUnheard = 'the other side closed it at once; somebody else may have it';

export class StreamLine extends LineEmitter implements Line {
  readonly #source: StreamSource;
  readonly #options: StreamLineOptions;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #stream: Duplex | undefined;
  #trouble: Refusal | undefined;
  #retryMs: number;
  #paused = false;
  #full = false;
  #drainTimer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;
  /** Something has arrived since the stream was opened. */
  #heard = false;
  /** Ends the use of the stream that is open now. */
  #lose: (reason: Refusal) => void = () => {};

  constructor(source: StreamSource, options: StreamLineOptions) {
    super();
    this.#source = source;
    this.#options = options;
    this.#retryMs = this.#retryMsMin;
    this.#running = this.#run();
  }

  get name(): string {
    return this.#source.name;
  }

  get isOpen(): boolean {
    return this.#stream !== undefined && this.#closing === undefined;
  }

  get isListening(): boolean {
    return this.#source.isListening === true;
  }

  get trouble(): Refusal | undefined {
    return this.#trouble;
  }

  get bufferedBytes(): number {
    const ahead = this.#options.pacer?.aheadBytes(nowUs()) ?? 0;
    return Math.max(ahead, this.#stream?.writableLength ?? 0);
  }

  write(bytes: Uint8Array): boolean {
    const stream = this.#stream;
    if (stream === undefined || this.#closing !== undefined) return false;
    this.#options.pacer?.take(bytes.length, nowUs());
    stream.write(bytes, this.#written);
    if (!this.#full) this.#full = !this.#hasRoom(stream);
    if (this.#full) this.#offerRoom();
    return !this.#full;
  }

  pause(): void {
    this.#paused = true;
    this.#stream?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#stream?.resume();
  }

  close(): Promise<void> {
    this.#closing ??= this.#shut();
    return this.#closing;
  }

  get #retryMsMin(): number {
    return this.#options.retryMsMin ?? 50;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const opened = await this.#open();
      if (opened !== undefined) await this.#use(opened);
      const waited = pause(this.#retryMs, undefined, { signal: this.#stop.signal });
      this.#retryMs = Math.min(this.#retryMs * 2, this.#options.retryMsMax ?? 1000);
      // The pause only ever rejects because it was called off; the loop's condition then ends it.
      await waited.catch(() => {});
    }
  }

  async #open(): Promise<OpenStream | undefined> {
    try {
      return await this.#source.next();
    } catch (error) {
      if (!(error instanceof RefusalError)) throw error;
      this.#trouble = error.refusal;
      return undefined;
    }
  }

  /** Resolves when the stream was lost and let go. */
  async #use(opened: OpenStream): Promise<void> {
    const { stream, release } = opened;
    if (!this.#stop.signal.aborted) {
      const reason = await new Promise<Refusal>((lost) => this.#attach(opened, lost));
      this.#detach(stream);
      if (!this.#stop.signal.aborted) {
        this.#trouble = reason;
        this.emit('lost', reason);
      }
    }
    await release();
  }

  #attach({ stream, lossOf = ({ message }) => message }: OpenStream, lost: (reason: Refusal) => void): void {
    const because = (detail: string) => lost({ code: 'line-unavailable', detail: `${this.name}: ${detail}` });
    this.#stream = stream;
    this.#lose = lost;
    this.#trouble = undefined;
    this.#options.pacer?.reset();
    stream.on('data', this.#deliver);
    this.#heard = false;
    const closed = () => because(this.#heard ? 'the other side closed it' : closedUnheard);
    stream.once('end', closed);
    stream.once('close', (error?: unknown) => because(error instanceof Error ? lossOf(error) : 'it was closed'));
    // Stays for as long as the stream lives: errors may still come after it was given up.
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE' || error.code === 'ECONNRESET') closed();
      else because(lossOf(error));
    });
    if (this.#paused) stream.pause();
    else stream.resume();
    this.emit('open');
  }

  #detach(stream: Duplex): void {
    stream.off('data', this.#deliver);
    clearTimeout(this.#drainTimer);
    this.#drainTimer = undefined;
    this.#full = false;
    this.#stream = undefined;
    this.#lose = () => {};
  }

  readonly #deliver = (bytes: Buffer): void => {
    if (this.#closing !== undefined) return;
    // A connection that carried something was a good one: after it, the first new try comes soon.
    this.#retryMs = this.#retryMsMin;
    this.#heard = true;
    this.emit('data', bytes);
  };

  #hasRoom(stream: Duplex): boolean {
    return stream.writableLength <= this.#options.waitingBytesMax && this.#waitUs() === 0;
  }

  #waitUs(): number {
    return this.#options.pacer?.waitUs(nowUs()) ?? 0;
  }

  /** A write that failed makes no room: the loss of its stream follows. */
  readonly #written = (error?: Error | null): void => {
    if (!(error instanceof Error)) this.#offerRoom();
  };

  /** Tells of room that there is again, or looks when the line will have carried enough. */
  #offerRoom(): void {
    const stream = this.#stream;
    if (stream === undefined || !this.#full || this.#drainTimer !== undefined) return;
    // The callback of the write that is waiting leads here again.
    if (stream.writableLength > this.#options.waitingBytesMax) return;
    const waitUs = this.#waitUs();
    if (waitUs === 0) this.#afterWait();
    else this.#drainTimer = setTimeout(this.#afterWait, Math.ceil(waitUs / 1000));
  }

  readonly #afterWait = (): void => {
    this.#drainTimer = undefined;
    const stream = this.#stream;
    if (stream === undefined || this.#closing !== undefined) return;
    if (this.#hasRoom(stream)) {
      this.#full = false;
      this.emit('drain');
    } else {
      this.#offerRoom();
    }
  };

  async #shut(): Promise<void> {
    const deadlineUs = nowUs() + closeGraceMs * 1000;
    while ((this.#stream?.writableLength ?? 0) > 0 && nowUs() < deadlineUs) await pause(5);
    this.#stop.abort();
    this.#lose({ code: 'line-unavailable', detail: `${this.name}: closed` });
    await this.#source.close();
    await this.#running;
    this.#stream = undefined;
    this.emit('closed');
  }
}
