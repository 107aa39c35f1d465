/** A device with somebody who watches its steps and its frames. */
import type { Device, DeviceEffect, DeviceEvent, PortName } from '../../protocol/device.js';

export interface DeviceWatcher {
  /** After each event that the device has taken. */
  stepped?(): void;
  /** Each frame that has arrived, as it came off the line, before the device takes it. */
  received?(port: PortName, frame: Uint8Array, nowUs: number): void;
  /** Each frame that it puts on a line. */
  sent?(port: PortName, frame: Uint8Array): void;
}

export class WatchedDevice implements Device {
  readonly #device: Device;
  readonly #watcher: DeviceWatcher;

  constructor(device: Device, watcher: DeviceWatcher) {
    this.#device = device;
    this.#watcher = watcher;
  }

  step(event: DeviceEvent, nowUs: number): readonly DeviceEffect[] {
    if (event.kind === 'frame') this.#watcher.received?.(event.port, event.bytes, nowUs);
    const effects = this.#device.step(event, nowUs);
    this.#watcher.stepped?.();
    return effects;
  }

  transmit(port: PortName, nowUs: number): Uint8Array | undefined {
    const frame = this.#device.transmit(port, nowUs);
    if (frame !== undefined) this.#watcher.sent?.(port, frame);
    return frame;
  }

  deadline(): number | undefined {
    return this.#device.deadline();
  }
}
