/** What `coldframe disk` does. */
import { createHash, randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import type { DiskName, PortName } from '../../protocol/device.js';
import { sectorBytes } from '../../protocol/ids.js';
import { type CaptureFile, withCapture } from '../capture/capture-file.js';
import { timeOfDayUs } from '../run/clock.js';
import { DeviceRunner } from '../run/device-runner.js';
import { type Area, openArea, parseArea } from '../run/disks/area.js';
import { DiskDevice } from '../run/disks/disk-device.js';
import type { DiskPort } from '../run/disks/disk-port.js';
import { parseLineAddress } from '../run/lines/address.js';
import type { Line } from '../run/lines/line.js';
import { openLine } from '../run/lines/open-line.js';
import { framePayloadMaxOf } from '../run/lines/payload.js';
import { formatSize } from '../run/sizes.js';
import { naming, refuse } from './arguments.js';
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
  const area = naming('--image', () => mediumOf(options));
  requireOwnFile(options.capture, area.kind === 'file' ? [area.path] : []);
  return withCapture(options.capture, warnOfCapture, (capture) => run(options, area, capture));
}

type Medium = Exclude<Area, { readonly kind: 'line' }>;

/** Throws RefusalError `argument-invalid`. */
function mediumOf({ image, size }: DiskOptions): Medium {
  const area = parseArea(image);
  if (area.kind === 'line') throw refuse(`${image} is a line; a disk has a raw image file or memory:SIZE under it`);
  if (area.kind === 'file') return area;
  if (area.sizeBytes === undefined && size === undefined) throw refuse('memory: needs a size, as in memory:64MiB');
  if (area.sizeBytes !== undefined && size !== undefined) throw refuse(`${image} has its size; leave out --size`);
  return area;
}

async function run({ line: text, size }: DiskOptions, area: Medium, capture: CaptureFile | undefined): Promise<number> {
  const address = parseLineAddress(text);
  const onTrouble = ({ detail }: { readonly detail: string }) => log('error', detail);
  // Who speaks to the disk is of no matter here: the area is no line.
  const medium = await openArea(area, { role: 'main', sizeBytes: size, onTrouble });
  const framePayloadMax = framePayloadMaxOf(address);
  const device = new DiskDevice({
    serial: serialOf(area),
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

/** The same image is the same disk; what is in memory is another one each time. */
function serialOf(area: Medium): string {
  const identity = area.kind === 'file' ? resolve(area.path) : randomBytes(16);
  return createHash('sha256').update(identity).digest('hex').slice(0, 12).toUpperCase();
}
