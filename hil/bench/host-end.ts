/**
 * A host of a bench in real time. It bears that its controller is away for a while, as after a power cut; a controller
 * that stays away ends everything that waits for it.
 */
import { randomBytes } from 'node:crypto';
import { HostClient } from '../../host/client.js';
import type { PortName } from '../../protocol/device.js';
import { type LineSeal, lineSealOf } from '../../protocol/session/line-seal.js';
import type { LineCapture } from '../capture/capture-file.js';
import { timeOfDayUs } from '../run/clock.js';
import { DeviceRunner } from '../run/device-runner.js';
import type { Line } from '../run/lines/line.js';
import { LineTaps } from './line-taps.js';

export interface HostEndOptions extends LineSeal {
  readonly line: Line;
  readonly framePayloadMax?: number;
  /** How long the controller may be away, in milliseconds. */
  readonly absenceMsMax?: number;
  /** Where nobody nearer to the controller can capture the line. */
  readonly capture?: LineCapture | undefined;
}

/** How long a controller may be away unless told otherwise, in milliseconds. */
export const absenceMsDefault = 30_000;
/** As many times as long while its power is off. */
const patience = 10;
/** How often in that time a silent controller is asked for a sign of life. */
const looks = 4;

export class HostEnd {
  readonly client: HostClient;
  readonly taps = new LineTaps({ marked: false });
  bytesSent = 0;
  bytesReceived = 0;
  readonly #runner: DeviceRunner;
  readonly #look: NodeJS.Timeout;
  readonly #line: Line;
  readonly #absenceMsMax: number;
  #heardAtMs = performance.now();
  #isAsking = false;
  #hasReason = false;

  constructor(options: HostEndOptions) {
    const { line, framePayloadMax, absenceMsMax = absenceMsDefault, capture } = options;
    this.client = new HostClient({
      entropy: randomBytes(32),
      ...lineSealOf(options),
      ...(framePayloadMax === undefined ? {} : { framePayloadMax }),
      onSubmit: () => this.#runner.wake(),
    });
    this.#runner = new DeviceRunner({
      device: this.client.machine,
      lines: new Map<PortName, Line>([['target', line]]),
      onFrame: ({ way, bytes, atUs }) => {
        capture?.take(way, bytes, timeOfDayUs(atUs));
        this.#count(way, bytes);
      },
    });
    this.#runner.start();
    this.#line = line;
    this.#absenceMsMax = absenceMsMax;
    this.#look = setInterval(() => this.#lookAround(), absenceMsMax / looks);
  }

  /** The controller is away, and that is as it should be. */
  expectAbsence(): void {
    this.#hasReason = true;
  }

  async close(): Promise<void> {
    clearInterval(this.#look);
    this.client.abort({ code: 'line-lost', detail: 'closed by this side' });
    await this.#runner.stop();
  }

  #lookAround(): void {
    const silentMs = performance.now() - this.#heardAtMs;
    const limitMs = this.#absenceMsMax * (this.#hasReason ? patience : 1);
    if (silentMs > limitMs) {
      const { name, trouble } = this.#line;
      const silence = { code: 'line-silent', detail: `${name}: nothing for ${limitMs / 1000} s` } as const;
      this.client.abort(trouble ?? silence);
    } else if (silentMs > this.#absenceMsMax / looks && !this.#isAsking) {
      this.#isAsking = true;
      const answered = () => {
        this.#isAsking = false;
      };
      // Any answer is a sign of life, a refusal too; what ends everything is told to those who wait.
      this.client.status().then(answered, answered);
    }
  }

  #count(way: 'in' | 'out', bytes: Uint8Array): void {
    // The delimiter has been taken off.
    if (way === 'out') {
      this.bytesSent += bytes.length + 1;
      this.taps.there.take(bytes);
    } else {
      this.#heardAtMs = performance.now();
      this.#hasReason = false;
      this.bytesReceived += bytes.length + 1;
      this.taps.back.take(bytes);
    }
  }
}
