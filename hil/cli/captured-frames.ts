/** What captures the lines of a controller: those at its ports, and those to its disks. */
import type { DiskName, PortName } from '../../protocol/device.js';
import { assert } from '../../protocol/ids.js';
import { hostLineNames, remoteLineName } from '../bench/bench.js';
import type { CaptureFile, LineCapture } from '../capture/capture-file.js';
import { timeOfDayUs } from '../run/clock.js';
import type { FirmwareConfiguration, OpenFirmwareOptions } from '../run/firmware.js';
import type { Carried } from '../run/runner-port.js';

export function capturedFrames(
  capture: CaptureFile,
  { role }: Pick<FirmwareConfiguration, 'role'>,
): Pick<OpenFirmwareOptions, 'onFrame' | 'onDiskFrame'> {
  const ports = new Map<PortName, LineCapture>([
    ['host', capture.line({ name: hostLineNames[role], from: role, to: 'host' })],
    ['remote', capture.line({ name: remoteLineName, from: role, to: role === 'main' ? 'sub' : 'main' })],
  ]);
  // Most disks are files: only those at the end of a line come to be captured.
  const disks = new Map<DiskName, LineCapture>();
  const lineTo = (disk: DiskName): LineCapture => {
    const line = disks.get(disk) ?? capture.line({ name: disk, from: role, to: 'disk' });
    disks.set(disk, line);
    return line;
  };
  return {
    onFrame: (frame) => {
      const line = ports.get(frame.port);
      assert(line !== undefined, `${frame.port} is a port of a controller`);
      take(line, frame);
    },
    onDiskFrame: (disk, frame) => take(lineTo(disk), frame),
  };
}

function take(line: LineCapture, { way, bytes, atUs }: Carried): void {
  line.take(way, bytes, timeOfDayUs(atUs));
}
