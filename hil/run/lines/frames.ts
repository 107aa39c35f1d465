/**
 * From a line's bytes to frames: what stands between two zero bytes.
 *
 * The delimiter parser keeps what it has seen without bound and looks through all of it at each chunk, so a guard in
 * front of it lets through only runs that can still become a frame. A longer run is noise, another baud rate, or a
 * stranger; it is dropped up to the next delimiter and counted.
 */
import { DelimiterParser } from '@serialport/parser-delimiter';
import type { Line } from './line.js';

const delimiter = 0;

export interface FrameSplitterOptions {
  /** Bytes that a frame may have at most, without its delimiter. */
  readonly frameBytesMax: number;
  /** Takes each frame, without its delimiter, in order and before `push` returns. Empty ones are left out. */
  readonly onFrame: (frame: Uint8Array) => void;
}

export class FrameSplitter {
  readonly #options: FrameSplitterOptions;
  #parser: DelimiterParser;
  /** Bytes that the parser holds, since the last delimiter. */
  #runBytes = 0;
  /** The run under way was too long: nothing counts until the next delimiter. */
  #skipping = false;
  #overlongRuns = 0;

  constructor(options: FrameSplitterOptions) {
    this.#options = options;
    this.#parser = this.#newParser();
  }

  /** Runs that were dropped because no frame is that long. */
  get overlongRuns(): number {
    return this.#overlongRuns;
  }

  push(bytes: Uint8Array): void {
    let rest = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (this.#skipping || this.#outgrownBy(rest)) {
      const end = rest.indexOf(delimiter);
      if (end === -1) return;
      this.#skipping = false;
      rest = rest.subarray(end + 1);
    }
    const tailAt = rest.lastIndexOf(delimiter) + 1;
    if (rest.length - tailAt <= this.#options.frameBytesMax) {
      this.#runBytes = rest.length - tailAt + (tailAt === 0 ? this.#runBytes : 0);
      this.#parser.write(rest);
    } else {
      this.#parser.write(rest.subarray(0, tailAt));
      this.#skip();
    }
  }

  /** Drops the beginning of a frame whose end will not come: the line was lost. */
  reset(): void {
    this.#parser.destroy();
    this.#parser = this.#newParser();
    this.#runBytes = 0;
    this.#skipping = false;
  }

  /** Whether the run that the parser holds the beginning of turns out too long with these bytes. */
  #outgrownBy(bytes: Buffer): boolean {
    if (this.#runBytes === 0) return false;
    const end = bytes.indexOf(delimiter);
    if (this.#runBytes + (end === -1 ? bytes.length : end) <= this.#options.frameBytesMax) return false;
    this.#skip();
    return true;
  }

  #skip(): void {
    this.reset();
    this.#skipping = true;
    this.#overlongRuns += 1;
  }

  #newParser(): DelimiterParser {
    // Without objects on its readable side two frames that wait can be read as one.
    const parser = new DelimiterParser({ delimiter: [delimiter], readableObjectMode: true });
    parser.on('data', (frame: Buffer) => {
      // A run that came in one chunk has passed the guard unseen.
      if (frame.length > this.#options.frameBytesMax) this.#overlongRuns += 1;
      else if (frame.length > 0) this.#options.onFrame(frame);
    });
    return parser;
  }
}

/** Takes the frames of a line from now on, each opening anew. Returns the splitter, for its counts. */
export function receiveFrames(line: Line, options: FrameSplitterOptions): FrameSplitter {
  const splitter = new FrameSplitter(options);
  line.on('data', (bytes) => splitter.push(bytes));
  line.on('lost', () => splitter.reset());
  return splitter;
}
