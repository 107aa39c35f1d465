/** What `coldframe disk` does. */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { DiskName, PortName } from '../../protocol/device.js';
import { sectorBytes } from '../../protocol/ids.js';
import { DeviceRunner } from '../run/device-runner.js';
import { openArea } from '../run/disks/area.js';
import { DiskDevice } from '../run/disks/disk-device.js';
import type { DiskPort } from '../run/disks/disk-port.js';
import { parseLineAddress } from '../run/lines/address.js';
import type { Line } from '../run/lines/line.js';
import { openLine } from '../run/lines/open-line.js';
import { framePayloadMaxOf } from '../run/lines/payload.js';
import { formatSize } from '../run/sizes.js';
import { log } from './device-log.js';
import { reachableAt, runDeviceProcess } from './device-process.js';

export interface DiskOptions {
  readonly line: string;
  readonly image: string;
  readonly size?: number;
}

/** Runs the disk until it is told to end; returns the exit code. */
export async function runDisk({ line: text, image, size }: DiskOptions): Promise<number> {
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
  const runner = new DeviceRunner({
    device,
    lines,
    disks: new Map<DiskName, DiskPort>([['medium', medium]]),
  });
  const readyText = async () =>
    `ready disk line=${await reachableAt(line)} size=${formatSize(medium.sectors * sectorBytes)}`;
  return runDeviceProcess({ runner, lines, readyText });
}

/** The same image is the same disk. */
function serialOf(image: string): string {
  return createHash('sha256').update(resolve(image)).digest('hex').slice(0, 12).toUpperCase();
}
