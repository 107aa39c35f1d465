import { expect } from 'chai';
import { JournalLab, metaBytes, recovered } from './journal-lab.js';

describe('the journal, as it lies on the disk', () => {
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
    // Of a snapshot, each that is longer than 64 KiB is a part.
    const parts = [513, 513, 513, 513, 1172, 1, 1];
    expect(lab.disk.writes.slice(8).map((each) => each.sectors)).to.deep.equal(parts);
    expect(recovered(lab.disk.bytes).state.map((each) => each.length)).to.deep.equal(lengths.slice(1));
  });

  it('makes less durable at once where it is told to, and counts a snapshot only with its last batch', () => {
    const lab = new JournalLab(Buffer.alloc(metaBytes), { batchBytesMax: 200 });
    lab.start();
    lab.runAll();
    const appended = ['first', ...Array.from({ length: 5 }, (_, number) => `${number}`.repeat(96))];
    for (const each of appended) lab.append(each);
    const written = lab.disk.writes.length;
    // Of five that came together two fit a batch: a power cut leaves none, two, four or all of them.
    const left = [1, 2, 3, 4].map(() => {
      lab.run();
      return recovered(lab.disk.bytes).state.length;
    });
    expect([left, lab.disk.writes.length - written, lab.effects]).to.deep.equal([[1, 3, 5, 6], 4, []]);
    lab.parts = ['a', 'b', 'c'].map((each) => each.repeat(150));
    lab.journal?.checkpoint();
    for (const whole of [appended, appended, lab.parts]) {
      lab.run();
      expect(recovered(lab.disk.bytes).state).to.deep.equal(whole);
    }
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
      const lab = new JournalLab(Buffer.alloc(2 ** 20), { growthBytesMin: 1000 });
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
      // Each record a sector of half 1, the one that passes it, too; then the snapshot in half 0, and the mark on half 1.
      const halves = lab.disk.writes.slice(written).map(({ lba }) => (lba < 1024 ? 0 : 1));
      expect(halves).to.deep.equal([...Array(records + 1).fill(1), 0, 1]);
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
});
