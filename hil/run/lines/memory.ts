/** Two lines joined in memory: what one writes, the other receives, in a later turn of the event loop. */
import type { Refusal } from '../../../protocol/refusals.js';
import { type Line, LineEmitter } from './line.js';

/** Bytes on their way above which a line in memory is full. */
const waitingBytesMax = 64 * 1024;

/** Both ends of a new line. They open in the next turn; closing one is a loss for the other, which stays down. */
export function memoryLines(name = 'memory'): readonly [Line, Line] {
  const a = new MemoryLine(`${name} a`);
  const b = new MemoryLine(`${name} b`);
  a.join(b);
  b.join(a);
  return [a, b];
}

class MemoryLine extends LineEmitter implements Line {
  readonly name: string;
  trouble: Refusal | undefined;
  bufferedBytes = 0;
  #peer: MemoryLine | undefined;
  #state: 'opening' | 'open' | 'lost' | 'closed' = 'opening';
  #full = false;
  #paused = false;
  #scheduled = false;
  /** What the peer wrote and this side has not received. */
  #arriving: Uint8Array[] = [];

  constructor(name: string) {
    super();
    this.name = name;
  }

  join(peer: MemoryLine): void {
    this.#peer = peer;
    setImmediate(() => {
      if (this.#state !== 'opening') return;
      this.#state = 'open';
      this.emit('open');
      this.#schedule();
    });
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  write(bytes: Uint8Array): boolean {
    if (!this.isOpen || this.#peer === undefined) return false;
    this.bufferedBytes += bytes.length;
    this.#peer.#arriving.push(bytes);
    this.#peer.#schedule();
    this.#full ||= this.bufferedBytes > waitingBytesMax;
    return !this.#full;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    const peer = this.#peer;
    if (peer !== undefined) setImmediate(() => peer.#lose(`${this.name} was closed`));
    this.emit('closed');
  }

  #schedule(): void {
    if (this.#scheduled || this.#paused || this.#arriving.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => this.#receive());
  }

  #receive(): void {
    this.#scheduled = false;
    if (!this.isOpen || this.#paused) return;
    const peer = this.#peer;
    const arrived = this.#arriving;
    this.#arriving = [];
    for (const bytes of arrived) {
      this.emit('data', bytes);
      if (peer !== undefined) peer.#carried(bytes.length);
    }
  }

  #carried(count: number): void {
    this.bufferedBytes -= count;
    if (!this.#full || this.bufferedBytes > 0) return;
    this.#full = false;
    if (this.isOpen) this.emit('drain');
  }

  #lose(detail: string): void {
    if (!this.isOpen) return;
    this.#state = 'lost';
    this.trouble = { code: 'line-unavailable', detail };
    this.emit('lost', this.trouble);
  }
}
