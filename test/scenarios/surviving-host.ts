/**
 * A host that outlives its controller: what was under way is given again when the controller is back. It may also die
 * with it; the host after it asks its questions again, but knows nothing of the writes.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { HostEnd } from '../../hil/bench/host-end.js';
import type { LineAddress } from '../../hil/run/lines/address.js';
import { openLine } from '../../hil/run/lines/open-line.js';
import { framePayloadMaxOf } from '../../hil/run/lines/payload.js';
import type { HostClient } from '../../host/client.js';
import { RefusalError } from '../../protocol/refusals.js';

/** How long a controller may be away, in milliseconds: processes start slowly on a busy machine. */
const absenceMsMax = 120_000;
/** It is looked for often, for much is to happen in a short time. */
const retries = { retryMsMin: 20, retryMsMax: 40 };
/** Pause before something is asked again that a controller does not answer while it reads its records, in milliseconds. */
const recoveringPauseMs = 20;

export class SurvivingHost {
  readonly #address: LineAddress;
  #end: HostEnd;
  #closing: Promise<void>[] = [];

  constructor(address: LineAddress) {
    this.#address = address;
    this.#end = this.#open();
  }

  get client(): HostClient {
    return this.#end.client;
  }

  /** Asks something that may be asked again, of this host and of those after it. */
  async ask<Answer>(question: (client: HostClient) => Promise<Answer>): Promise<Answer> {
    for (;;) {
      const end = this.#end;
      try {
        return await question(end.client);
      } catch (error) {
        if (!(error instanceof RefusalError)) throw error;
        if (error.refusal.code === 'recovering') await pause(recoveringPauseMs);
        else if (end === this.#end) throw error;
      }
    }
  }

  /** What is under way ends with `line-lost`, and another host begins. */
  die(): void {
    const end = this.#end;
    this.#end = this.#open();
    this.#closing.push(end.close());
  }

  async close(): Promise<void> {
    await Promise.all([...this.#closing, this.#end.close()]);
  }

  #open(): HostEnd {
    const framePayloadMax = framePayloadMaxOf(this.#address);
    const line = openLine(this.#address, retries);
    return new HostEnd({ line, absenceMsMax, ...(framePayloadMax === undefined ? {} : { framePayloadMax }) });
  }
}
