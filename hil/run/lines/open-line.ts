/** Makes the line that an address names. */
import type { Duplex } from 'node:stream';
import { unreachable } from '../../../protocol/ids.js';
import { RefusalError } from '../../../protocol/refusals.js';
import { bitTimesPerByte } from '../../simulate/line-model.js';
import { formatLineAddress, type LineAddress, parseLineAddress } from './address.js';
import type { Line } from './line.js';
import { Pacer } from './pacer.js';
import { openPty } from './pty.js';
import { SerialSource, type SerialSourceOptions } from './serial.js';
import { ClientSource, ListenerSource } from './sockets.js';
import { type OpenStream, StreamLine, type StreamLineOptions, type StreamSource } from './stream-line.js';

export interface OpenLineOptions extends SerialSourceOptions {
  /** How far a line with a baud rate may be handed bytes ahead of it, in milliseconds; Infinity for no limit. */
  readonly pacedAheadMs?: number;
  /** Pauses between tries to open, in milliseconds: they double from the first to the last. */
  readonly retryMsMin?: number;
  readonly retryMsMax?: number;
}

/** How far a line with a baud rate is handed bytes ahead of it, in milliseconds, unless told otherwise. */
export const pacedAheadMsDefault = 20;
/** Bytes waiting in this process above which a line without a pace is full. */
const waitingBytesMax = 64 * 1024;

/**
 * Makes a line, which then opens by itself: attach the listeners in the same turn. Throws RefusalError `line-address` for
 * an address that cannot be read, and `line-unavailable` when a PTY cannot be made; other lines keep trying.
 */
export function openLine(address: LineAddress | string, options: OpenLineOptions = {}): Line {
  const read = typeof address === 'string' ? parseLineAddress(address) : address;
  switch (read.kind) {
    case 'serial':
      return new StreamLine(new SerialSource(read, options), paced(read.baud, options));
    case 'tcp':
    case 'unix':
      return new StreamLine(new ClientSource(read), { ...options, waitingBytesMax });
    case 'tcp-listen':
    case 'unix-listen':
      return new StreamLine(new ListenerSource(read), { ...options, waitingBytesMax });
    case 'pty':
      return openPtyLine(read, options);
    default:
      return unreachable(read);
  }
}

/** A line on the near side of a new PTY. */
export interface PtyLine extends Line {
  /** What the other side opens, as `serial:<path>`. */
  readonly path: string;
}

/** Makes a PTY and the line on our side of it; without a baud rate it has no pace. */
export function openPtyLine(address: LineAddress & { kind: 'pty' }, options: OpenLineOptions = {}): PtyLine {
  const { path, stream } = openPty();
  const source = new PtySource(formatLineAddress(address), stream);
  return Object.assign(new StreamLine(source, paced(address.baud, options)), { path });
}

function paced(baud: number | undefined, options: OpenLineOptions): StreamLineOptions {
  const { pacedAheadMs = pacedAheadMsDefault } = options;
  if (baud === undefined || pacedAheadMs === Number.POSITIVE_INFINITY) return { ...options, waitingBytesMax };
  return {
    ...options,
    waitingBytesMax: Math.ceil((baud * pacedAheadMs) / (bitTimesPerByte * 1000)),
    pacer: new Pacer({ baud, aheadUsMax: pacedAheadMs * 1000 }),
  };
}

/** A PTY's one stream: our end of it is open from the beginning, and clients that come and go don't close it. */
class PtySource implements StreamSource {
  readonly name: string;
  readonly #stream: Duplex;
  #given = false;

  constructor(name: string, stream: Duplex) {
    this.name = name;
    this.#stream = stream;
  }

  async next(): Promise<OpenStream> {
    if (this.#given) throw new RefusalError('line-unavailable', `${this.name}: the terminal is gone`);
    this.#given = true;
    return { stream: this.#stream, release: () => this.close() };
  }

  close(): Promise<void> {
    if (this.#stream.closed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#stream.once('close', resolve);
      this.#stream.destroy();
    });
  }
}
