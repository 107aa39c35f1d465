/** Whole controllers at power on, over a meta disk that holds any records. */
import { metaBytesMin } from '../../../firmware-sim/controller/controller.js';
import { MainController } from '../../../firmware-sim/main/main-controller.js';
import { mainRecordCodec, mainRecords } from '../../../firmware-sim/main/main-records.js';
import { replicaRecords } from '../../../firmware-sim/replica/replica-records.js';
import { batchPayloadBytesMax, encodeBatch } from '../../../firmware-sim/storage/journal-format.js';
import { SubController } from '../../../firmware-sim/sub/sub-controller.js';
import { subRecordCodec, subRecords } from '../../../firmware-sim/sub/sub-records.js';
import { SimulatedDisk } from '../../../hil/simulate/simulated-disk.js';
import type { Device, DeviceEffect, DiskName } from '../../../protocol/device.js';
import type { MediumCommand } from '../../../protocol/scsi/commands.js';
import { blockBytes, encodedRecord, mainRecordSeeds, subRecordSeeds, volumeBlocks } from '../records.js';
import { entriesOf, joined } from '../script.js';
import { bufferOf, property, type Target } from '../target.js';
import { checkedMessage } from './messages.js';

const journalStamp = Buffer.alloc(16, 0x73);
const slots = 16;
/** A controller that is starting up needs far fewer commands. */
const commandsMax = 2000;

type Disks = ReadonlyMap<DiskName, SimulatedDisk>;

/** Fresh disks of a controller whose meta disk holds these records as its snapshot. */
function disksWith(records: readonly Uint8Array[], volume: DiskName, area: DiskName): Disks {
  const meta = new SimulatedDisk(metaBytesMin);
  const place = { checkpoint: 1, sequence: 0, stamp: journalStamp };
  write(meta, 0, encodeBatch({ kind: 'snapshotEnd', ...place }, records));
  write(meta, metaBytesMin / 1024, encodeBatch({ kind: 'retired', ...place, checkpoint: 0 }, []));
  return new Map([
    ['meta', meta],
    [volume, new SimulatedDisk(volumeBlocks * blockBytes)],
    [area, new SimulatedDisk((slots + 1) * blockBytes)],
  ]);
}

function write(disk: SimulatedDisk, lba: number, data: Buffer): void {
  disk.submit({ op: 'write', lba, data, fua: true }, () => undefined);
}

/** Switches a controller on and carries out what it asks of its disks; how that ended. */
function powerOn(device: Device, disks: Disks): string {
  const capacities = new Map([...disks].map(([name, disk]) => [name, disk.sectors]));
  const waiting = [...device.step({ kind: 'powerOn', entropy: Buffer.alloc(32, 1), capacities }, 0)];
  let ended = '';
  for (let commands = 0; waiting.length > 0; ) {
    const effect = waiting.shift() as DeviceEffect;
    if (effect.kind === 'halted') ended = effect.refusal.code;
    if (effect.kind === 'mark' && effect.name === 'running') ended = 'running';
    if (effect.kind !== 'disk') continue;
    commands += 1;
    property(commands <= commandsMax, 'it comes to an end');
    waiting.push(...carriedOut(device, disks, effect));
  }
  property(ended !== '', 'it runs or says why not');
  return ended;
}

function carriedOut(
  device: Device,
  disks: Disks,
  { disk: name, tag, command }: Extract<DeviceEffect, { kind: 'disk' }>,
): readonly DeviceEffect[] {
  let effects: readonly DeviceEffect[] = [];
  disks.get(name)?.submit(command satisfies MediumCommand, (completion) => {
    effects = device.step({ kind: 'disk', tag, completion }, 0);
  });
  return effects;
}

interface Shape {
  readonly make: () => Device;
  readonly volume: DiskName;
  readonly area: DiskName;
}

/** Whether it runs with these records, and again when it is switched on once more. */
function started({ make, volume, area }: Shape, input: Uint8Array): string {
  const records = entriesOf(bufferOf(input));
  property(records.length * 4 + input.length <= batchPayloadBytesMax, 'the records fit a batch');
  const disks = disksWith(records, volume, area);
  const first = powerOn(make(), disks);
  const second = powerOn(make(), disks);
  property(first === second, `${first} at first, then ${second}`);
  return first;
}

function repairedRecords(input: Uint8Array): Uint8Array {
  return joined(entriesOf(bufferOf(input)).map(checkedMessage));
}

const limits = {
  inputBytesMax: 4096,
  runsInTests: 30,
  allocates: { fixedBytes: 24 * 2 ** 20, perByte: 4096 },
  modules: ['firmware-sim/', 'protocol/message/'],
  repair: repairedRecords,
};
const ports = { host: {}, remote: {}, blockBytes, volumeCount: 1 };

function mainRecord(kind: (typeof mainRecords)[number]['kind'], own: Readonly<Record<string, unknown>> = {}): Buffer {
  const declared = mainRecords.find((each) => each.kind === kind);
  if (declared === undefined) throw new Error(`there is no record ${kind}`);
  return encodedRecord(mainRecordCodec, declared, own);
}

/** Input: durable records of the main controller, each with u16 its length before it. */
export const mainRecordsTarget: Target = {
  ...limits,
  name: 'main-records',
  about: 'the main controller at power on, over any records that pass their checks',
  seeds: [
    joined([mainRecord('formatted')]),
    joined([mainRecord('formatted'), mainRecord('changing'), mainRecord('frozen'), mainRecord('kept')]),
    joined([
      ...[mainRecord('formatted'), mainRecord('changing', { first: 0, count: 64 }), mainRecord('frozen')],
      ...[mainRecord('sent'), mainRecord('deferred'), mainRecord('committed'), mainRecord('drained')],
    ]),
    joined([mainRecord('formatted'), mainRecord('counters'), mainRecord('allocated'), mainRecord('deferredBefore')]),
    joined(mainRecordSeeds.slice(0, 10)),
  ],
  words: mainRecordSeeds.map((each) => joined([each])),
  run: (input) => {
    const make = () => new MainController({ ...ports, method: 'differential' });
    return { label: started({ make, volume: 'primary0', area: 'shadow0' }, input) };
  },
};

function subRecord(
  kind: (typeof subRecords | typeof replicaRecords)[number]['kind'],
  own: Readonly<Record<string, unknown>> = {},
): Buffer {
  const declared = [...subRecords, ...replicaRecords].find((each) => each.kind === kind);
  if (declared === undefined) throw new Error(`there is no record ${kind}`);
  return encodedRecord(subRecordCodec, declared, own);
}

/** Input: durable records of the sub controller, each with u16 its length before it. */
export const subRecordsTarget: Target = {
  ...limits,
  name: 'sub-records',
  about: 'the sub controller at power on, over any records that pass their checks',
  seeds: [
    joined([subRecord('prepared')]),
    joined([subRecord('prepared'), subRecord('joined'), subRecord('begun'), subRecord('staged')]),
    joined([
      ...[subRecord('prepared'), subRecord('joined'), subRecord('begun', { full: true }), subRecord('staged')],
      ...[subRecord('accepted'), subRecord('placed'), subRecord('settled'), subRecord('tookOver')],
    ]),
    joined([subRecord('prepared'), subRecord('image'), subRecord('overlaid'), subRecord('known')]),
    joined(subRecordSeeds.slice(0, 10)),
  ],
  words: subRecordSeeds.map((each) => joined([each])),
  run: (input) => {
    const make = () => new SubController(ports);
    return { label: started({ make, volume: 'secondary0', area: 'staging0' }, input) };
  },
};
