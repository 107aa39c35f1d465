import { expect } from 'chai';
import { type AreaStamp, decodeStamp, encodeStamp } from '../../../firmware-sim/controller/area-stamp.js';
import { FlushAll, StampAreas } from '../../../firmware-sim/controller/prepare-areas.js';
import { DiskQueue } from '../../../firmware-sim/storage/disk-queue.js';
import type { DeviceEffect, DiskName } from '../../../protocol/device.js';
import type { Refusal } from '../../../protocol/refusals.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';

const pair = Buffer.alloc(16, 'our pair');
const stampOf = (volume: number): AreaStamp => ({ pair, place: 'shadow', volume });
const empty = Buffer.alloc(512);
type Answer = Buffer | 'failed';

/** Stamps the shadow areas of two volumes; reads and writes end as the test says. */
function stamping(answers: readonly Answer[]) {
  const effects: DeviceEffect[] = [];
  const disks = new DiskQueue(effects);
  const commands: string[] = [];
  const written: (Buffer | undefined)[] = [];
  const ended: (Refusal | undefined)[] = [];
  const areas = [0, 1].map((volume) => {
    const disk: DiskName = `shadow${volume}`;
    return { disk, lba: 80 + volume, stamp: stampOf(volume) };
  });
  const operation = new StampAreas(disks, areas, (failure) => ended.push(failure));
  operation.start();
  for (const answer of answers) {
    const effect = effects.shift();
    if (effect?.kind !== 'disk') break;
    const { disk, command, tag } = effect;
    if (command.op === 'read') commands.push(`${disk} read ${command.lba}+${command.sectors}`);
    if (command.op === 'write') {
      commands.push(`${disk} write ${command.lba}${command.fua === true ? ' durably' : ''}`);
      written.push(Buffer.from(command.data));
    }
    const completion =
      answer === 'failed' ? checkCondition('lbaOutOfRange') : ({ status: 'good', data: answer } as const);
    disks.complete(tag, completion, 0);
  }
  return { commands, written, ended, waiting: effects.length };
}

describe('the stamps of areas', () => {
  it('are written, durably, where there is none, and left where they are ours', () => {
    const { commands, written, ended } = stamping([empty, empty, encodeStamp(stampOf(1))]);
    expect(commands).to.deep.equal(['shadow0 read 80+1', 'shadow0 write 80 durably', 'shadow1 read 81+1']);
    expect(decodeStamp(written[0] ?? empty)).to.deep.equal({ ...stampOf(0), pair: Uint8Array.from(pair) });
    expect(ended).to.deep.equal([undefined]);
  });

  it('are written for each area that has none', () => {
    const { commands, written, ended } = stamping([empty, empty, empty, empty]);
    expect(commands.filter((each) => each.includes('write'))).to.deep.equal([
      'shadow0 write 80 durably',
      'shadow1 write 81 durably',
    ]);
    expect(written.map((each) => decodeStamp(each ?? empty)?.volume)).to.deep.equal([0, 1]);
    expect(ended).to.deep.equal([undefined]);
  });

  for (const [what, other] of [
    ['another pair', { ...stampOf(0), pair: Buffer.alloc(16, 'other pair') }],
    ['another place', { ...stampOf(0), place: 'staging' }],
    ['another volume', stampOf(1)],
  ] as const) {
    it(`of ${what} end it, and nothing is written`, () => {
      const { commands, ended, waiting } = stamping([encodeStamp(other)]);
      expect(commands).to.deep.equal(['shadow0 read 80+1']);
      expect([ended.map((each) => each?.code), waiting]).to.deep.equal([['foreign-area'], 0]);
      expect(ended[0]?.detail).to.match(/^shadow0 /);
    });
  }

  it('that a disk does not read or write end it, and tell which disk', () => {
    for (const answers of [['failed'], [empty, 'failed']] as const) {
      const { ended, waiting } = stamping(answers);
      expect([ended.map((each) => each?.code), waiting]).to.deep.equal([['disk-error'], 0]);
      expect(ended[0]?.detail).to.match(/^shadow0: ILLEGAL REQUEST/);
    }
    const second = stamping([empty, empty, 'failed']);
    expect(second.ended[0]?.detail).to.match(/^shadow1: /);
  });
});

describe('flushing all disks', () => {
  it('flushes one after the other, and goes on although one fails', () => {
    const effects: DeviceEffect[] = [];
    const disks = new DiskQueue(effects);
    let ended = 0;
    const failed: DiskName[] = [];
    new FlushAll(disks, ['primary0', 'shadow0'], (each) => {
      ended += 1;
      failed.push(...each);
    }).start();
    const flushed: string[] = [];
    for (let effect = effects.shift(); effect?.kind === 'disk'; effect = effects.shift()) {
      expect([effect.command.op, effects.length, ended]).to.deep.equal(['synchronizeCache', 0, 0]);
      flushed.push(effect.disk);
      disks.complete(effect.tag, checkCondition('lbaOutOfRange'), 0);
    }
    expect([flushed, ended]).to.deep.equal([['primary0', 'shadow0'], 1]);
    expect(failed, 'and it says so').to.deep.equal(['primary0', 'shadow0']);
  });
});
