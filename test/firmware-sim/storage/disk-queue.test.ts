import { expect } from 'chai';
import { DiskQueue } from '../../../firmware-sim/storage/disk-queue.js';
import type { Operation, Outcome } from '../../../firmware-sim/storage/operation.js';
import type { DeviceEffect } from '../../../protocol/device.js';
import type { Completion, MediumCommand } from '../../../protocol/scsi/commands.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';

const good: Completion = { status: 'good', data: new Uint8Array(0) };
const busy: Completion = { status: 'busy' };
const write = (lba: number): MediumCommand => ({ op: 'write', lba, data: Buffer.alloc(512, lba) });

class Bench {
  readonly effects: DeviceEffect[] = [];
  readonly queue = new DiskQueue(this.effects);
  readonly ended: string[] = [];

  operation(name: string): Operation {
    const resume = (outcome: Outcome) => this.ended.push(`${name} ${outcome.kind}`);
    return { name, resume };
  }

  /** The commands issued since the last look, as words. */
  issued(): { readonly tag: number; readonly text: string }[] {
    return this.effects.splice(0).flatMap((effect) => {
      if (effect.kind !== 'disk') return [];
      const { op } = effect.command;
      const place = 'lba' in effect.command ? ` ${effect.command.lba}` : '';
      const text = op === 'synchronizeCache' ? 'flush' : `${op}${place}`;
      return [{ tag: effect.tag, text }];
    });
  }

  texts(): string[] {
    return this.issued().map(({ text }) => text);
  }

  /** Ends the commands issued since the last look, in order. */
  end(completion: Completion, nowUs = 0): string[] {
    const issued = this.issued();
    for (const { tag } of issued) this.queue.complete(tag, completion, nowUs);
    return issued.map(({ text }) => text);
  }
}

describe('a controller’s way to its disks', () => {
  it('tries a busy disk again after a pause, and gives up after two hundred tries', () => {
    const bench = new Bench();
    bench.queue.issue('meta', { op: 'read', lba: 3, sectors: 1 }, bench.operation('read'));
    expect(bench.end(busy, 1000)).to.deep.equal(['read 3']);
    expect([bench.texts(), bench.queue.outstanding]).to.deep.equal([[], 1]);
    const dueUs = bench.queue.deadline() ?? 0;
    expect(dueUs).to.be.greaterThan(1000);
    bench.queue.tick(dueUs - 1);
    expect(bench.texts()).to.deep.equal([]);
    bench.queue.tick(dueUs);
    expect(bench.end({ status: 'taskSetFull' }, dueUs)).to.deep.equal(['read 3']);
    bench.queue.tick(bench.queue.deadline() ?? 0);
    expect(bench.end(good)).to.deep.equal(['read 3']);
    expect(bench.ended).to.deep.equal(['read done']);
    bench.queue.issue('meta', { op: 'read', lba: 4, sectors: 1 }, bench.operation('other'));
    for (let tries = 0; tries < 200; tries += 1) {
      expect(bench.ended).to.deep.equal(['read done']);
      expect(bench.end(busy)).to.deep.equal(['read 4']);
      bench.queue.tick(bench.queue.deadline() ?? 0);
    }
    expect([bench.ended[1], bench.texts()]).to.deep.equal(['other failed', []]);
  });

  it('tries medium and hardware errors and aborted commands a few times at once, and refusals not at all', () => {
    const bench = new Bench();
    bench.queue.issue('primary0', { op: 'read', lba: 1, sectors: 1 }, bench.operation('read'));
    expect(bench.end(checkCondition('dataPhaseError'))).to.deep.equal(['read 1']);
    expect(bench.end(checkCondition('hardwareFailure'))).to.deep.equal(['read 1']);
    expect(bench.end(checkCondition('unrecoveredReadError'))).to.deep.equal(['read 1']);
    expect([bench.texts(), bench.ended]).to.deep.equal([[], ['read failed']]);
    bench.queue.issue('primary0', { op: 'read', lba: 1, sectors: 1 }, bench.operation('outside'));
    bench.end(checkCondition('lbaOutOfRange'));
    expect([bench.texts(), bench.ended.at(-1)]).to.deep.equal([[], 'outside failed']);
  });

  it('tries errors as often when the disk was busy, or lost its power, before', () => {
    const bench = new Bench();
    bench.queue.issue('primary0', { op: 'read', lba: 1, sectors: 1 }, bench.operation('read'));
    for (let times = 0; times < 3; times += 1) {
      bench.end(busy);
      bench.queue.tick(bench.queue.deadline() ?? 0);
    }
    bench.end(checkCondition('powerOn'));
    for (let times = 0; times < 2; times += 1) {
      expect(bench.end(checkCondition('unrecoveredReadError'))).to.deep.equal(['read 1']);
    }
    expect(bench.end(good)).to.deep.equal(['read 1']);
    expect(bench.ended).to.deep.equal(['read done']);
  });

  it('writes again what was not flushed when a disk says that it lost power, in order, before what met it', () => {
    const bench = new Bench();
    for (const lba of [1, 2, 3]) bench.queue.issue('shadow0', write(lba), bench.operation(`write ${lba}`));
    bench.queue.issue('shadow0', { ...write(4), fua: true } as MediumCommand, bench.operation('forced'));
    bench.queue.issue('primary0', write(9), bench.operation('elsewhere'));
    bench.end(good);
    bench.queue.flush('shadow0', bench.operation('flush'));
    expect(bench.end(checkCondition('powerOn'))).to.deep.equal(['flush']);
    expect(bench.end(good)).to.deep.equal(['write 1', 'write 2', 'write 3']);
    expect([bench.ended.at(-1), bench.queue.outstanding]).to.deep.equal(['elsewhere done', 1]);
    expect(bench.end(good)).to.deep.equal(['flush']);
    expect(bench.ended.at(-1)).to.equal('flush done');
    // Flushed now: nothing is left to write again.
    bench.queue.issue('shadow0', { op: 'read', lba: 1, sectors: 1 }, bench.operation('read'));
    bench.end(checkCondition('powerOn'));
    expect(bench.texts()).to.deep.equal(['read 1']);
  });

  it('writes again whatever kind of command changed the medium, nothing else, and nothing that is still on its way', () => {
    const bench = new Bench();
    const pattern = Buffer.alloc(512);
    const same: MediumCommand = { op: 'writeSame', lba: 5, sectors: 2, pattern, unmap: true };
    const unmap: MediumCommand = { op: 'unmap', ranges: [{ lba: 8, sectors: 1 }] };
    const read: MediumCommand = { op: 'read', lba: 1, sectors: 1 };
    for (const command of [same, unmap, read]) bench.queue.issue('shadow0', command, bench.operation(command.op));
    expect(bench.end(good)).to.deep.equal(['writeSame 5', 'unmap', 'read 1']);
    bench.queue.issue('shadow0', write(7), bench.operation('on its way'));
    const [onItsWay] = bench.issued();
    bench.queue.issue('shadow0', { op: 'read', lba: 2, sectors: 1 }, bench.operation('other read'));
    bench.end(checkCondition('powerOn'));
    expect(bench.queue.outstanding).to.equal(4);
    const again = bench.issued();
    expect(again.map(({ text }) => text)).to.deep.equal(['writeSame 5', 'unmap']);
    bench.queue.complete(again[0]?.tag ?? 0, good, 0);
    expect(bench.texts(), 'waits for the other').to.deep.equal([]);
    bench.queue.complete(again[1]?.tag ?? 0, good, 0);
    expect(bench.end(good)).to.deep.equal(['read 2']);
    bench.queue.complete(onItsWay?.tag ?? 0, good, 0);
    expect(bench.ended.slice(-2)).to.deep.equal(['other read done', 'on its way done']);
  });

  it('only repeats the command when a unit attention says something else than a loss of power', () => {
    const bench = new Bench();
    bench.queue.issue('shadow0', write(1), bench.operation('write'));
    bench.end(good);
    bench.queue.issue('shadow0', { op: 'read', lba: 2, sectors: 1 }, bench.operation('read'));
    bench.end(checkCondition('capacityChanged'));
    expect(bench.texts()).to.deep.equal(['read 2']);
  });

  it('counts nothing as flushed by a flush that failed', () => {
    const bench = new Bench();
    bench.queue.issue('shadow0', write(1), bench.operation('write'));
    bench.end(good);
    bench.queue.flush('shadow0', bench.operation('flush'));
    for (let tries = 0; tries < 3; tries += 1) bench.end(checkCondition('writeError'));
    expect(bench.ended).to.deep.equal(['write done', 'flush failed']);
    bench.queue.issue('shadow0', { op: 'read', lba: 2, sectors: 1 }, bench.operation('read'));
    bench.end(checkCondition('powerOn'));
    expect(bench.texts()).to.deep.equal(['write 1']);
  });

  it('passes over the end of a command that it does not know', () => {
    const bench = new Bench();
    bench.queue.issue('shadow0', write(1), bench.operation('write'));
    const [known] = bench.issued();
    bench.queue.complete((known?.tag ?? 0) + 1, good, 0);
    expect([bench.ended, bench.queue.outstanding]).to.deep.equal([[], 1]);
  });

  it('counts a write as flushed only by a flush that was issued after its end', () => {
    const bench = new Bench();
    bench.queue.issue('shadow0', write(1), bench.operation('early'));
    bench.end(good);
    bench.queue.issue('shadow0', write(2), bench.operation('late'));
    const [late] = bench.issued();
    bench.queue.flush('shadow0', bench.operation('flush'));
    const [flush] = bench.issued();
    bench.queue.complete(late?.tag ?? 0, good, 0);
    bench.queue.issue('shadow0', { op: 'read', lba: 3, sectors: 1 }, bench.operation('between'));
    bench.end(good);
    bench.queue.complete(flush?.tag ?? 0, good, 0);
    bench.queue.issue('shadow0', { op: 'read', lba: 1, sectors: 1 }, bench.operation('read'));
    bench.end(checkCondition('powerOn'));
    expect(bench.end(good)).to.deep.equal(['write 2']);
    expect(bench.texts()).to.deep.equal(['read 1']);
  });

  it('fails what waits for a lost write that cannot be written again', () => {
    const bench = new Bench();
    bench.queue.issue('shadow0', write(1), bench.operation('write'));
    bench.end(good);
    bench.queue.flush('shadow0', bench.operation('flush'));
    bench.end(checkCondition('powerOn'));
    for (let tries = 0; tries < 3; tries += 1)
      expect(bench.end(checkCondition('writeError'))).to.deep.equal(['write 1']);
    expect(bench.ended).to.deep.equal(['write done', 'flush failed']);
  });

  it('tells whoever made a write that was lost for good, when it flushes, and nobody else', () => {
    const bench = new Bench();
    const [writer, other] = [bench.operation('writer'), bench.operation('other')];
    bench.queue.issue('shadow0', write(1), writer);
    bench.queue.issue('shadow0', write(2), other);
    bench.end(good);
    bench.queue.issue('shadow0', { op: 'read', lba: 9, sectors: 1 }, bench.operation('read'));
    bench.end(checkCondition('powerOn'));
    const [lost, kept] = bench.issued();
    bench.queue.complete(kept?.tag ?? 0, good, 0);
    bench.queue.complete(lost?.tag ?? 0, checkCondition('writeError'), 0);
    bench.end(checkCondition('writeError'));
    bench.end(checkCondition('writeError'));
    expect(bench.ended.slice(2), 'nobody flushes yet').to.deep.equal(['read failed']);
    bench.queue.flush('shadow0', other);
    bench.end(good);
    expect(bench.ended.at(-1)).to.equal('other done');
    bench.queue.flush('shadow0', writer);
    bench.end(good);
    expect(bench.ended.at(-1)).to.equal('writer failed');
    bench.queue.flush('shadow0', writer);
    bench.end(good);
    expect(bench.ended.at(-1), 'told once').to.equal('writer done');
    expect(bench.queue.outstanding).to.equal(0);
  });

  it('tells of a write that was lost for good also those who share a flush with others', () => {
    const bench = new Bench();
    const writer = bench.operation('writer');
    bench.queue.issue('shadow0', write(1), writer);
    bench.end(good);
    bench.queue.issue('shadow0', { op: 'read', lba: 9, sectors: 1 }, bench.operation('read'));
    bench.end(checkCondition('powerOn'));
    for (let tries = 0; tries < 3; tries += 1) bench.end(checkCondition('writeError'));
    bench.queue.flush('shadow0', bench.operation('first'));
    bench.queue.flush('shadow0', writer);
    bench.queue.flush('shadow0', bench.operation('last'));
    bench.end(good);
    bench.end(good);
    expect(bench.ended.slice(-3)).to.deep.equal(['first done', 'writer failed', 'last done']);
  });

  it('writes nothing again that has failed: something newer may have been written over it since', () => {
    const bench = new Bench();
    bench.queue.issue('shadow0', write(1), bench.operation('failed'));
    for (let tries = 0; tries < 3; tries += 1) bench.end(checkCondition('writeError'));
    const newer: MediumCommand = { op: 'write', lba: 1, data: Buffer.alloc(512, 'newer') };
    bench.queue.issue('shadow0', newer, bench.operation('newer'));
    bench.end(good);
    bench.queue.issue('shadow0', { op: 'read', lba: 9, sectors: 1 }, bench.operation('read'));
    bench.end(checkCondition('powerOn'));
    const commands = bench.effects.flatMap((effect) => (effect.kind === 'disk' ? [effect.command] : []));
    expect(commands).to.deep.equal([newer]);
  });

  it('writes nothing again that was lost for good', () => {
    const bench = new Bench();
    bench.queue.issue('shadow0', write(1), bench.operation('write'));
    bench.end(good);
    bench.queue.issue('shadow0', { op: 'read', lba: 9, sectors: 1 }, bench.operation('read'));
    bench.end(checkCondition('powerOn'));
    for (let tries = 0; tries < 3; tries += 1) bench.end(checkCondition('writeError'));
    bench.queue.issue('shadow0', { op: 'read', lba: 9, sectors: 1 }, bench.operation('read'));
    bench.end(checkCondition('powerOn'));
    expect(bench.texts()).to.deep.equal(['read 9']);
  });

  it('writes again also what a second loss of power takes while it is written again', () => {
    const bench = new Bench();
    for (const lba of [1, 2]) bench.queue.issue('shadow0', write(lba), bench.operation(`write ${lba}`));
    bench.end(good);
    bench.queue.flush('shadow0', bench.operation('flush'));
    bench.end(checkCondition('powerOn'));
    const [first, second] = bench.issued();
    bench.queue.complete(first?.tag ?? 0, good, 0);
    bench.queue.complete(second?.tag ?? 0, checkCondition('powerOn'), 0);
    expect(bench.end(good).sort()).to.deep.equal(['write 1', 'write 2']);
    expect(bench.end(good)).to.deep.equal(['flush']);
    expect(bench.ended.at(-1)).to.equal('flush done');
  });

  it('lets all who ask during a flush share the next one', () => {
    const bench = new Bench();
    bench.queue.flush('meta', bench.operation('first'));
    bench.queue.flush('meta', bench.operation('second'));
    bench.queue.flush('meta', bench.operation('third'));
    expect(bench.end(good)).to.deep.equal(['flush']);
    expect(bench.ended).to.deep.equal(['first done']);
    expect(bench.end(good)).to.deep.equal(['flush']);
    expect(bench.ended).to.deep.equal(['first done', 'second done', 'third done']);
    expect([bench.texts(), bench.queue.outstanding]).to.deep.equal([[], 0]);
  });

  it('tells all who shared a flush that it failed', () => {
    const bench = new Bench();
    bench.queue.flush('meta', bench.operation('first'));
    for (let tries = 0; tries < 3; tries += 1) bench.end(checkCondition('writeError'));
    expect(bench.ended).to.deep.equal(['first failed']);
  });

  it('does not count a write that is held, or paused, among those that a flush has made durable', () => {
    const reset = checkCondition('powerOn');
    for (const why of ['held', 'paused'] as const) {
      const bench = new Bench();
      bench.queue.issue('meta', write(1), bench.operation('first'));
      expect(bench.end(good)).to.deep.equal(['write 1']);
      bench.queue.issue('meta', write(2), bench.operation('second'));
      expect(bench.end(why === 'held' ? reset : busy)).to.deep.equal(['write 2']);
      bench.queue.flush('meta', bench.operation('flush of the first'));
      if (why === 'held') expect(bench.end(good)).to.deep.equal(['write 1']); // Written again; the others were held.
      // The flush ends first, and covers nothing of the second write, which ends after it.
      const issued = bench.issued();
      for (const { tag, text } of issued) if (text === 'flush') bench.queue.complete(tag, good, 0);
      for (const { tag, text } of issued) if (text !== 'flush') bench.queue.complete(tag, good, 0);
      if (why === 'paused') {
        bench.queue.tick(bench.queue.deadline() ?? 0);
        expect(bench.end(good)).to.deep.equal(['write 2']);
      }
      bench.queue.issue('meta', { op: 'read', lba: 9, sectors: 1 }, bench.operation('read'));
      expect(bench.end(reset)).to.deep.equal(['read 9']);
      expect(bench.texts(), `${why}: lost with the cache, written again`).to.deep.equal(['write 2']);
    }
  });

  it('lets flushes go last of what was held while lost writes were written again', () => {
    const bench = new Bench();
    const reset = checkCondition('powerOn');
    bench.queue.issue('meta', write(1), bench.operation('first'));
    expect(bench.end(good)).to.deep.equal(['write 1']);
    bench.queue.flush('meta', bench.operation('flush'));
    bench.queue.issue('meta', write(2), bench.operation('second'));
    // The disk loses its power while both are there.
    expect(bench.end(reset)).to.deep.equal(['flush', 'write 2']);
    while (bench.ended.length < 2) {
      const issued = bench.issued();
      expect(issued.length, 'commands go on').to.be.greaterThan(0);
      for (const { tag } of issued) bench.queue.complete(tag, good, 0);
    }
    bench.queue.issue('meta', { op: 'read', lba: 9, sectors: 1 }, bench.operation('read'));
    expect(bench.end(reset)).to.deep.equal(['read 9']);
    expect(bench.texts()).to.include('write 2');
  });

  it('lets a flush count for nothing that was at the disk when it lost its cache', () => {
    const bench = new Bench();
    const reset = checkCondition('powerOn');
    bench.queue.issue('meta', write(1), bench.operation('write'));
    expect(bench.end(good)).to.deep.equal(['write 1']);
    bench.queue.issue('meta', { op: 'read', lba: 9, sectors: 1 }, bench.operation('read'));
    bench.queue.flush('meta', bench.operation('flush'));
    const [read, flush] = bench.issued();
    bench.queue.complete(read?.tag ?? 0, reset, 0);
    bench.queue.complete(flush?.tag ?? 0, good, 0);
    expect(bench.ended).to.not.include('flush done');
    // The write and the read again, then a flush that covers the write.
    expect(bench.end(good)).to.deep.equal(['write 1']);
    expect(bench.end(good)).to.deep.equal(['read 9', 'flush']);
    expect(bench.ended).to.include('flush done');
  });

  it('counts no unit attention as a failure of the command, and writes again at each loss of power', () => {
    const bench = new Bench();
    const reset = checkCondition('powerOn');
    bench.queue.issue('meta', write(1), bench.operation('first'));
    expect(bench.end(good)).to.deep.equal(['write 1']);
    bench.queue.issue('meta', write(2), bench.operation('second'));
    for (let loss = 0; loss < 5; loss += 1) {
      expect(bench.end(reset)).to.deep.equal(['write 2']);
      expect(bench.end(good), `lost for the ${loss}. time`).to.deep.equal(['write 1']);
    }
    expect(bench.end(good)).to.deep.equal(['write 2']);
    expect(bench.ended).to.deep.equal(['first done', 'second done']);
  });

  it('gives up on a disk that meets a command two hundred times with a unit attention', () => {
    for (const condition of ['powerOn', 'capacityChanged'] as const) {
      const bench = new Bench();
      bench.queue.issue('meta', { op: 'read', lba: 4, sectors: 1 }, bench.operation('read'));
      for (let tries = 0; tries < 200; tries += 1) {
        expect(bench.ended).to.deep.equal([]);
        expect(bench.end(checkCondition(condition))).to.deep.equal(['read 4']);
      }
      expect([bench.ended, bench.texts(), bench.queue.outstanding]).to.deep.equal([['read failed'], [], 0]);
    }
  });

  it('tells of a flush that failed, also when the disk lost its cache meanwhile', () => {
    const bench = new Bench();
    bench.queue.issue('meta', { op: 'read', lba: 9, sectors: 1 }, bench.operation('read'));
    bench.queue.flush('meta', bench.operation('flush'));
    const [read, flush] = bench.issued();
    bench.queue.complete(read?.tag ?? 0, checkCondition('powerOn'), 0);
    bench.queue.complete(flush?.tag ?? 0, checkCondition('invalidFieldInCdb'), 0);
    expect([bench.ended, bench.texts()]).to.deep.equal([['flush failed'], ['read 9']]);
  });

  it('lets a flush count for nothing when its disk lost its cache, whatever else is under way', () => {
    const bench = new Bench();
    bench.queue.issue('meta', write(1), bench.operation('write'));
    bench.end(good);
    bench.queue.issue('primary0', { op: 'read', lba: 5, sectors: 1 }, bench.operation('elsewhere'));
    bench.queue.issue('meta', { op: 'read', lba: 9, sectors: 1 }, bench.operation('read'));
    bench.queue.flush('meta', bench.operation('flush'));
    const [, read, flush] = bench.issued();
    bench.queue.complete(read?.tag ?? 0, checkCondition('powerOn'), 0);
    bench.queue.complete(flush?.tag ?? 0, good, 0);
    expect(bench.ended).to.deep.equal(['write done']);
    expect([bench.end(good), bench.end(good)]).to.deep.equal([['write 1'], ['read 9', 'flush']]);
    expect(bench.ended).to.deep.equal(['write done', 'read done', 'flush done']);
  });
});

describe('a disk, as its queue sees it', () => {
  it('is settled when a flush has covered every write, and each disk by itself', () => {
    const bench = new Bench();
    const settled = () => (['primary0', 'shadow0', 'meta'] as const).map((disk) => bench.queue.isSettled(disk));
    expect(settled(), 'nothing was ever written').to.deep.equal([true, true, true]);
    bench.queue.issue('primary0', write(1), bench.operation('early'));
    bench.queue.issue('shadow0', { ...write(2), fua: true } as MediumCommand, bench.operation('forced'));
    bench.queue.issue('meta', { op: 'read', lba: 3, sectors: 1 }, bench.operation('read'));
    bench.end(good);
    expect(settled(), 'in the cache alone').to.deep.equal([false, true, true]);
    bench.queue.issue('primary0', write(4), bench.operation('late'));
    const [late] = bench.issued();
    bench.queue.flush('primary0', bench.operation('flush'));
    bench.end(good);
    bench.queue.complete(late?.tag ?? 0, good, 0);
    expect(settled(), 'the late write ended after the flush was issued').to.deep.equal([false, true, true]);
    bench.queue.flush('primary0', bench.operation('next flush'));
    bench.end(good);
    expect(settled()).to.deep.equal([true, true, true]);
  });

  it('stays unsettled after a flush that failed, or that was there when the cache was lost', () => {
    const bench = new Bench();
    bench.queue.issue('primary0', write(1), bench.operation('write'));
    bench.end(good);
    bench.queue.flush('primary0', bench.operation('flush'));
    for (let tries = 0; tries < 3; tries += 1) bench.end(checkCondition('writeError'));
    expect([bench.ended.at(-1), bench.queue.isSettled('primary0')]).to.deep.equal(['flush failed', false]);
    bench.queue.issue('primary0', { op: 'read', lba: 9, sectors: 1 }, bench.operation('read'));
    bench.queue.flush('primary0', bench.operation('lost flush'));
    const [read, flush] = bench.issued();
    bench.queue.complete(read?.tag ?? 0, checkCondition('powerOn'), 0);
    bench.queue.complete(flush?.tag ?? 0, good, 0);
    expect(bench.queue.isSettled('primary0')).to.equal(false);
    for (let rounds = 0; rounds < 2; rounds += 1) bench.end(good);
    expect([bench.ended.at(-1), bench.queue.isSettled('primary0')]).to.deep.equal(['lost flush done', true]);
  });
});

/** Whoever asks why nothing moves reads it, and the simulator holds it to be nothing at rest. */
describe('what a controller has in hand at its disks', () => {
  it('is whose commands are at a disk, or wait until it is less busy', () => {
    const bench = new Bench();
    expect(bench.queue.inHand()).to.deep.equal([]);
    bench.queue.issue('meta', { op: 'read', lba: 0, sectors: 1 }, bench.operation('read'));
    bench.queue.issue('primary0', write(1), bench.operation('write'));
    expect(bench.queue.inHand()).to.deep.equal(['read', 'write']);
    const [read] = bench.issued();
    bench.queue.complete(read?.tag ?? 0, busy, 0);
    expect(bench.queue.inHand(), 'one waits').to.deep.equal(['write', 'read']);
    bench.queue.complete((read?.tag ?? 0) + 1, good, 0);
    expect(bench.queue.inHand()).to.deep.equal(['read']);
    bench.queue.tick(bench.queue.deadline() ?? 0);
    bench.end(good);
    expect(bench.queue.inHand()).to.deep.equal([]);
  });

  it('is who waits for the flush under way, then who waits for the next one', () => {
    const bench = new Bench();
    for (const name of ['first', 'second', 'third']) bench.queue.flush('meta', bench.operation(name));
    expect(bench.queue.inHand()).to.deep.equal(['first', 'second', 'third']);
    bench.end(good);
    expect(bench.queue.inHand()).to.deep.equal(['second', 'third']);
    bench.end(good);
    expect(bench.queue.inHand()).to.deep.equal([]);
  });

  it('is every write that a disk lost until it is written again, and what is held until then', () => {
    const bench = new Bench();
    for (const lba of [1, 2]) bench.queue.issue('primary0', write(lba), bench.operation(`write ${lba}`));
    bench.end(good);
    bench.queue.issue('primary0', { op: 'read', lba: 9, sectors: 1 }, bench.operation('read'));
    bench.end(checkCondition('powerOn'));
    bench.queue.flush('primary0', bench.operation('flush'));
    const once = 'primary0: a lost write once more';
    expect(bench.queue.inHand()).to.deep.equal(['read', 'flush', once, once]);
    const [first] = bench.issued();
    bench.queue.complete(first?.tag ?? 0, good, 0);
    expect(bench.queue.inHand()).to.deep.equal(['read', 'flush', once]);
    bench.queue.complete((first?.tag ?? 0) + 1, good, 0);
    expect(bench.queue.inHand()).to.deep.equal(['read', 'flush']);
    bench.end(good);
    expect(bench.queue.inHand()).to.deep.equal([]);
  });
});
