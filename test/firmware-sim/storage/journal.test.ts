import { expect } from 'chai';
import { DiskQueue } from '../../../firmware-sim/storage/disk-queue.js';
import { encodeBatch } from '../../../firmware-sim/storage/journal-format.js';
import { JournalRecovery, type RecoveredRecords } from '../../../firmware-sim/storage/journal-recovery.js';
import type { DeviceEffect } from '../../../protocol/device.js';
import { JournalLab } from './journal-lab.js';

/** Two halves of 24 sectors: a few records fill one, so that snapshots come often. */
const metaBytes = 48 * 512;
const shortRecord = (number: number) => `record ${number}`.padEnd(60 + ((number * 37) % 500), '.');

/** Appends records two by two and runs `commands` commands, so that some share a batch and the halves change. */
function worked(commands: number, count = 30): JournalLab {
  const lab = new JournalLab(Buffer.alloc(metaBytes));
  lab.start();
  let appended = 0;
  const reads = lab.disk.commands;
  while (lab.disk.commands - reads < commands) {
    if (lab.effects.length === 0 && appended < count) {
      lab.append(shortRecord(appended));
      lab.append(shortRecord(appended + 1));
      appended += 2;
    }
    if (!lab.run()) break;
  }
  return lab;
}

function recovered(bytes: Buffer): JournalLab {
  const lab = new JournalLab(Buffer.from(bytes));
  lab.start();
  return lab;
}

/** What is there is the beginning of what was appended, and at least what was told to be durable. */
function expectPrefix(lab: JournalLab, told: readonly string[]): void {
  expect(lab.found?.kind).to.not.equal('corrupt');
  const all = Array.from({ length: 40 }, (_, number) => shortRecord(number));
  expect(lab.state).to.deep.equal(all.slice(0, lab.state.length));
  expect(lab.state.length).to.be.at.least(told.length);
}

describe('the journal of durable records', () => {
  it('has every record that was told durable after a power cut behind any command, and goes on from there', () => {
    const whole = worked(1000);
    expect(whole.told).to.have.length(30);
    const commands = whole.disk.commands;
    for (let cut = 0; cut <= commands; cut += 1) {
      const lab = worked(cut);
      const back = recovered(lab.disk.bytes);
      expectPrefix(back, lab.told);
      const length = back.state.length;
      back.append(shortRecord(length));
      back.runAll();
      const again = recovered(back.disk.bytes);
      expect(again.state).to.deep.equal(back.state);
      expect(again.state).to.have.length(length + 1);
    }
  });

  it('has them when the power cut tears the command at any sector', () => {
    for (let cut = 0; cut <= worked(1000).disk.commands; cut += 1) {
      for (let sectors = 0; sectors < 24; sectors += 1) {
        const lab = worked(cut);
        const next = lab.effects[0];
        if (next?.kind !== 'disk' || next.command.op !== 'write') break;
        if (sectors >= next.command.data.length / 512) break;
        lab.tear(sectors);
        expectPrefix(recovered(lab.disk.bytes), lab.told);
      }
    }
  });

  it('uses both halves in turn', () => {
    const bytes = worked(1000).disk.bytes;
    for (const half of [0, 1]) expect(bytes.subarray(half * 24 * 512, half * 24 * 512 + 4).toString()).to.equal('CFJ1');
  });

  it('is refused as corrupt, never cut short, when anything but the end of the records is damaged', () => {
    const lab = worked(1000);
    const { found } = recovered(lab.disk.bytes);
    if (found?.kind !== 'recovered') throw new Error('the records are whole');
    const { half, atSector } = found.position;
    let refused = 0;
    for (let sector = 0; sector < atSector; sector += 1) {
      const bytes = Buffer.from(lab.disk.bytes);
      const at = (half * 24 + sector) * 512 + 30;
      bytes[at] = (bytes[at] ?? 0) ^ 0x10;
      const back = recovered(bytes);
      if (back.found?.kind === 'corrupt') refused += 1;
      // Padding is nothing to lose. Else only in the last batch: it cannot be told from an append that a power cut tore.
      else if (back.state.length < lab.state.length) expect(lastBatchStart(bytes, half)).to.be.at.most(sector);
    }
    expect(refused).to.be.greaterThan(2);
  });

  it('takes a disk that was never formatted, or not to its end, for fresh, and one of rubbish for corrupt', () => {
    expect(recovered(Buffer.alloc(metaBytes)).found?.kind).to.equal('fresh');
    const lab = new JournalLab(Buffer.alloc(metaBytes));
    lab.start();
    lab.tear(0);
    expect(recovered(lab.disk.bytes).found?.kind).to.equal('fresh');
    expect(recovered(Buffer.alloc(metaBytes, 'rubbish')).found?.kind).to.equal('corrupt');
  });

  it('never writes a batch of many small records past the end of its half', () => {
    for (let count = 500; count < 1000; count += 7) {
      const lab = new JournalLab(Buffer.alloc(metaBytes));
      lab.start();
      lab.runAll();
      const small = (round: number) => Array.from({ length: count }, (_, number) => `${round}.${number}`);
      const all = [0, 1, 2, 3, 4, 5].flatMap((round) => {
        for (const each of small(round)) lab.append(each);
        lab.runAll();
        return small(round);
      });
      if (lab.lost !== undefined) continue;
      const half = lab.disk.writes.map(({ lba, sectors }) => [
        Math.floor(lba / 24),
        Math.floor((lba + sectors - 1) / 24),
      ]);
      for (const [first, last] of half) expect(last, `${count} records at a time`).to.equal(first);
      expect(recovered(lab.disk.bytes).state).to.deep.equal(all);
    }
  });

  it('says that it is full when a snapshot does not fit a half, and leaves the other half whole', () => {
    const lab = new JournalLab(Buffer.alloc(metaBytes));
    lab.start();
    lab.runAll();
    for (let number = 0; lab.lost === undefined; number += 1) {
      expect(number).to.be.lessThan(200);
      lab.append(shortRecord(number));
      lab.runAll();
    }
    expect([lab.lost, lab.told]).to.deep.equal(['full', lab.state]);
    expect(recovered(lab.disk.bytes).state).to.deep.equal(lab.told);
  });

  it('is not confused by what a snapshot that was cut short left behind', () => {
    const lab = new JournalLab(Buffer.alloc(8 * 2 ** 20));
    lab.start();
    lab.runAll();
    lab.append('small');
    lab.runAll();
    // Six batches, of which four are written.
    lab.parts = Array.from({ length: 6 }, () => Buffer.alloc(300_000, 'long').toString());
    lab.journal?.checkpoint();
    for (let commands = 0; commands < 4; commands += 1) lab.run();
    const second = recovered(lab.disk.bytes);
    expect(second.state).to.deep.equal(['small']);
    second.journal?.checkpoint();
    second.runAll();
    expect(recovered(second.disk.bytes).state).to.deep.equal(['small']);
  });

  it('retires, before anything is appended, a half that a power cut left behind as it was', () => {
    const lab = new JournalLab(Buffer.alloc(metaBytes));
    lab.start();
    lab.runAll();
    lab.append('old');
    lab.runAll();
    lab.state = ['new'];
    lab.journal?.checkpoint();
    lab.run();
    const back = recovered(lab.disk.bytes);
    expect(back.state).to.deep.equal(['new']);
    back.append('newer');
    back.runAll();
    if (back.found?.kind !== 'recovered') throw new Error('the records are whole');
    back.disk.bytes[back.found.position.half * 24 * 512 + 30] = 0xff;
    expect(recovered(back.disk.bytes).found?.kind).to.equal('corrupt');
  });

  it('reads back a snapshot of many parts, whether or not one ends where a read ends', () => {
    // Of the first, two fill what one READ takes; of the second, the fourth lies across two reads.
    for (const bytes of [524_236, 300_000]) {
      const lab = new JournalLab(Buffer.alloc(8 * 2 ** 20));
      lab.start();
      lab.runAll();
      lab.parts = Array.from('abcdefg', (letter) => letter.repeat(bytes));
      lab.journal?.checkpoint();
      lab.append('after');
      lab.runAll();
      const sectors = Math.ceil((48 + 4 + bytes) / 512);
      expect(lab.disk.writes.slice(2, 9).map((each) => each.sectors)).to.deep.equal(Array(7).fill(sectors));
      const back = recovered(lab.disk.bytes);
      expect(back.state.map((each) => `${each[0]}${each.length}`)).to.deep.equal([
        ...Array.from('abcdefg', (letter) => `${letter}${bytes}`),
        'a5',
      ]);
      back.append('end');
      back.runAll();
      expect(recovered(back.disk.bytes).state.slice(7)).to.deep.equal(['after', 'end']);
    }
  });

  it('puts as many records in a batch as make half a mebibyte, and one that is longer in a batch of its own', () => {
    const lab = new JournalLab(Buffer.alloc(8 * 2 ** 20));
    lab.start();
    lab.runAll();
    // The first is on its way alone when the others come.
    const lengths = [1, 262_140, 262_140, 262_141, 262_140, 600_000, 5];
    const records = lengths.map((length) => 'r'.repeat(length));
    for (const each of records) lab.append(each);
    lab.runAll();
    const sectors = [1, 1025, 513, 513, 1172, 1];
    expect(lab.disk.writes.slice(2).map((each) => each.sectors)).to.deep.equal(sectors);
    expect(recovered(lab.disk.bytes).state.map((each) => each.length)).to.deep.equal(lengths);
    lab.parts = records.slice(1);
    lab.journal?.checkpoint();
    lab.runAll();
    expect(lab.disk.writes.slice(8).map((each) => each.sectors)).to.deep.equal([...sectors.slice(1), 1]);
    expect(recovered(lab.disk.bytes).state.map((each) => each.length)).to.deep.equal(lengths.slice(1));
  });

  it('fills a half to its last sector, with records or with a snapshot, and no further', () => {
    const wholeHalf = 24 * 512 - 48 - 4;
    const lab = new JournalLab(Buffer.alloc(metaBytes));
    lab.start();
    lab.runAll();
    lab.append('r'.repeat(wholeHalf - 512));
    lab.runAll();
    expect(lab.disk.writes.slice(2)).to.deep.equal([{ lba: 1, sectors: 23 }]);
    expect(recovered(lab.disk.bytes).state.map((each) => each.length)).to.deep.equal([wholeHalf - 512]);
    const { bytes } = lab.disk;
    for (const [length, lost] of [
      [wholeHalf, undefined],
      [wholeHalf + 1, 'full'],
    ] as const) {
      const back = recovered(bytes);
      back.parts = ['s'.repeat(length)];
      back.journal?.checkpoint();
      back.runAll();
      expect(back.lost).to.equal(lost);
      const kept = lost === undefined ? length : wholeHalf - 512;
      expect(recovered(back.disk.bytes).state.map((each) => each.length)).to.deep.equal([kept]);
      if (lost === undefined) {
        back.append('one too many');
        back.runAll();
        expect([back.lost, back.told]).to.deep.equal(['full', []]);
      }
    }
  });

  it('begins the other half when records pass what is allowed, or twice the snapshot, whichever is more', () => {
    for (const [partBytes, records] of [
      [96, 10],
      [796, 16],
    ] as const) {
      const lab = new JournalLab(Buffer.alloc(2 ** 20), 1000);
      lab.start();
      lab.runAll();
      lab.parts = ['s'.repeat(partBytes)];
      lab.journal?.checkpoint();
      lab.runAll();
      const written = lab.disk.writes.length;
      for (let number = 0; number <= records; number += 1) {
        lab.append('r'.repeat(96));
        lab.runAll();
      }
      // Each record a sector of half 1; then the snapshot in half 0, the mark on half 1, and the last record.
      const halves = lab.disk.writes.slice(written).map(({ lba }) => (lba < 1024 ? 0 : 1));
      expect(halves).to.deep.equal([...Array(records).fill(1), 0, 1, 0]);
    }
  });

  it('is idle when nothing waits to become durable', () => {
    const lab = new JournalLab(Buffer.alloc(metaBytes));
    lab.start();
    expect(lab.journal?.idle).to.equal(false);
    lab.runAll();
    expect(lab.journal?.idle).to.equal(true);
    lab.journal?.append('nobody waits for it');
    expect(lab.journal?.idle).to.equal(false);
    lab.runAll();
    expect([lab.journal?.idle, lab.state]).to.deep.equal([true, ['nobody waits for it']]);
  });

  it('marks the half that it leaves as retired, with nothing in it', () => {
    const lab = new JournalLab(Buffer.alloc(metaBytes));
    lab.start();
    lab.runAll();
    const retired = lab.disk.bytes.subarray(24 * 512, 25 * 512);
    // Flags 4, of checkpoint 0, sequence 0, 0 bytes of records.
    expect(retired.subarray(0, 20).toString('hex')).to.equal(
      Buffer.from('CFJ1\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0', 'latin1').toString('hex'),
    );
  });

  it('is found again where it ended, with what was left to be retired and the highest number given', () => {
    const lab = new JournalLab(Buffer.alloc(8 * 2 ** 20));
    const foundIn = () => recovered(lab.disk.bytes).found;
    const position = (found: ReturnType<typeof foundIn>) => {
      if (found?.kind !== 'recovered') throw new Error('the records are whole');
      const { stamp, ...rest } = found.position;
      expect(Buffer.from(stamp)).to.deep.equal(Buffer.alloc(16, 'stamp'));
      return rest;
    };
    lab.start();
    lab.runAll();
    lab.append('old');
    lab.runAll();
    expect(position(foundIn())).to.deep.equal({ half: 0, checkpoint: 1, sequence: 2, atSector: 2, checkpointMax: 1 });
    lab.journal?.checkpoint();
    lab.run();
    expect(position(foundIn())).to.deep.equal({
      ...{ half: 1, checkpoint: 2, sequence: 1, atSector: 1, checkpointMax: 2 },
      superseded: { half: 0, checkpoint: 1 },
    });
    lab.runAll();
    lab.parts = ['a'.repeat(400_000), 'b'.repeat(400_000)];
    lab.journal?.checkpoint();
    lab.run();
    expect(position(foundIn())).to.deep.equal({ half: 1, checkpoint: 2, sequence: 1, atSector: 1, checkpointMax: 3 });
  });

  it('is refused when a batch stands in the place of another, or has not the kind that belongs there', () => {
    const lab = new JournalLab(Buffer.alloc(metaBytes));
    lab.start();
    lab.runAll();
    for (const record of ['first', 'second', 'third']) {
      lab.append(record);
      lab.runAll();
    }
    const misplaced = Buffer.from(lab.disk.bytes);
    misplaced.copy(misplaced, 2 * 512, 3 * 512, 4 * 512);
    expect(recovered(misplaced).found?.kind).to.equal('corrupt');
    const mixed = Buffer.from(lab.disk.bytes);
    for (const [sequence, kind] of (['snapshot', 'records', 'snapshotEnd'] as const).entries()) {
      const place = { kind, checkpoint: 2, sequence, stamp: Buffer.alloc(16, 'stamp') };
      encodeBatch(place, [Buffer.from(kind)]).copy(mixed, (24 + sequence) * 512);
    }
    expect(recovered(mixed).found?.kind).to.equal('corrupt');
  });

  it('ends before what an earlier formatting left behind', () => {
    const lab = new JournalLab(Buffer.alloc(metaBytes));
    lab.start();
    lab.runAll();
    lab.append('mine');
    lab.runAll();
    const place = { kind: 'records', checkpoint: 1, sequence: 2, stamp: Buffer.alloc(16, 'other') } as const;
    encodeBatch(place, [Buffer.from('not mine')]).copy(lab.disk.bytes, 2 * 512);
    expect(recovered(lab.disk.bytes).state).to.deep.equal(['mine']);
  });

  it('is corrupt when the disk cannot be read, with the reason', () => {
    const effects: DeviceEffect[] = [];
    const disks = new DiskQueue(effects);
    let found: RecoveredRecords | undefined;
    new JournalRecovery(disks, 48, (result) => {
      found = result;
    }).start();
    const [read] = effects;
    if (read?.kind !== 'disk') throw new Error('recovery reads');
    disks.complete(read.tag, { status: 'taskAborted' }, 0);
    expect(found).to.deep.equal({ kind: 'corrupt', detail: 'meta area: taskAborted' });
    expect(effects).to.have.length(1);
  });

  it('says that the disk is lost when it refuses a record, which is not told durable', () => {
    const lab = new JournalLab(Buffer.alloc(metaBytes));
    lab.start();
    lab.runAll();
    lab.append(shortRecord(1));
    const next = lab.effects.shift();
    if (next?.kind !== 'disk') throw new Error('an append writes');
    lab.disks.complete(next.tag, { status: 'taskAborted' }, 0);
    expect([lab.lost, lab.told, lab.state]).to.deep.equal(['refused', [], []]);
  });
});

/** First sector of the last batch in a half, found by its magic. */
function lastBatchStart(bytes: Buffer, half: number): number {
  let last = 0;
  for (let sector = 0; sector < 24; sector += 1) {
    const at = (half * 24 + sector) * 512;
    const live =
      bytes.readUInt32LE(at) === 0x314a4643 && bytes.readUInt32LE(at + 8) === bytes.readUInt32LE(half * 24 * 512 + 8);
    if (live) last = sector;
  }
  return last;
}
