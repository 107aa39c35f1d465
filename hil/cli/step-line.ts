/** On a terminal, the last line while a run goes on: which step is under way, and the time on the bench. */
import type { Bench } from '../bench/bench.js';
import { durationText } from '../report/quantity.js';

/** How often the line is renewed, in milliseconds. */
const renewMs = 250;
const eraseLine = '\r\u001b[K';

export class StepLine {
  readonly #isShown: boolean;
  #bench: Bench | undefined;
  #step = '';
  #timer: NodeJS.Timeout | undefined;

  /** Without `isShown` it never writes anything. */
  constructor(isShown: boolean) {
    this.#isShown = isShown;
  }

  start(bench: Bench): void {
    this.#bench = bench;
    if (this.#isShown) this.#timer = setInterval(() => this.#show(), renewMs);
  }

  step(name: string): void {
    this.#step = name;
  }

  /** Takes the line away, for another to be written; it comes back by itself. */
  clear(): void {
    if (this.#timer !== undefined) process.stderr.write(eraseLine);
  }

  stop(): void {
    this.clear();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #show(): void {
    const atUs = this.#bench?.nowUs() ?? 0;
    process.stderr.write(`${eraseLine}${durationText(atUs).padStart(11)}  … ${this.#step}`);
  }
}
