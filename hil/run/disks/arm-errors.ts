/**
 * Errors on order: the next so many commands of a kind to a disk end with a medium error. A model as a process takes such
 * orders on its console, one a line, and answers each with one:
 *
 *     error staging0 write 3      ->  ok
 *     error staging9 write 3      ->  refused unknown-volume: there is no disk staging9
 */
import { type FailingCommand, failingCommands } from '../../../firmware-sim/disk/armed-errors.js';
import type { DiskName } from '../../../protocol/device.js';
import { RefusalError } from '../../../protocol/refusals.js';
import type { DiskPort } from './disk-port.js';

export interface ErrorOrder {
  readonly disk: DiskName;
  readonly command: FailingCommand;
  /** 0: the disk is mended. */
  readonly times: number;
}

type Disks = ReadonlyMap<DiskName, Pick<DiskPort, 'errors'>>;

/** Throws RefusalError `unknown-volume`, and `capability-missing` for a disk at a line. */
export function armErrors(disks: Disks, { disk, command, times }: ErrorOrder): void {
  const found = disks.get(disk);
  if (found === undefined) throw new RefusalError('unknown-volume', `there is no disk ${disk}`);
  if (found.errors === undefined) throw new RefusalError('capability-missing', `${disk} is at a line`);
  found.errors.arm(command, times);
}

/** How an order is written on a console. */
export function errorOrderText({ disk, command, times }: ErrorOrder): string {
  return `error ${disk} ${command} ${times}`;
}

/** The answer of a console to a line. */
export function answerOrder(disks: Disks, line: string): string {
  try {
    armErrors(disks, parsedOrder(line));
    return 'ok';
  } catch (error) {
    if (!(error instanceof RefusalError)) throw error;
    return `refused ${error.refusal.code}: ${error.refusal.detail}`;
  }
}

function parsedOrder(line: string): ErrorOrder {
  const [word, disk = '', command, times = ''] = line.trim().split(/\s+/);
  const found = failingCommands.find((each) => each === command);
  if (word !== 'error' || found === undefined || !/^\d{1,9}$/.test(times)) {
    throw new RefusalError('argument-invalid', `an order is error DISK ${failingCommands.join('|')} TIMES`);
  }
  return { disk: disk as DiskName, command: found, times: Number(times) };
}
