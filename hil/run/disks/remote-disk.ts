/** A disk at the end of a line. */
import { randomBytes } from 'node:crypto';
import type { PortName } from '../../../protocol/device.js';
import { type Refusal, RefusalError } from '../../../protocol/refusals.js';
import type { Completion, MediumCommand } from '../../../protocol/scsi/commands.js';
import { DeviceRunner, type DeviceRunnerOptions } from '../device-runner.js';
import type { Line } from '../lines/line.js';
import { DiskInitiator } from './disk-initiator.js';
import type { DiskPort } from './disk-port.js';

export interface RemoteDiskOptions extends Pick<DeviceRunnerOptions, 'onFrame'> {
  readonly line: Line;
  readonly role: 'main' | 'sub';
  readonly framePayloadMax?: number;
  /** Told of what the disk refuses, and of lines lost and found. */
  readonly onTrouble?: (refusal: Refusal) => void;
}

export class RemoteDisk implements DiskPort {
  readonly sectors: number;
  readonly #initiator: DiskInitiator;
  readonly #runner: DeviceRunner;

  private constructor(sectors: number, initiator: DiskInitiator, runner: DeviceRunner) {
    this.sectors = sectors;
    this.#initiator = initiator;
    this.#runner = runner;
  }

  /**
   * Waits until the disk has told its capacity, however long that takes, or until `signal` is aborted. Throws
   * RefusalError `wrong-role`, `version-mismatch` and their like when another thing answers, `line-unavailable` when
   * aborted.
   */
  static async open(options: RemoteDiskOptions, signal?: AbortSignal) {
    const { line, role, framePayloadMax, onTrouble, onFrame } = options;
    let isRefused: (refusal: Refusal) => void = () => {};
    const initiator = new DiskInitiator({
      ...{ role, entropy: randomBytes(32) },
      ...(framePayloadMax === undefined ? {} : { framePayloadMax }),
      onRefused: (refusal) => {
        onTrouble?.(refusal);
        if (refusal.code === 'wrong-role' || refusal.code === 'version-mismatch') isRefused(refusal);
      },
    });
    const runner = new DeviceRunner({
      device: initiator,
      lines: new Map<PortName, Line>([['target', line]]),
      ...(onFrame === undefined ? {} : { onFrame }),
    });
    runner.start();
    if (onTrouble !== undefined) line.on('lost', onTrouble);
    try {
      const sectors = await new Promise<number | undefined>((resolve, reject) => {
        isRefused = ({ code, detail }) => reject(new RefusalError(code, `${line.name}: ${detail}`));
        const stopped = () => reject(new RefusalError('line-unavailable', `${line.name}: no disk answered`));
        if (signal?.aborted === true) stopped();
        signal?.addEventListener('abort', stopped, { once: true });
        initiator.askCapacity(resolve);
      });
      if (sectors === undefined) throw new RefusalError('scsi-error', `${line.name}: the disk tells no capacity`);
      return new RemoteDisk(sectors, initiator, runner);
    } catch (error) {
      await runner.stop();
      throw error;
    }
  }

  submit(command: MediumCommand, done: (completion: Completion) => void): void {
    this.#initiator.submit(command, done);
    this.#runner.wake();
  }

  close(): Promise<void> {
    return this.#runner.stop();
  }
}
