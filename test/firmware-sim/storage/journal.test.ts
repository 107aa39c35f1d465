import { expect } from 'chai';
import { JournalLab, metaBytes, recovered } from './journal-lab.js';

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

/** What is there is the beginning of what was appended, and at least what was told to be durable. */
function expectPrefix(lab: JournalLab, told: readonly string[]): void {
  expect(lab.found?.kind).to.not.equal('corrupt');
  const all = Array.from({ length: 40 }, (_, number) => shortRecord(number));
  expect(lab.state).to.deep.equal(all.slice(0, lab.state.length));
  expect(lab.state.length).to.be.at.least(told.length);
}

/** Snapshots of many parts, and a record more behind each command: most of them come while one is being written. */
function besideSnapshots(commands: number): JournalLab {
  const lab = new JournalLab(Buffer.alloc(2 * 160 * 512), { growthBytesMin: 3000, batchBytesMax: 700 });
  lab.isSplit = true;
  lab.start();
  const reads = lab.disk.commands;
  for (let appended = 0; lab.disk.commands - reads < commands; ) {
    if (appended < 40) {
      lab.append(shortRecord(appended));
      appended += 1;
    }
    if (!lab.run()) break;
  }
  return lab;
}

describe('the journal of durable records', () => {
  it('makes records durable while a snapshot is being written, which ends nevertheless and holds them', () => {
    const lab = new JournalLab(Buffer.alloc(2 * 200 * 512), { batchBytesMax: 700 });
    lab.isSplit = true;
    lab.start();
    lab.runAll();
    for (let number = 0; number < 20; number += 1) lab.append(shortRecord(number));
    lab.runAll();
    lab.journal?.checkpoint();
    const waits: number[] = [];
    for (let number = 20; number < 24; number += 1) {
      const from = lab.disk.writes.length;
      lab.append(shortRecord(number));
      while (lab.told.length <= number && lab.run());
      waits.push(lab.disk.writes.length - from);
    }
    // The part under way, one more, and the record itself.
    expect(waits).to.deep.equal([2, 3, 3, 3]);
    lab.runAll();
    const halves = lab.disk.writes.map(({ lba }) => (lba < 200 ? 0 : 1));
    const [last, other] = [halves.at(-2), halves.at(-1)];
    expect([last, other].sort(), 'the end of the snapshot in one half, the mark in the other').to.deep.equal([0, 1]);
    expect(lab.disk.writes.at(-1)?.lba).to.equal((other ?? 0) * 200);
    expect(recovered(lab.disk.bytes).state).to.deep.equal(
      Array.from({ length: 24 }, (_, number) => shortRecord(number)),
    );
  });

  it('has every record that was told durable after a power cut behind any command, also of a snapshot beside records', () => {
    const whole = besideSnapshots(1000);
    expect(whole.told).to.have.length(40);
    for (let cut = 0; cut <= whole.disk.commands; cut += 1) {
      const lab = besideSnapshots(cut);
      const back = recovered(lab.disk.bytes);
      expectPrefix(back, lab.told);
      back.append(shortRecord(back.state.length));
      back.runAll();
      expect(recovered(back.disk.bytes).state).to.deep.equal(back.state);
      const next = lab.effects[0];
      if (next?.kind !== 'disk' || next.command.op !== 'write') continue;
      for (let sectors = 0; sectors < next.command.data.length / 512; sectors += 1) {
        const torn = besideSnapshots(cut);
        torn.tear(sectors);
        expectPrefix(recovered(torn.disk.bytes), torn.told);
      }
    }
  });

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
