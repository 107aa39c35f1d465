import { expect } from 'chai';
import { metaBytesMin } from '../../../firmware-sim/controller/controller.js';
import { MainController } from '../../../firmware-sim/main/main-controller.js';
import { type MainRecord, mainRecordCodec } from '../../../firmware-sim/main/main-records.js';
import type { ReplicaRecord } from '../../../firmware-sim/replica/replica-records.js';
import { encodeBatch } from '../../../firmware-sim/storage/journal-format.js';
import { SubController } from '../../../firmware-sim/sub/sub-controller.js';
import { type SubRecord, subRecordCodec } from '../../../firmware-sim/sub/sub-records.js';
import { SimulatedDisk } from '../../../hil/simulate/simulated-disk.js';
import type { Device, DeviceEffect, DiskName } from '../../../protocol/device.js';
import { blockNumber, generation, volumeNumber } from '../../../protocol/ids.js';

const blockBytes = 4096;
const blocks = 64;
const slots = 16;

/** Switches a controller on over records in its journal: `running`, or the refusal that it halts with. */
function startedWith(
  device: Device,
  [volume, area]: readonly [DiskName, DiskName],
  records: readonly Buffer[],
): string {
  const sizes: [DiskName, number][] = [
    ['meta', metaBytesMin],
    [volume, blocks * blockBytes],
    [area, (slots + 1) * blockBytes],
  ];
  const disks = new Map(sizes.map(([name, bytes]) => [name, new SimulatedDisk(bytes)]));
  const place = { kind: 'snapshotEnd', checkpoint: 1, sequence: 0, stamp: Buffer.alloc(16) } as const;
  disks.get('meta')?.submit({ op: 'write', lba: 0, data: encodeBatch(place, records), fua: true }, () => {});
  const capacities = new Map([...disks].map(([name, disk]) => [name, disk.sectors]));
  const effects = [...device.step({ kind: 'powerOn', entropy: Buffer.alloc(32), capacities }, 0)];
  let ended = 'still recovering';
  for (let effect = effects.shift(); effect !== undefined; effect = effects.shift()) {
    if (effect.kind === 'halted') ended = `${effect.refusal.code}: ${effect.refusal.detail}`;
    else if (effect.kind === 'mark' && effect.name === 'running') ended = 'running';
    else if (effect.kind === 'disk') effects.push(...carriedOut(device, disks, effect));
  }
  return ended;
}

function carriedOut(
  device: Device,
  disks: ReadonlyMap<DiskName, SimulatedDisk>,
  { disk, tag, command }: Extract<DeviceEffect, { kind: 'disk' }>,
): readonly DeviceEffect[] {
  let effects: readonly DeviceEffect[] = [];
  disks.get(disk)?.submit(command, (completion) => {
    effects = device.step({ kind: 'disk', tag, completion }, 0);
  });
  return effects;
}

const shape = { host: {}, remote: {}, blockBytes, volumeCount: 1 };
const volumes = [blocks * blockBytes];
const pair = Buffer.alloc(16, 7);
const formatted: MainRecord = { kind: 'formatted', pair, method: 'differential', blockBytes, volumes };
const prepared: SubRecord = { kind: 'prepared', blockBytes, volumes };
const digests = Buffer.alloc(32);
const at = (first: number, count: number, volume = 0) => ({
  volume: volumeNumber(volume),
  first: blockNumber(first),
  count,
});
const deferred = (first: number, slot: number): MainRecord => ({ kind: 'deferred', ...at(first, 2), slot, digests });

const ofMain = (records: readonly (MainRecord | ReplicaRecord)[]) =>
  startedWith(
    new MainController({ ...shape, method: 'differential' }),
    ['primary0', 'shadow0'],
    records.map((each) => mainRecordCodec.encode(each)),
  );
const ofSub = (records: readonly (SubRecord | ReplicaRecord)[]) =>
  startedWith(
    new SubController(shape),
    ['secondary0', 'staging0'],
    records.map((each) => subRecordCodec.encode(each)),
  );

describe('durable records that pass their checks', () => {
  it('are taken when they fit the areas', () => {
    expect(ofMain([formatted, { kind: 'changing', ...at(0, blocks) }, deferred(62, slots - 2)])).to.equal('running');
    expect(ofSub([prepared, { kind: 'occupied', ...at(0, blocks) }])).to.equal('running');
  });

  const wrong: readonly (readonly [string, readonly MainRecord[], string])[] = [
    ['speak of a volume that is not there', [formatted, { kind: 'changing', ...at(0, 1, 1) }], 'volume 1 of 1'],
    ['pass the end of the volume', [formatted, { kind: 'changing', ...at(1, blocks) }], 'blocks 1+64 of 64'],
    ['speak of nearly endless blocks', [formatted, { kind: 'changing', ...at(0, 2 ** 52) }], 'blocks 0+4503'],
    ['pass the end of the shadow area', [formatted, deferred(0, slots - 1)], 'slots 15+2 of 16'],
    [
      'have fewer digests than blocks',
      [formatted, { kind: 'sent', generation: generation(1), ...at(0, 3), digests }],
      '32 bytes of digests',
    ],
    ['put two blocks into one slot', [formatted, deferred(0, 3), deferred(8, 4)], 'the slots of shadow0'],
    ['do not begin with the shape of the pair', [{ kind: 'changing', ...at(0, 1) }], 'changing: before formatted'],
    ['tell the shape of the pair twice', [formatted, formatted], 'formatted: a second time'],
  ];
  for (const [what, records, detail] of wrong) {
    it(`halt main when they ${what}`, () => {
      const ended = ofMain(records);
      expect(ended).to.match(/^records-corrupt: meta area: /);
      expect(ended).to.include(detail);
    });
  }

  it('halt the sub when they do not fit its areas', () => {
    expect(ofSub([prepared, { kind: 'occupied', ...at(0, 2 ** 52) }])).to.include('blocks 0+4503');
    const slot = { slot: slots, digests };
    expect(ofSub([prepared, { kind: 'overlaid', ...at(0, 2), ...slot }])).to.include('slots 16+2 of 16');
    const twice = [3, 4].map((first) => ({ kind: 'overlaid', ...at(8 * first, 2), slot: first, digests }) as const);
    expect(ofSub([prepared, ...twice])).to.include('the slots of staging0');
  });

  it('halt a controller when there are none in a journal that is there', () => {
    expect([ofMain([]), ofSub([])].map((each) => each.replace(/:.*/, ''))).to.deep.equal([
      'block-size-mismatch',
      'block-size-mismatch',
    ]);
  });

  it('halt a controller that was started with another shape before any of the rest is looked at', () => {
    const larger = { ...formatted, volumes: [2 * blocks * blockBytes] };
    expect(ofMain([larger, { kind: 'changing', ...at(0, 2 * blocks) }])).to.match(/^volume-mismatch/);
  });
});
