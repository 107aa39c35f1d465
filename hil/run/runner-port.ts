/** A device's port on a line: cuts what arrives into frames, and sends what the device has while the line has room. */
import type { Device, DeviceEvent, PortName } from '../../protocol/device.js';
import { encodedFrameBytesMax } from '../../protocol/limits.js';
import { nowUs } from './clock.js';
import { FrameSplitter } from './lines/frames.js';
import type { Line } from './lines/line.js';

/** A frame on a line, without its delimiter. */
export interface Carried {
  readonly port: PortName;
  readonly way: 'in' | 'out';
  readonly bytes: Uint8Array;
  readonly atUs: number;
}

export interface RunnerPortOptions {
  readonly push: (event: DeviceEvent) => void;
  /** There may be something to send. */
  readonly wake: () => void;
  readonly onFrame: ((frame: Carried) => void) | undefined;
}

export class RunnerPort {
  readonly name: PortName;
  readonly line: Line;
  readonly #options: RunnerPortOptions;
  readonly #splitter: FrameSplitter;
  /** The device knows that the line is up, and it still is the same opening. */
  #up = false;
  #full = false;

  constructor(name: PortName, line: Line, options: RunnerPortOptions) {
    this.name = name;
    this.line = line;
    this.#options = options;
    this.#splitter = new FrameSplitter({ frameBytesMax: encodedFrameBytesMax, onFrame: (frame) => this.#take(frame) });
  }

  attach(): void {
    this.line.on('open', this.#opened);
    this.line.on('data', this.#arrived);
    this.line.on('lost', this.#lost);
    this.line.on('drain', this.#drained);
    if (this.line.isOpen) this.#opened();
  }

  detach(): void {
    this.line.off('open', this.#opened);
    this.line.off('data', this.#arrived);
    this.line.off('lost', this.#lost);
    this.line.off('drain', this.#drained);
  }

  /** The device has been told that the line is up or down. */
  told(up: boolean): void {
    this.#up = up && this.line.isOpen;
    this.#full = false;
  }

  /** Sends until the device has nothing, the line is full, or it is `untilUs`. */
  send(device: Device, untilUs: number): void {
    while (this.#up && !this.#full) {
      const atUs = nowUs();
      if (atUs >= untilUs) {
        this.#options.wake();
        return;
      }
      const frame = device.transmit(this.name, atUs);
      if (frame === undefined) return;
      this.#full = !this.line.write(frame);
      if (frame.length > 1) this.#show('out', frame.subarray(0, -1), atUs);
    }
  }

  #take(bytes: Uint8Array): void {
    this.#show('in', bytes, nowUs());
    this.#options.push({ kind: 'frame', port: this.name, bytes });
  }

  #show(way: 'in' | 'out', bytes: Uint8Array, atUs: number): void {
    this.#options.onFrame?.({ port: this.name, way, bytes, atUs });
  }

  readonly #opened = (): void => this.#options.push({ kind: 'line', port: this.name, up: true });

  readonly #arrived = (bytes: Uint8Array): void => this.#splitter.push(bytes);

  readonly #lost = (): void => {
    this.#up = false;
    this.#splitter.reset();
    this.#options.push({ kind: 'line', port: this.name, up: false });
  };

  readonly #drained = (): void => {
    this.#full = false;
    this.#options.wake();
  };
}
