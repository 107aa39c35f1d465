/** A cable between a model, as a process of its own, and the doctor: two PTYs with something wrong between them. */

import { FrameSplitter } from '../../../hil/run/lines/frames.js';
import { openPtyLine, type PtyLine } from '../../../hil/run/lines/open-line.js';
import { readPortSettings } from '../../../hil/run/lines/port-settings.js';
import { decodeFrame, encodeFrame } from '../../../protocol/frame/frame.js';

/** What the doctor is to find. */
export type Fault =
  | 'none'
  /** Opens of the model say that they are of link version 2. */
  | 'other-version'
  /** The model's board speaks 115200 baud, whatever the doctor's port is set to. */
  | 'board-at-115200'
  /** What the doctor sends does not arrive. */
  | 'one-way'
  /** Runs of noise before each good frame. */
  | 'noise';

const delimiter = Buffer.of(0);
/** In front of each frame, for nobody knows which one the doctor hears first. */
const noise = Buffer.from('noise\0hum\0crosstalk\0');

export class BadCable {
  readonly model: PtyLine = openPtyLine({ kind: 'pty' });
  readonly doctor: PtyLine = openPtyLine({ kind: 'pty' });
  fault: Fault = 'none';

  constructor() {
    const frames = new FrameSplitter({ frameBytesMax: 100_000, onFrame: (frame) => this.#toDoctor(frame) });
    this.model.on('data', (bytes) => frames.push(bytes));
    this.doctor.on('data', (bytes) => {
      if (this.fault !== 'one-way') this.model.write(this.#atBaud(bytes));
    });
  }

  set(fault: Fault): void {
    this.fault = fault;
  }

  async close(): Promise<void> {
    await Promise.all([this.model.close(), this.doctor.close()]);
  }

  #toDoctor(frame: Uint8Array): void {
    const decoded = decodeFrame(frame, 0);
    const isOpen = decoded.ok && decoded.frame.kind === 'open';
    if (this.fault === 'noise') this.doctor.write(noise);
    if (this.fault === 'other-version' && isOpen) {
      const payload = Buffer.from(decoded.frame.payload);
      payload[0] = 2;
      this.doctor.write(encodeFrame({ kind: 'open', payload }, 0));
    } else this.doctor.write(this.#atBaud(Buffer.concat([frame, delimiter])));
  }

  /** Bytes as they arrive where the two ends of a line have different rates. */
  #atBaud(bytes: Uint8Array): Uint8Array {
    const isWrong = this.fault === 'board-at-115200' && readPortSettings(this.doctor.path).baud !== 115_200;
    return isWrong ? bytes.map((byte) => byte ^ 0xa5) : bytes;
  }
}
