/**
 * A model of a controller as it runs by itself: its areas opened, its lines made, its firmware started.
 */

import { existsSync, type Stats, statSync } from 'node:fs';
import { MainController } from '../../firmware-sim/main/main-controller.js';
import { SubController } from '../../firmware-sim/sub/sub-controller.js';
import { AdvisedRefusal } from '../../host/advised-refusal.js';
import type { Device, DiskName, PortName } from '../../protocol/device.js';
import { assert, type Method, sectorBytes, volumesMax } from '../../protocol/ids.js';
import { type Refusal, RefusalError } from '../../protocol/refusals.js';
import { type LineSeal, lineSealOf } from '../../protocol/session/line-seal.js';
import { type Compress, compressingPort } from './compress.js';
import { DeviceRunner, type DeviceRunnerOptions } from './device-runner.js';
import { type Area, openArea } from './disks/area.js';
import type { DiskPort } from './disks/disk-port.js';
import type { LineAddress } from './lines/address.js';
import type { Line } from './lines/line.js';
import { openLine } from './lines/open-line.js';
import { framePayloadMaxOf } from './lines/payload.js';
import type { Carried } from './runner-port.js';
import { namedTwice } from './same-file.js';

/** What a controller consists of. Areas of volumes in the order of the volumes. */
export type FirmwareConfiguration = {
  readonly host: LineAddress;
  readonly remote: LineAddress;
  /** Primary areas of main, secondary areas of the sub. */
  readonly volumes: readonly Area[];
  /** Shadow areas of main, staging areas of the sub: one for each volume. */
  readonly slots: readonly Area[];
  readonly meta: Area;
  readonly blockBytes: number;
  /** Sizes of volumes, in bytes: one for all, one for each, or none when they exist. */
  readonly volumeBytes: readonly number[];
  /** Sizes of shadow or staging areas likewise; a volume's size and one block more where they are made. */
  readonly slotBytes: readonly number[];
  /** How the line to the host is sealed, and the one to the other controller. */
  readonly hostSeal?: LineSeal;
  readonly remoteSeal?: LineSeal;
  /** What is sent to the other controller; off unless given. */
  readonly compress?: Compress;
} & ({ readonly role: 'main'; readonly method: Method } | { readonly role: 'sub' });

export interface Firmware {
  /** Not started yet: listen to it, then call `start` in the same turn. */
  readonly runner: DeviceRunner;
  readonly host: Line;
  readonly remote: Line;
  readonly disks: ReadonlyMap<DiskName, DiskPort>;
}

export interface OpenFirmwareOptions extends Pick<DeviceRunnerOptions, 'onFrame'> {
  readonly onTrouble?: (area: DiskName, refusal: Refusal) => void;
  /** Sees the frames of the lines to disks. */
  readonly onDiskFrame?: (area: DiskName, frame: Carried) => void;
  /** Gives up waiting for disks at the end of lines. */
  readonly signal?: AbortSignal;
}

const metaBytesDefault = 64 * 2 ** 20;
/** A meta area for large volumes is a sixteenth of them: sparse, so that it costs what is in it. */
const metaShare = 16;

/**
 * Opens areas, then makes the lines. Throws RefusalError as `openArea` does, `argument-invalid` when counts do not fit or
 * one file is given for two areas, `file-missing` when an area is gone of which there are records.
 */
export async function openFirmware(of: FirmwareConfiguration, options: OpenFirmwareOptions = {}): Promise<Firmware> {
  checkCounts(of);
  checkMemory(of);
  checkTwice(of);
  checkLost(of);
  const disks = await openDisks(of, options);
  const device = deviceOf(of);
  const host = openLine(of.host);
  const remote = openLine(of.remote);
  const lines = new Map<PortName, Line>([
    ['host', host],
    ['remote', remote],
  ]);
  const { onFrame } = options;
  const runner = new DeviceRunner({ device, lines, disks, ...(onFrame === undefined ? {} : { onFrame }) });
  return { runner, host, remote, disks };
}

function deviceOf(of: FirmwareConfiguration): Device {
  const port = (address: LineAddress, seal: LineSeal = {}) => {
    const framePayloadMax = framePayloadMaxOf(address);
    return {
      ...lineSealOf(seal),
      ...(framePayloadMax === undefined ? {} : { framePayloadMax }),
    };
  };
  const common = {
    host: port(of.host, of.hostSeal),
    remote: { ...port(of.remote, of.remoteSeal), ...compressingPort(of.compress), heldRuns: true },
    ...{ blockBytes: of.blockBytes, volumeCount: of.volumes.length },
  };
  return of.role === 'main' ? new MainController({ ...common, method: of.method }) : new SubController(common);
}

async function openDisks(of: FirmwareConfiguration, options: OpenFirmwareOptions): Promise<Map<DiskName, DiskPort>> {
  const disks = new Map<DiskName, DiskPort>();
  const names = of.role === 'main' ? (['primary', 'shadow'] as const) : (['secondary', 'staging'] as const);
  const open = async (name: DiskName, area: Area, sizes: { sizeBytes?: number; sizeBytesDefault?: number }) => {
    const { onTrouble, onDiskFrame, signal } = options;
    const disk = await openArea(area, {
      ...{ role: of.role, ...sizes },
      ...(onTrouble === undefined ? {} : { onTrouble: (refusal) => onTrouble(name, refusal) }),
      ...(onDiskFrame === undefined ? {} : { onFrame: (frame) => onDiskFrame(name, frame) }),
      ...(signal === undefined ? {} : { signal }),
    });
    disks.set(name, disk);
    return disk.sectors * sectorBytes;
  };
  try {
    let bytesOfAll = 0;
    for (const [index, area] of of.volumes.entries()) {
      const bytes = await open(`${names[0]}${index}`, area, sizeOf(of.volumeBytes, index));
      const slots = of.slots[index];
      assert(slots !== undefined, 'there are slots for each volume');
      // One block more than the volume: the last one holds a stamp.
      const sizeBytesDefault = Math.ceil(bytes / of.blockBytes + 1) * of.blockBytes;
      await open(`${names[1]}${index}`, slots, { ...sizeOf(of.slotBytes, index), sizeBytesDefault });
      bytesOfAll += bytes;
    }
    await open('meta', of.meta, { sizeBytesDefault: metaBytes(bytesOfAll) });
    return disks;
  } catch (error) {
    for (const disk of disks.values()) await disk.close();
    throw error;
  }
}

function metaBytes(bytesOfAll: number): number {
  return Math.max(metaBytesDefault, Math.ceil(bytesOfAll / metaShare / sectorBytes) * sectorBytes);
}

function sizeOf(sizes: readonly number[], index: number): { sizeBytes?: number } {
  const sizeBytes = sizes.length === 1 ? sizes[0] : sizes[index];
  return sizeBytes === undefined ? {} : { sizeBytes };
}

function checkCounts(of: FirmwareConfiguration): void {
  const { role, volumes, slots, volumeBytes, slotBytes } = of;
  const [volume, slot] = role === 'main' ? ['primary', 'shadow'] : ['secondary', 'staging'];
  const refuse = (detail: string) => new RefusalError('argument-invalid', detail);
  if (volumes.length < 1 || volumes.length > volumesMax) {
    throw refuse(`--${volume} is given ${volumes.length} times; a group has 1 to ${volumesMax} volumes`);
  }
  if (slots.length !== volumes.length) {
    throw refuse(`--${volume} is given ${volumes.length} times and --${slot} ${slots.length}; each volume needs both`);
  }
  for (const [option, sizes] of [['--size', volumeBytes] as const, [`--${slot}-size`, slotBytes] as const]) {
    if (sizes.length > 1 && sizes.length !== volumes.length) {
      throw refuse(`${option} is given ${sizes.length} times; give one for all volumes, or one for each`);
    }
  }
}

/** Nothing tells the size of a volume in memory but its area and --size. */
function checkMemory({ role, volumes, volumeBytes }: FirmwareConfiguration): void {
  const isSized = (area: Area) => area.kind !== 'memory' || area.sizeBytes !== undefined;
  if (volumeBytes.length > 0 || volumes.every(isSized)) return;
  const option = role === 'main' ? '--primary' : '--secondary';
  throw new RefusalError('argument-invalid', `${option} memory: needs a size, as in memory:64MiB, or --size`);
}

function checkTwice({ role, volumes, slots, meta }: FirmwareConfiguration): void {
  const twice = namedTwice(filesOf([...volumes, ...slots, meta]));
  if (twice === undefined) return;
  const options = role === 'main' ? '--primary, --shadow, --meta' : '--secondary, --staging, --meta';
  throw new RefusalError('argument-invalid', `${options}: ${twice} is given for two areas, which need a file each`);
}

/**
 * The meta area is made last: once it holds records, all other areas were there. A new one in the place of one that is
 * lost would be an image of zeros that the records call right.
 */
function checkLost({ volumes, slots, meta }: FirmwareConfiguration): void {
  const [records] = filesOf([meta]);
  if (records === undefined || !existsSync(records) || statSync(records).blocks === 0) return;
  const lost = filesOf([...volumes, ...slots]).find((path) => !existsSync(path) || isEmpty(statSync(path)));
  if (lost !== undefined) {
    throw new AdvisedRefusal(
      'file-missing',
      `${lost}, of which ${records} holds records`,
      'Bring it back to its place; for a new pair remove the records too.',
    );
  }
}

const isEmpty = (stats: Stats): boolean => stats.isFile() && stats.size === 0;

const filesOf = (areas: readonly Area[]): string[] =>
  areas.flatMap((area) => (area.kind === 'file' ? [area.path] : []));
