/** What a line did, for tests: its events in order and all bytes that arrived, and waiting for either. */
import type { Line } from '../../../../hil/run/lines/line.js';

export class LineWatch {
  readonly line: Line;
  readonly events: string[] = [];
  #chunks: Uint8Array[] = [];
  #length = 0;
  #waiters = new Set<() => void>();

  constructor(line: Line) {
    this.line = line;
    line.on('data', (bytes) => {
      this.#chunks.push(bytes);
      this.#length += bytes.length;
      this.#changed();
    });
    for (const event of ['open', 'lost', 'drain', 'closed'] as const) {
      line.on(event, () => {
        this.events.push(event);
        this.#changed();
      });
    }
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** Resolves at the first moment at which `condition` holds after an event of the line. */
  until(condition: (watch: LineWatch) => boolean): Promise<void> {
    if (condition(this)) return Promise.resolve();
    return new Promise((resolve) => {
      const check = () => {
        if (!condition(this)) return;
        this.#waiters.delete(check);
        resolve();
      };
      this.#waiters.add(check);
    });
  }

  /** Resolves when `event` has happened `times` times since the line was made. */
  untilEvent(event: string, times = 1): Promise<void> {
    return this.until(({ events }) => events.filter((each) => each === event).length >= times);
  }

  untilBytes(count: number): Promise<void> {
    return this.until(({ length }) => length >= count);
  }

  #changed(): void {
    for (const check of this.#waiters) check();
  }
}

/** Writes all of `bytes` in pieces, as the line has room. */
export async function writeAll(watch: LineWatch, bytes: Uint8Array, pieceBytes: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const drains = watch.events.filter((each) => each === 'drain').length;
    if (!watch.line.write(bytes.subarray(at, at + pieceBytes))) await watch.untilEvent('drain', drains + 1);
  }
}
