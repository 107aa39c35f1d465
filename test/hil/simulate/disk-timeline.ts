/** A disk and its virtual time for tests: commands begin now, and end when time is told to pass. */
import { FaultyDisk, type FaultyDiskOptions } from '../../../hil/simulate/faulty-disk.js';
import type { DiskEffect, DiskFaultPlan, DiskOperation } from '../../../hil/simulate/plan.js';
import type { Completion, MediumCommand } from '../../../protocol/scsi/commands.js';

export interface Ended {
  completion?: Completion;
}

export class DiskTimeline {
  readonly disk: FaultyDisk;
  readonly applied: DiskFaultPlan[] = [];
  #nowUs = 0;
  #actions: { readonly atUs: number; readonly action: () => void }[] = [];

  constructor(options: Partial<Omit<FaultyDiskOptions, 'applied'>> = {}) {
    const times = options.times ?? { accessUs: 10, flushUs: 30, late: false };
    const applied = (fault: DiskFaultPlan) => this.applied.push(fault);
    this.disk = new FaultyDisk({ bytes: 64 * 512, faults: [], ...options, times, applied });
  }

  begin(command: MediumCommand): Ended {
    const ended: Ended = {};
    const schedule = (delayUs: number, action: () => void) =>
      this.#actions.push({ atUs: this.#nowUs + delayUs, action });
    this.disk.begin(command, schedule, (completion) => {
      ended.completion = completion;
    });
    return ended;
  }

  /** Carries out what is due within so much time; all there is unless told. */
  pass(us = Number.MAX_SAFE_INTEGER): void {
    const untilUs = this.#nowUs + us;
    for (;;) {
      const next = this.#actions.reduce<number | undefined>(
        (best, { atUs }, index) =>
          atUs <= untilUs && (best === undefined || atUs < (this.#actions[best]?.atUs ?? 0)) ? index : best,
        undefined,
      );
      if (next === undefined) break;
      const [due] = this.#actions.splice(next, 1);
      this.#nowUs = due?.atUs ?? this.#nowUs;
      due?.action();
    }
    if (us !== Number.MAX_SAFE_INTEGER) this.#nowUs = untilUs;
  }

  /** From begin to end. */
  run(command: MediumCommand): Completion {
    const ended = this.begin(command);
    this.pass();
    if (ended.completion === undefined) throw new Error('the command has not ended');
    return ended.completion;
  }

  /** The first byte of each sector, as a command sees it. */
  seen(lba: number, sectors: number): number[] {
    return firstBytes(this.disk, lba, sectors);
  }
}

export function firstBytes(disk: FaultyDisk, lba: number, sectors: number): number[] {
  const data = disk.peek(lba, sectors);
  return Array.from({ length: sectors }, (_, index) => data[index * 512] ?? 0);
}

export const write = (lba: number, sectors: number, fill: number, fua = false): MediumCommand => ({
  op: 'write',
  lba,
  data: Buffer.alloc(sectors * 512, fill),
  fua,
});
export const read = (lba: number, sectors: number): MediumCommand => ({ op: 'read', lba, sectors });
export const unmap = (lba: number, sectors: number): MediumCommand => ({ op: 'unmap', ranges: [{ lba, sectors }] });
export const flush: MediumCommand = { op: 'synchronizeCache', lba: 0, sectors: 0 };

export const fault = (operation: DiskOperation, nth: number, effect: DiskEffect): DiskFaultPlan => ({
  kind: 'disk',
  site: 'sub',
  disk: 'staging0',
  operation,
  nth,
  effect,
});
