/** Waits until a record is durable. */
import type { Operation } from '../storage/operation.js';

export class Recorded implements Operation {
  readonly name: string;
  readonly #then: () => void;
  constructor(name: string, then: () => void) {
    this.name = name;
    this.#then = then;
  }
  resume(): void {
    this.#then();
  }
}
