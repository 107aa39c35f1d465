/**
 * The suite's end of the line at the level of frames: sends any bytes, takes what comes, and keeps both to be shown.
 * What is wrong with a frame of the device by itself is noted under the number of the requirement that it breaks.
 */
import { decodeFrame, encodeFrame, type Frame, markOf } from '../../protocol/frame/frame.js';
import { encodedFrameBytesMax } from '../../protocol/limits.js';
import { decodeOpen, encodeOpen, type Open } from '../../protocol/link/open-frame.js';
import { RefusalError } from '../../protocol/refusals.js';
import { FrameSplitter } from '../run/lines/frames.js';
import { Finding, NotRun } from './finding.js';
import { frameWords, hexWords } from './frame-words.js';
import { Transcript } from './transcript.js';
import { slowness, type Wire } from './wire.js';

/** What a frame of the device breaks by itself. */
export interface Anomaly {
  readonly number: string;
  readonly expected: string;
  readonly came: string;
}

export interface OpenArrived {
  readonly atUs: number;
  readonly open: Open;
}

/** Who takes the frames of a link. */
export interface LinkFrames {
  /** Mark of the frames that the device sends in this link. */
  readonly markIn: number | undefined;
  readonly markOut: number;
  opened(open: Open): void;
  took(frame: Exclude<Frame, { kind: 'open' }>, encoded: Uint8Array): void;
}

/** How long the device is given for anything that it does at once, in microseconds. */
const answerUs = 2_000_000;
/** Of what arrives so many bytes are kept to be shown. */
const firstBytesMax = 60;

export class Probe {
  readonly wire: Wire;
  readonly transcript = new Transcript();
  /** Every open of the device, in order of arrival. */
  readonly opens: OpenArrived[] = [];
  readonly anomalies: Anomaly[] = [];
  /** Frames whose check fits neither an open nor any link of this suite. */
  readonly strangers: Uint8Array[] = [];
  /** Bytes that arrived, and the first few of them. */
  arrivedBytes = 0;
  firstBytes: Uint8Array = new Uint8Array(0);
  /** Frames of the device, whatever they are, those that can be decoded, and those whose last block has 254 bytes. */
  frames = 0;
  decodedFrames = 0;
  fullEndings = 0;
  link: LinkFrames | undefined;
  /** Marks of links that the suite had before: their frames may still be on their way. */
  readonly #marksBefore: Set<number>;
  readonly #splitter: FrameSplitter;
  #waiting = new Set<() => void>();
  #ended = false;

  constructor(wire: Wire, marksBefore: Set<number>) {
    this.wire = wire;
    this.#marksBefore = marksBefore;
    this.#splitter = new FrameSplitter({ frameBytesMax: encodedFrameBytesMax, onFrame: (frame) => this.#take(frame) });
    wire.listen({
      arrived: (bytes) => {
        if (this.firstBytes.length < firstBytesMax)
          this.firstBytes = Buffer.concat([this.firstBytes, bytes]).subarray(0, firstBytesMax);
        this.arrivedBytes += bytes.length;
        this.#splitter.push(bytes);
        this.#look();
      },
      changed: () => {
        this.#splitter.reset();
        this.#look();
      },
    });
  }

  /** Sends bytes as they are, delimiters included. */
  sendBytes(bytes: Uint8Array): void {
    this.wire.write(bytes);
    const mark = this.link?.markOut ?? 0;
    for (const frame of splitFrames(bytes)) this.#note('to', frame, mark);
  }

  sendFrame(frame: Frame, mark: number): void {
    const encoded = encodeFrame(frame, mark);
    this.wire.write(encoded);
    this.#note('to', encoded.subarray(0, -1), mark);
  }

  sendOpen(open: Open): void {
    this.sendFrame({ kind: 'open', payload: encodeOpen(open) }, 0);
  }

  /**
   * The first value that `look` gives, asked again after each arrival; undefined when none comes in time. The time begins
   * when the device can have heard all that was sent to it, and is longer on a slow line.
   */
  until<T>(look: () => T | undefined, limitUs = answerUs): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        off();
        this.#waiting.delete(again);
        act();
      };
      const again = () => {
        const { wire } = this;
        if (this.#ended) settle(() => reject(new NotRun('the check is over')));
        else if (!wire.isOpen) settle(() => reject(lost(wire)));
        else {
          try {
            const found = look();
            if (found !== undefined) settle(() => resolve(found));
          } catch (error) {
            // It is a finding of whoever waits, not of who brought the bytes.
            settle(() => reject(error));
          }
        }
      };
      const { wire: line } = this;
      const off = line.after(limitUs * slowness(line) + line.drainUs(), () => settle(() => resolve(undefined)));
      this.#waiting.add(again);
      again();
    });
  }

  /** As `until`, with a finding when nothing comes. */
  async need<T>(expected: string, look: () => T | undefined, limitUs = answerUs): Promise<T> {
    const found = await this.until(look, limitUs);
    if (found === undefined) throw new Finding(expected, `nothing of the kind within ${limitUs / 1000} ms`);
    return found;
  }

  pause(us: number): Promise<undefined> {
    return this.until(() => undefined, us);
  }

  /** Asks all that wait to look again. */
  poke(): void {
    this.#look();
  }

  /** Nothing that is being waited for will come. */
  end(): void {
    this.#ended = true;
    this.#look();
  }

  /** Frames with this mark are no news any more. */
  retire(mark: number): void {
    this.#marksBefore.add(mark);
  }

  note(number: string, expected: string, came: string): void {
    this.anomalies.push({ number, expected, came });
  }

  #look(): void {
    for (const again of [...this.#waiting]) again();
  }

  #note(way: 'to' | 'from', encoded: Uint8Array, mark: number): void {
    const open = markOf(encoded) === 0;
    const words = () => frameWords(encoded, open ? 0 : mark);
    this.transcript.note({ atUs: this.wire.nowUs(), way, encoded, words });
  }

  #take(encoded: Buffer | Uint8Array): void {
    const mark = markOf(encoded);
    this.frames += 1;
    if (mark !== undefined) this.decodedFrames += 1;
    this.#note('from', encoded, mark ?? 0);
    if (mark !== undefined && mark !== 0 && mark !== this.link?.markIn) {
      if (this.#marksBefore.has(mark)) return;
      this.strangers.push(encoded);
      this.note('F-5', 'a check made with the mark of the link', `mark ${mark.toString(16)} in ${shown(encoded)}`);
      return;
    }
    const decoded = decodeFrame(encoded, mark ?? 0);
    if (!decoded.ok) {
      this.note(numberOf[decoded.refusal.code] ?? 'F-1', 'a frame', `${decoded.refusal.code}: ${shown(encoded)}`);
      return;
    }
    this.#form(decoded.frame, encoded, mark ?? 0);
    if (decoded.frame.kind === 'open') this.#open(decoded.frame.payload);
    else if (mark === this.link?.markIn) this.link?.took(decoded.frame, encoded);
    else this.note('F-5', 'a check made with the mark of the link', `no mark in ${shown(encoded)}`);
  }

  /** The encoding is the only one that encoders may choose. */
  #form(frame: Frame, encoded: Uint8Array, mark: number): void {
    const minimal = encodeFrame(frame, mark).subarray(0, -1);
    if (finalCode(minimal) === 0xff) this.fullEndings += 1;
    if (Buffer.compare(minimal, encoded) === 0) return;
    this.note('F-9', 'no empty block after a final block of 254 bytes', `${encoded.length} bytes ending in 01`);
  }

  #open(payload: Uint8Array): void {
    const decoded = decodeOpen(payload);
    if (!decoded.ok) {
      this.note('L-10', 'an open with values in range', `${decoded.refusal.detail}: ${hexWords(payload, 64)}`);
      return;
    }
    if (Buffer.from(payload).readUInt32LE(32) !== 0)
      this.note('L-10', '0 in the reserved field', hexWords(payload, 64));
    this.opens.push({ atUs: this.wire.nowUs(), open: decoded.open });
    this.link?.opened(decoded.open);
  }
}

const numberOf: Readonly<Record<string, string>> = { 'frame-kind': 'F-3', 'frame-length': 'F-2' };

const shown = (encoded: Uint8Array): string => hexWords(encoded, 64);

/** The code of the last block of an encoded frame. */
function finalCode(encoded: Uint8Array): number {
  let code = 0;
  for (let at = 0; at < encoded.length; at += code) code = encoded[at] as number;
  return code;
}

function lost(wire: Wire): RefusalError {
  const { code, detail } = wire.trouble ?? { code: 'line-lost', detail: wire.name };
  return new RefusalError(code, detail);
}

function splitFrames(bytes: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  let from = 0;
  for (let at = bytes.indexOf(0); at >= 0; at = bytes.indexOf(0, from)) {
    if (at > from) frames.push(bytes.subarray(from, at));
    from = at + 1;
  }
  if (from < bytes.length) frames.push(bytes.subarray(from));
  return frames;
}
