/** Counts of a line between two ends: frames as they are sent, damage and sessions as the controllers tell of them. */
import type { LineRecord } from '../report/run-record.js';
import type { BenchMark } from './bench.js';
import { FrameTap } from './frame-tap.js';

/** Refusals that say that the line has changed what it carried. */
const damages: ReadonlySet<unknown> = new Set(['frame-encoding', 'frame-length', 'frame-checksum', 'frame-kind']);

export class LineTaps {
  /** From the first end to the second, and back. */
  readonly there = new FrameTap();
  readonly back = new FrameTap();
  #damaged = 0;
  #sessions = 0;
  /** Marks are told on this bench: damage and sessions are known. */
  readonly #marked: boolean;

  constructor({ marked }: { readonly marked: boolean }) {
    this.#marked = marked;
  }

  /** A mark of a controller about this line. Sessions are counted at `counter` alone, as both ends tell of each. */
  mark({ role, name, values }: BenchMark, counter: BenchMark['role']): void {
    if (name === 'session' && role === counter) this.#sessions += 1;
    if (name === 'refused' && damages.has(values.code)) this.#damaged += 1;
  }

  /** The counts of frames for a report. */
  get record(): Pick<LineRecord, 'framesSent' | 'framesRepeated' | 'framesDamaged' | 'sessions'> {
    const { there, back } = this;
    return {
      framesSent: there.frames + back.frames,
      framesRepeated: there.repeated + back.repeated,
      ...(this.#marked ? { framesDamaged: this.#damaged, sessions: this.#sessions } : {}),
    };
  }
}
