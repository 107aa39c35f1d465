/** Whoever cuts the power of the device. One that fails says nothing of the device, and ends the run. */
import { RefusalError } from '../../protocol/refusals.js';

export class PowerHook {
  /** Undefined where there is nobody to do it. */
  readonly cycle: (() => Promise<void>) | undefined;
  #failure: RefusalError | undefined;

  constructor(cycle: (() => Promise<void>) | undefined) {
    this.cycle = cycle === undefined ? undefined : () => this.#carryOut(cycle);
  }

  /** Why it could not be done, whatever the check has made of that. */
  get failure(): RefusalError | undefined {
    return this.#failure;
  }

  async #carryOut(cycle: () => Promise<void>): Promise<void> {
    try {
      await cycle();
    } catch (error) {
      if (error instanceof RefusalError) this.#failure = error;
      throw error;
    }
  }
}
