/** What `coldframe disk` does. */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { DiskName, PortName } from '../../protocol/device.js';
import { sectorBytes } from '../../protocol/ids.js';
import { type CaptureFile, withCapture } from '../capture/capture-file.js';
import { timeOfDayUs } from '../run/clock.js';
import { DeviceRunner } from '../run/device-runner.js';
import { openArea } from '../run/disks/area.js';
import { DiskDevice } from '../run/disks/disk-device.js';
import type { DiskPort } from '../run/disks/disk-port.js';
import { parseLineAddress } from '../run/lines/address.js';
import type { Line } from '../run/lines/line.js';
import { openLine } from '../run/lines/open-line.js';
import { framePayloadMaxOf } from '../run/lines/payload.js';
import { formatSize } from '../run/sizes.js';
import { requireOwnFile, warnOfCapture } from './capture-option.js';
import { log } from './device-log.js';
import { reachableAt, runDeviceProcess } from './device-process.js';

export interface DiskOptions {
  readonly line: string;
  readonly image: string;
  readonly size?: number;
  readonly capture?: string;
}

/** Runs the disk until it is told to end; returns the exit code. */
export async function runDisk(options: DiskOptions): Promise<number> {
  requireOwnFile(options.capture, [options.image]);
  return withCapture(options.capture, warnOfCapture, (capture) => run(options, capture));
}

async function run({ line: text, image, size }: DiskOptions, capture: CaptureFile | undefined): Promise<number> {
  const address = parseLineAddress(text);
  const onTrouble = ({ detail }: { readonly detail: string }) => log('error', detail);
  // Who speaks to the disk is of no matter here: the area is a file.
  const medium = await openArea({ kind: 'file', path: image }, { role: 'main', sizeBytes: size, onTrouble });
  const framePayloadMax = framePayloadMaxOf(address);
  const device = new DiskDevice({
    serial: serialOf(image),
    ...(framePayloadMax === undefined ? {} : { framePayloadMax }),
  });
  const line = openLine(address);
  const lines = new Map<PortName, Line>([['target', line]]);
  const captured = capture?.line({ name: 'disk', from: 'disk', to: 'controller' });
  const runner = new DeviceRunner({
    device,
    lines,
    onFrame: ({ way, bytes, atUs }) => captured?.take(way, bytes, timeOfDayUs(atUs)),
    disks: new Map<DiskName, DiskPort>([['medium', medium]]),
  });
  const readyText = () => `ready disk line=${reachableAt(line)} size=${formatSize(medium.sectors * sectorBytes)}`;
  return runDeviceProcess({ runner, lines, readyText });
}

/** The same image is the same disk. */
function serialOf(image: string): string {
  return createHash('sha256').update(resolve(image)).digest('hex').slice(0, 12).toUpperCase();
}
