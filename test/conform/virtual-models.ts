/** The models in virtual time, with the suite at the port that it is for; any of them wrapped, so that it does wrong. */
import { createHash } from 'node:crypto';

import { MainController } from '../../firmware-sim/main/main-controller.js';
import { SubController } from '../../firmware-sim/sub/sub-controller.js';
import type { RemotePort, Surroundings } from '../../hil/conform/bench.js';
import type { ConformRole, Requirement } from '../../hil/conform/check.js';
import { newPlayedRecords } from '../../hil/conform/played-records.js';
import { requirements } from '../../hil/conform/requirements.js';
import { runSuite } from '../../hil/conform/run-suite.js';
import type { CheckRecord } from '../../hil/conform/suite-record.js';
import { DiskDevice } from '../../hil/run/disks/disk-device.js';
import { SimulatedDisk } from '../../hil/simulate/simulated-disk.js';
import { HostClient } from '../../host/client.js';
import type { Device, DiskName } from '../../protocol/device.js';
import type { Method } from '../../protocol/ids.js';
import { join, type VirtualDevice, VirtualSite, VirtualWire } from './virtual-site.js';

export interface VirtualOptions {
  readonly role: ConformRole;
  readonly key?: Uint8Array;
  /** What stands between the model and everything else. */
  readonly wrap?: (device: Device) => Device;
  /** A sub has an image of a main, which is there; a main has a sub. */
  readonly isPaired?: boolean;
  /** The suite is the other controller, too. */
  readonly hasRemote?: boolean;
  readonly method?: Method;
  /** Of the lines to the suite, in bits per second; they carry all at once unless given. */
  readonly baud?: number;
  readonly blockBytes?: number;
  /** Of the shadow or staging area; the volume fits into it unless given. */
  readonly slotBytes?: number;
  /** How long the sub's disk takes for each write to the volume, in microseconds. */
  readonly writeUs?: number;
  readonly allowDataLoss?: boolean;
  readonly canCutPower?: boolean;
  readonly requirements?: readonly Requirement[];
}

const volumeBytes = 2 ** 20;
/** Staging and shadow areas have a block more than the volume: the last one holds their stamp. */
const blockBytesMax = 4096;

/** Runs the suite against a model; the records of its checks. */
export async function conform(options: VirtualOptions): Promise<readonly CheckRecord[]> {
  const site = new VirtualSite();
  const device = await deviceOf(site, options);
  const { allowDataLoss = true, canCutPower = true } = options;
  let count = 0;
  const surroundings: Surroundings = {
    ...{ role: options.role, key: options.key, allowDataLoss, marksBefore: new Set<number>() },
    wire: new VirtualWire(site, device, options.role === 'disk' ? 'target' : 'host', options.baud),
    powerCycle: canCutPower ? async () => device.powerCycle() : undefined,
    fresh: (bytes) => {
      count += 1;
      return Buffer.alloc(bytes, createHash('sha256').update(`fresh bytes ${count}`).digest());
    },
  };
  const remote = options.hasRemote === true ? { remote: remotePort(site, device, options) } : {};
  const chosen = { requirements: options.requirements ?? requirements };
  const { records } = await site.run(runSuite({ ...surroundings, ...remote, ...chosen }));
  return records;
}

function remotePort(site: VirtualSite, device: VirtualDevice, { key, baud }: VirtualOptions): RemotePort {
  const wire = new VirtualWire(site, device, 'remote', baud);
  return { wire, key, marksBefore: new Set<number>(), records: newPlayedRecords() };
}

/** Numbers of the checks that failed. */
export function failedNumbers(records: readonly CheckRecord[]): string[] {
  return records.filter(({ outcome }) => outcome.kind === 'failed').map(({ number }) => number);
}

async function deviceOf(site: VirtualSite, options: VirtualOptions) {
  const {
    role,
    key,
    wrap = (device) => device,
    isPaired,
    method = 'differential',
    blockBytes = 4096,
    slotBytes,
    writeUs = 0,
  } = options;
  if (role === 'disk') {
    return site.add(
      () => wrap(new DiskDevice({ serial: 'CONFORM-1' })),
      new Map([['medium', new SimulatedDisk(volumeBytes)]]),
    );
  }
  const sealed = key === undefined ? {} : { key };
  const remote = { ...sealed, windowBits: 15, heldRuns: true };
  const shape = { host: sealed, remote, blockBytes, volumeCount: 1 };
  const wrapped = (own: ConformRole, device: Device) => (own === role ? wrap(device) : device);
  const addMain = () =>
    site.add(() => wrapped('main', new MainController({ ...shape, method })), disks('primary0', 'shadow0', slotBytes));
  const addSub = () =>
    site.add(() => wrapped('sub', new SubController(shape)), disks('secondary0', 'staging0', slotBytes), {
      ...{ disk: 'secondary0', writeUs },
    });
  if (isPaired !== true) return role === 'main' ? addMain() : addSub();
  const main = addMain();
  const sub = addSub();
  join(site, [main, 'remote'], [sub, 'remote']);
  if (role === 'sub') await image(site, main, sealed);
  return role === 'main' ? main : sub;
}

function disks(
  volume: DiskName,
  slots: DiskName,
  slotBytes = volumeBytes + blockBytesMax,
): Map<DiskName, SimulatedDisk> {
  return new Map<DiskName, SimulatedDisk>([
    ['meta', new SimulatedDisk(64 * 2 ** 20)],
    [volume, new SimulatedDisk(volumeBytes)],
    [slots, new SimulatedDisk(slotBytes)],
  ]);
}

/** Has a host write at main, and freeze; resolves when the sub shows the image. */
async function image(site: VirtualSite, main: VirtualDevice, sealed: { readonly key?: Uint8Array }): Promise<void> {
  const onSubmit = () => void site.after(0, () => {});
  const onTold = () => {
    site.hasTold = true;
  };
  const client = new HostClient({ entropy: Buffer.alloc(32, 'a host'), ...sealed, onSubmit, onTold });
  const host = site.add(() => client.machine, new Map());
  join(site, [host, 'target'], [main, 'host']);
  await site.run(client.write(0, 0, Buffer.alloc(5 * 4096, 'an image. ')).done);
  const { generation } = await site.run(client.freeze(Buffer.alloc(16, 'token')));
  await site.run(client.wait(generation, 'structured'));
}
