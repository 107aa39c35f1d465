/**
 * A host at the end of a line: the client with promises, run in real time. Gives up when the other end has been silent
 * for too long, whatever is being waited for.
 */
import { randomBytes } from 'node:crypto';
import { HostClient } from '../../host/client.js';
import type { PortName } from '../../protocol/device.js';
import type { Refusal } from '../../protocol/refusals.js';
import { type LineSeal, lineSealOf } from '../../protocol/session/line-seal.js';
import { DeviceRunner, type DeviceRunnerOptions } from './device-runner.js';
import type { LineAddress } from './lines/address.js';
import type { Line } from './lines/line.js';
import { openLine } from './lines/open-line.js';
import { framePayloadMaxOf } from './lines/payload.js';

export interface HostSessionOptions extends Pick<DeviceRunnerOptions, 'onFrame'>, LineSeal {
  readonly address: LineAddress;
  /** After so much silence everything ends with `line-silent`, or with what is wrong with the line, in milliseconds. */
  readonly silenceMsMax?: number;
}

const silenceMsDefault = 10_000;
/** How often in that time the other end is asked for a sign of life. */
const looks = 4;

export class HostSession {
  readonly client: HostClient;
  readonly #runner: DeviceRunner;
  readonly #line: Line;
  readonly #silenceMsMax: number;
  readonly #look: NodeJS.Timeout;
  #heardAtMs = performance.now();
  #isAsking = false;

  /** Makes the line and begins to open a session; wait for `client.opened()`. */
  constructor(options: HostSessionOptions) {
    const { address, silenceMsMax = silenceMsDefault, onFrame } = options;
    const framePayloadMax = framePayloadMaxOf(address);
    this.#line = openLine(address);
    this.client = new HostClient({
      entropy: randomBytes(32),
      ...lineSealOf(options),
      ...(framePayloadMax === undefined ? {} : { framePayloadMax }),
      onSubmit: () => this.#runner.wake(),
      onTold: () => this.#heard(),
    });
    this.#runner = new DeviceRunner({
      device: this.client.machine,
      lines: new Map<PortName, Line>([['target', this.#line]]),
      ...(onFrame === undefined ? {} : { onFrame }),
    });
    this.#runner.start();
    this.#silenceMsMax = silenceMsMax;
    this.#look = setInterval(() => this.#lookAround(), silenceMsMax / looks);
  }

  /** Ends whatever is being waited for, with this refusal. */
  abort(refusal: Refusal): void {
    this.client.abort(refusal);
  }

  async close(): Promise<void> {
    clearInterval(this.#look);
    this.client.abort({ code: 'line-lost', detail: 'closed by this side' });
    await this.#runner.stop();
  }

  #lookAround(): void {
    if (performance.now() - this.#heardAtMs > this.#silenceMsMax) {
      const { name, trouble } = this.#line;
      this.abort(trouble ?? { code: 'line-silent', detail: `${name}: nothing for ${this.#silenceMsMax / 1000} s` });
    } else if (!this.#isAsking) {
      this.#isAsking = true;
      const answered = () => {
        this.#isAsking = false;
      };
      // Any answer is a sign of life, a refusal too; what ends everything is told to those who wait.
      this.client.status().then(answered, answered);
    }
  }

  #heard(): void {
    if (this.client.machine.isOpen) this.#heardAtMs = performance.now();
  }
}
