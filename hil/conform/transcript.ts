/** The last frames of both directions, as a failed check shows them. */
import { hexWords } from './frame-words.js';

interface Entry {
  readonly atUs: number;
  readonly way: 'to' | 'from';
  readonly encoded: Uint8Array;
  readonly words: () => string;
}

/** Frames that are kept, and bytes of each that are shown. */
const entriesMax = 24;
const shownBytesMax = 64;

export class Transcript {
  #entries: Entry[] = [];
  #startUs: number | undefined;
  #left = 0;

  /** Notes a frame without its delimiter; `words` is only asked for when somebody wants to read it. */
  note(entry: Entry): void {
    this.#startUs ??= entry.atUs;
    this.#entries.push(entry);
    if (this.#entries.length > 2 * entriesMax) this.#left += this.#entries.splice(0, entriesMax).length;
  }

  /** One line for each frame: when, which way, what it says, its bytes. */
  lines(): string[] {
    const shown = this.#entries.slice(-entriesMax);
    const left = this.#left + this.#entries.length - shown.length;
    const lines = shown.map(({ atUs, way, encoded, words }) => {
      const ms = ((atUs - (this.#startUs ?? 0)) / 1000).toFixed(1).padStart(8);
      return `${ms} ms ${way === 'to' ? 'suite → device' : 'device → suite'}  ${words()}  ${hexWords(encoded, shownBytesMax)}`;
    });
    return left === 0 ? lines : [`… ${left} frames before`, ...lines];
  }
}
