/**
 * Where an area of a controller is: `memory:64MiB`, a raw image file, or a disk at the end of a line.
 */

import { existsSync, statSync } from 'node:fs';
import { AdvisedRefusal } from '../../../host/advised-refusal.js';
import { sectorBytes } from '../../../protocol/ids.js';
import { type Refusal, RefusalError } from '../../../protocol/refusals.js';
import type { DeviceRunnerOptions } from '../device-runner.js';
import { type LineAddress, parseLineAddress } from '../lines/address.js';
import { openLine } from '../lines/open-line.js';
import { framePayloadMaxOf } from '../lines/payload.js';
import { parseSize } from '../sizes.js';
import { otherSize } from '../stores/image-file.js';
import type { DiskPort } from './disk-port.js';
import { fileMedium, LocalDisk, type LocalDiskOptions, memoryMedium } from './local-disk.js';
import { RemoteDisk } from './remote-disk.js';

export type Area =
  | { readonly kind: 'memory'; readonly sizeBytes: number | undefined }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'line'; readonly address: LineAddress };

const linePrefix = /^(serial|tcp|tcp-listen|unix|unix-listen|pty):/;

/** Reads an area; what begins as no address of a line does is a path. Throws RefusalError `line-address`, `argument-invalid`. */
export function parseArea(text: string): Area {
  if (text.startsWith('memory:')) {
    const size = text.slice('memory:'.length);
    return { kind: 'memory', sizeBytes: size === '' ? undefined : parseSize(size) };
  }
  if (linePrefix.test(text)) return { kind: 'line', address: parseLineAddress(text) };
  if (text === '') throw new RefusalError('argument-invalid', 'an area is a path, memory:SIZE or an address of a line');
  return { kind: 'file', path: text };
}

/** `onFrame` sees the frames of a line to a disk. */
export interface OpenAreaOptions extends Pick<DeviceRunnerOptions, 'onFrame'> {
  /** The size that the area has to have, or gets when it is made. */
  readonly sizeBytes?: number | undefined;
  /** The size that it gets when it is made and `sizeBytes` is not given. */
  readonly sizeBytesDefault?: number | undefined;
  /** Who speaks to a disk at the end of a line. */
  readonly role: 'main' | 'sub';
  readonly onTrouble?: (refusal: Refusal) => void;
  /** Gives up waiting for a disk at the end of a line. */
  readonly signal?: AbortSignal;
}

/**
 * Opens an area. Throws RefusalError as FileStore and RemoteDisk do, `argument-invalid` when memory has no size, and
 * `file-size` when a disk at the end of a line has another one.
 */
export async function openArea(area: Area, options: OpenAreaOptions): Promise<DiskPort> {
  const { onTrouble, sizeBytes = sizeWhenMade(area, options.sizeBytesDefault) } = options;
  const onLocalTrouble = (detail: string) => onTrouble?.({ code: 'disk-error', detail });
  switch (area.kind) {
    case 'memory':
      return new LocalDisk({ medium: memoryMedium(memorySize(area.sizeBytes, sizeBytes)), onTrouble: onLocalTrouble });
    case 'file':
      return new LocalDisk(fileOptions(area.path, sizeBytes, onLocalTrouble));
    case 'line':
      return openRemote(area.address, options);
  }
}

function fileOptions(
  path: string,
  sizeBytes: number | undefined,
  onTrouble: (detail: string) => void,
): LocalDiskOptions {
  if (sizeBytes === undefined && !existsSync(path))
    throw new AdvisedRefusal('file-missing', path, 'Check the path, or give --size: that makes it.');
  const medium = fileMedium({ path, ...(sizeBytes === undefined ? {} : { sizeBytes }) });
  return { medium, onTrouble };
}

/** The default for what has to be made: memory, and files that are missing or empty. */
function sizeWhenMade(area: Area, sizeBytes: number | undefined): number | undefined {
  if (area.kind !== 'file') return sizeBytes;
  return existsSync(area.path) && statSync(area.path).size > 0 ? undefined : sizeBytes;
}

function memorySize(ofArea: number | undefined, given: number | undefined): number {
  const sizeBytes = ofArea ?? given;
  if (sizeBytes === undefined) throw new RefusalError('argument-invalid', 'memory: needs a size, as in memory:64MiB');
  if (sizeBytes % sectorBytes !== 0) throw new RefusalError('argument-invalid', `${sizeBytes} bytes are no sectors`);
  return sizeBytes;
}

async function openRemote(address: LineAddress, options: OpenAreaOptions): Promise<DiskPort> {
  const { role, sizeBytes, onTrouble, onFrame, signal } = options;
  const line = openLine(address);
  const payload = framePayloadMaxOf(address);
  const disk = await RemoteDisk.open(
    {
      ...{ line, role },
      ...(payload === undefined ? {} : { framePayloadMax: payload }),
      ...(onTrouble === undefined ? {} : { onTrouble }),
      ...(onFrame === undefined ? {} : { onFrame }),
    },
    signal,
  );
  const actual = disk.sectors * sectorBytes;
  if (sizeBytes === undefined || sizeBytes === actual) return disk;
  await disk.close();
  throw otherSize(line.name, actual, sizeBytes);
}
