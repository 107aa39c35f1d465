/**
 * A host of a bench in real time. It bears that its controller is away for a while, as after a power cut; a controller
 * that stays away ends everything that waits for it.
 */
import { randomBytes } from 'node:crypto';
import { HostClient } from '../../host/client.js';
import type { PortName } from '../../protocol/device.js';
import { DeviceRunner } from '../run/device-runner.js';
import type { Line } from '../run/lines/line.js';
import { LineTaps } from './line-taps.js';

export interface HostEndOptions {
  readonly line: Line;
  readonly key?: Uint8Array;
  readonly framePayloadMax?: number;
  /** How long the controller may be away, in milliseconds. */
  readonly absenceMsMax?: number;
}

const absenceMsDefault = 30_000;
const lookMs = 500;

export class HostEnd {
  readonly client: HostClient;
  readonly taps = new LineTaps({ marked: false });
  bytesSent = 0;
  bytesReceived = 0;
  readonly #runner: DeviceRunner;
  readonly #look: NodeJS.Timeout;
  #seenAtMs = performance.now();

  constructor({ line, key, framePayloadMax, absenceMsMax = absenceMsDefault }: HostEndOptions) {
    this.client = new HostClient({
      entropy: randomBytes(32),
      ...(key === undefined ? {} : { key }),
      ...(framePayloadMax === undefined ? {} : { framePayloadMax }),
      onSubmit: () => this.#runner.wake(),
    });
    this.#runner = new DeviceRunner({
      device: this.client.machine,
      lines: new Map<PortName, Line>([['target', line]]),
      onFrame: ({ way, bytes }) => this.#count(way, bytes),
    });
    this.#runner.start();
    this.#look = setInterval(() => {
      if (this.client.machine.isOpen) this.#seenAtMs = performance.now();
      else if (performance.now() - this.#seenAtMs > absenceMsMax) {
        const detail = line.trouble?.detail ?? `${line.name}: nobody for ${absenceMsMax / 1000} s`;
        this.client.abort({ code: line.trouble?.code ?? 'line-silent', detail });
      }
    }, lookMs);
  }

  async close(): Promise<void> {
    clearInterval(this.#look);
    this.client.abort({ code: 'line-lost', detail: 'closed by this side' });
    await this.#runner.stop();
  }

  #count(way: 'in' | 'out', bytes: Uint8Array): void {
    // The delimiter has been taken off.
    if (way === 'out') {
      this.bytesSent += bytes.length + 1;
      this.taps.there.take(bytes);
    } else {
      this.bytesReceived += bytes.length + 1;
      this.taps.back.take(bytes);
    }
  }
}
