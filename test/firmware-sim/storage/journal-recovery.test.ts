import { expect } from 'chai';
import { DiskQueue } from '../../../firmware-sim/storage/disk-queue.js';
import { encodeBatch } from '../../../firmware-sim/storage/journal-format.js';
import { JournalRecovery, type RecoveredRecords } from '../../../firmware-sim/storage/journal-recovery.js';
import type { DeviceEffect } from '../../../protocol/device.js';
import { JournalLab, metaBytes, recovered } from './journal-lab.js';

describe('the journal, read back after power on', () => {
  it('reads back a snapshot of many parts, whether or not one ends where a read ends', () => {
    // Of the first, two fill what one READ takes; of the second, the fourth lies across two reads.
    for (const [bytes, halfSectors, reads] of [
      [524_236, 8000, 7],
      [300_000, 4200, 6],
    ] as const) {
      const lab = new JournalLab(Buffer.alloc(2 * halfSectors * 512));
      lab.start();
      lab.runAll();
      lab.parts = Array.from('abcdefg', (letter) => letter.repeat(bytes));
      lab.journal?.checkpoint();
      lab.runAll();
      lab.append('after');
      lab.runAll();
      const sectors = Math.ceil((48 + 4 + bytes) / 512);
      expect(lab.disk.writes.slice(2, 9).map((each) => each.sectors)).to.deep.equal(Array(7).fill(sectors));
      const back = recovered(lab.disk.bytes);
      expect(back.disk.commands).to.equal(reads);
      expect(back.state.map((each) => `${each[0]}${each.length}`)).to.deep.equal([
        ...Array.from('abcdefg', (letter) => `${letter}${bytes}`),
        'a5',
      ]);
      back.append('end');
      back.runAll();
      expect(recovered(back.disk.bytes).state.slice(7)).to.deep.equal(['after', 'end']);
    }
  });

  it('is refused as corrupt when a batch is damaged at the end of what one READ takes, and others follow', () => {
    const lab = new JournalLab(Buffer.alloc(2 * 4200 * 512));
    lab.start();
    lab.runAll();
    // Batches of 587 sectors: the fourth behind the snapshot lies across the end of the first read.
    for (let number = 0; number < 5; number += 1) {
      lab.append(String(number).repeat(300_000));
      lab.runAll();
    }
    expect(recovered(lab.disk.bytes).state).to.have.length(5);
    for (let number = 0; number < 4; number += 1) {
      const bytes = Buffer.from(lab.disk.bytes);
      bytes.fill(0xff, (1 + 587 * number) * 512, (2 + 587 * number) * 512);
      expect(recovered(bytes).found?.kind, `batch ${number}`).to.equal('corrupt');
    }
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

  it('makes up for the mark that formatting was cut off before', () => {
    const lab = new JournalLab(Buffer.alloc(metaBytes));
    lab.start();
    lab.runAll();
    const unmarked = Buffer.from(lab.disk.bytes).fill(0, metaBytes / 2);
    const { found } = recovered(unmarked);
    expect(found?.kind === 'recovered' && found.position.superseded).to.deep.equal({ half: 1, checkpoint: 0 });
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
});
