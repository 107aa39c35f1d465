/** Host writes to blocks that are still owed to the sub, of a pair that sends differences: they go to the shadow area. */
import { expect } from 'chai';
import type { Operation } from '../../../firmware-sim/storage/operation.js';
import { zeroSlot } from '../../../firmware-sim/storage/stored-blocks.js';
import { contentDigests } from '../../../protocol/digest.js';
import { blockNumber, volumeNumber } from '../../../protocol/ids.js';
import { refusals } from '../../../protocol/refusals.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';
import { blockBytes, blocksOf, type MainLab } from './main-lab.js';
import { begin, ended, flush, go, isFree, sectorsOf, transferring, write } from './write-lab.js';

const shadowFlush = 'shadow0 synchronizeCache';
const stored = (lba: number, sectors: number) => [`shadow0 write ${lba}+${sectors}`, shadowFlush, 'record deferred'];

/** Where the newest content of blocks lies: slots of the shadow area, or undefined for the primary area. */
const slotsOf = (lab: MainLab, first: number, count: number) =>
  Array.from({ length: count }, (_, index) => lab.core.state.volume(0).deferred.slotOf(first + index));

/** The letters of deferred blocks, as they lie in the shadow area. */
const newest = (lab: MainLab, first: number, count: number) =>
  slotsOf(lab, first, count)
    .map((slot) => (slot === undefined ? '??' : lab.letters('shadow0', slot * 2, 2)))
    .join('');

/** Takes slots so that only these are free. */
function onlyFree(lab: MainLab, ...slots: readonly number[]): void {
  lab.core.takeSlots(0, lab.core.slotsFree(0));
  for (const slot of slots) lab.core.giveSlots(0, [{ first: slot, count: 1 }]);
}

describe('a write to blocks that the sub does not hold yet', () => {
  it('is stored in the shadow area, durably, then recorded, then answered; the frozen content stays', () => {
    const lab = transferring();
    const begun = write(lab, 2, 'XXYY');
    lab.durable();
    expect(lab.waiting).to.deep.equal(['shadow0 write 0+4']);
    lab.disk();
    expect([lab.waiting, lab.records, ended(begun)]).to.deep.equal([[shadowFlush], [], []]);
    lab.disk();
    const digests = contentDigests(blocksOf('XY'), blockBytes);
    expect(lab.records.map(({ record }) => record)).to.deep.equal([
      { kind: 'deferred', volume: 0, first: 1, count: 2, slot: 0, digests },
    ]);
    expect([ended(begun), isFree(lab)]).to.deep.equal([[], false]);
    lab.durable();
    expect([ended(begun), lab.waiting, isFree(lab)]).to.deep.equal([['good'], [], true]);
    expect([lab.letters('primary0', 2, 4), lab.letters('shadow0', 0, 4), lab.core.slotsFree(0)]).to.deep.equal([
      ...['bbcc', 'XXYY', 14],
    ]);
  });

  it('notes the change first', () => {
    const lab = transferring();
    write(lab, 2, 'XX');
    expect(lab.settle()).to.deep.equal(['record changing', ...stored(0, 2)]);
    write(lab, 2, 'YY');
    expect(lab.settle(), 'noted already').to.deep.equal(stored(2, 2));
    lab.core.takeFreed();
    expect([slotsOf(lab, 1, 1), lab.core.slotsFree(0)], 'the slot before is free').to.deep.equal([[1], 15]);
  });

  it('is merged with what the block held: in the primary area, in the shadow area, or zeros', () => {
    const lab = transferring();
    write(lab, 3, 'X');
    expect(lab.settle()).to.deep.equal(['record changing', 'primary0 read 2+2', ...stored(0, 2)]);
    expect([lab.letters('shadow0', 0, 2), lab.letters('primary0', 2, 2)]).to.deep.equal(['bX', 'bb']);
    write(lab, 2, 'Y');
    expect(lab.settle()).to.deep.equal(['shadow0 read 0+2', ...stored(2, 2)]);
    expect(lab.letters('shadow0', 2, 2)).to.equal('YX');
    const zeros = transferring();
    zeros.deferred(1, '.');
    expect(slotsOf(zeros, 1, 1)).to.deep.equal([zeroSlot]);
    write(zeros, 3, 'X');
    expect(zeros.settle()).to.deep.equal(stored(0, 2));
    expect(zeros.letters('shadow0', 0, 2)).to.equal('.X');
  });

  it('of whole blocks and parts is merged block by block', () => {
    const lab = transferring();
    const begun = write(lab, 3, 'XYYZ');
    const reads = lab.settle().filter((each) => each.includes('read'));
    expect(reads).to.deep.equal(['primary0 read 2+2', 'primary0 read 4+2', 'primary0 read 6+2']);
    expect([newest(lab, 1, 3), ended(begun), lab.core.slotsFree(0)]).to.deep.equal(['bXYYZd', ['good'], 13]);
  });

  it('goes to the primary area in between where blocks are not owed, and that is flushed in the end', () => {
    const lab = transferring();
    lab.isSent(2, 'c');
    lab.isSent(5, 'f');
    const begun = write(lab, 2, 'XXYYZZVVWW');
    expect(lab.settle()).to.deep.equal([
      ...['record changing', ...stored(0, 2), 'primary0 write 4+2', ...stored(2, 4), 'primary0 write 10+2', flush],
    ]);
    expect([lab.letters('primary0', 2, 10), lab.letters('shadow0', 0, 6), ended(begun)]).to.deep.equal([
      ...['bbYYddeeWW', 'XXZZVV', ['good']],
    ]);
  });

  it('of zeros stores zeros', () => {
    const lab = transferring();
    begin(lab, { op: 'unmap', ranges: [{ lba: 3, sectors: 3 }] });
    lab.settle();
    expect(newest(lab, 1, 2)).to.equal('b...');
    expect(lab.letters('primary0', 2, 4)).to.equal('bbcc');
  });

  it('is stored in as many runs as the shadow area has, each with its own record', () => {
    const lab = transferring();
    onlyFree(lab, 3, 7, 8);
    const begun = write(lab, 2, 'XXYYZZ');
    lab.durable();
    expect(lab.waiting.toSorted()).to.deep.equal(['shadow0 write 14+4', 'shadow0 write 6+2']);
    lab.disk();
    expect(lab.waiting.length, 'the other one first').to.equal(1);
    lab.disk();
    lab.disk();
    const digests = contentDigests(blocksOf('XYZ'), blockBytes);
    const runs = lab.records.flatMap(({ record }) => (record.kind === 'deferred' ? [record] : []));
    expect(runs.map(({ first, count }) => first + count)).to.have.length(2);
    for (const { first, count, slot, digests: own } of runs) {
      expect(lab.letters('shadow0', slot * 2, count * 2)).to.equal(
        'XXYYZZ'.slice((first - 1) * 2, (first - 1 + count) * 2),
      );
      expect(own).to.deep.equal(digests.subarray((first - 1) * 16, (first - 1 + count) * 16));
    }
    lab.durable();
    expect(ended(begun)).to.deep.equal([]);
    lab.durable();
    expect([ended(begun), lab.core.slotsFree(0)]).to.deep.equal([['good'], 0]);
  });

  it('keeps one of several runs of slots when a block has to be merged, and gives back the rest', () => {
    const lab = transferring();
    onlyFree(lab, 3, 7, 8, 12);
    write(lab, 3, 'XYYZZ');
    lab.durable();
    expect([lab.waiting, lab.core.slotsFree(0)]).to.deep.equal([['primary0 read 2+2'], 3]);
    lab.settle();
    expect([slotsOf(lab, 1, 3).every((slot) => slot !== undefined), lab.core.slotsFree(0)]).to.deep.equal([true, 1]);
    expect(lab.core.slotsTotal(0)).to.equal(16);
  });

  it('goes home at once when the block has been sent while it was being stored', () => {
    const lab = transferring();
    const begun = write(lab, 2, 'XX');
    for (let step = 0; step < 2; step += 1) lab.disk();
    lab.durable();
    lab.disk();
    lab.isSent(1, 'b');
    lab.settle();
    expect(ended(begun)).to.deep.equal(['good']);
    go(lab);
    expect([lab.letters('primary0', 2, 2), lab.core.slotsFree(0), lab.core.drainer.idle]).to.deep.equal([
      ...['XX', 16, true],
    ]);
  });
});

describe('a write that finds no room in the shadow area', () => {
  it('waits for its first block to be sent, which is sent before all others', () => {
    const lab = transferring();
    onlyFree(lab);
    lab.core.state.apply({ kind: 'changing', volume: volumeNumber(0), first: blockNumber(4), count: 2 });
    lab.core.nowUs = 400;
    const begun = write(lab, 8, 'XXYY', 400);
    expect([ended(begun), begun.write.stalledSinceUs]).to.deep.equal([[], 400]);
    lab.maySend = true;
    lab.core.pump(500);
    lab.disk();
    const [run] = lab.sent.flatMap((each) => (each.kind === 'blockRun' ? [`${each.first}+${each.count}`] : []));
    expect(run).to.equal('4+1');
    lab.maySend = false;
    lab.isSent(4, 'e');
    lab.core.progressed();
    go(lab, 900);
    expect([ended(begun), lab.letters('primary0', 8, 4)], 'the next one waits').to.deep.equal([[], 'XXff']);
    expect(begun.write.stalledSinceUs, 'for itself').to.equal(900);
    lab.core.progressed();
    go(lab, 950);
    expect(begun.write.stalledSinceUs, 'still').to.equal(900);
    lab.isSent(5, 'f');
    lab.core.progressed();
    go(lab, 1000);
    expect([ended(begun), lab.letters('primary0', 8, 4), lab.core.stallUsMax]).to.deep.equal([['good'], 'XXYY', 500]);
    expect(begun.write.stalledSinceUs).to.equal(undefined);
  });

  it('stores what there is room for, and goes on when there is more', () => {
    const lab = transferring();
    onlyFree(lab, 6);
    const begun = write(lab, 2, 'XXYYZZ', 100);
    expect(lab.settle()).to.deep.equal(['record changing', ...stored(12, 2)]);
    expect([slotsOf(lab, 1, 3), begun.write.stalledSinceUs]).to.deep.equal([[6, undefined, undefined], 0]);
    lab.core.giveSlots(0, [{ first: 0, count: 2 }]);
    expect(go(lab, 300)).to.deep.equal(stored(0, 4));
    expect([ended(begun), begun.write.stalledSinceUs]).to.deep.equal([['good'], undefined]);
  });
});

describe('a write to the shadow area that fails', () => {
  it('gives its slots back, and is answered with what the disk said', () => {
    for (const [letters, steps, free] of [
      ['XX', 0, 16],
      ['XX', 1, 16],
      ['X', 0, 16],
      ['X', 1, 16],
      ['XX', 2, 15],
    ] as const) {
      const lab = transferring();
      const begun = write(lab, 2, letters);
      lab.durable();
      for (let before = 0; before < steps; before += 1) lab.disk();
      if (steps < 2) lab.disk(checkCondition('lbaOutOfRange'));
      else lab.durable();
      expect(ended(begun)).to.deep.equal([steps < 2 ? 'illegalRequest' : 'good']);
      expect([lab.core.slotsFree(0), isFree(lab), lab.records], `${letters} ${steps}`).to.deep.equal([free, true, []]);
    }
  });

  it('waits for all that it has begun before it ends', () => {
    const lab = transferring();
    onlyFree(lab, 3, 7);
    const begun = write(lab, 2, 'XXYY');
    lab.durable();
    lab.disk(checkCondition('lbaOutOfRange'));
    expect([ended(begun), lab.core.slotsFree(0)]).to.deep.equal([[], 0]);
    lab.disk();
    expect([ended(begun), lab.core.slotsFree(0), lab.waiting]).to.deep.equal([['illegalRequest'], 2, []]);
  });

  it('is told with the sector of the volume that the slot was for, and with none where the disk named another', () => {
    for (const [steps, said, told] of [
      [0, 6, 2],
      [1, 15, 5],
      [2, 14, 4],
      [2, 8, undefined],
    ] as const) {
      const lab = transferring();
      onlyFree(lab, 3, 7);
      const { answers } = write(lab, 2, 'XXYY');
      lab.durable();
      for (let before = 0; before < steps; before += 1) lab.disk();
      lab.disk(checkCondition('lbaOutOfRange', { information: said }));
      while (lab.disk());
      const information = told === undefined ? {} : { information: told };
      expect(answers).to.deep.equal([checkCondition('lbaOutOfRange', information)]);
    }
  });

  it('of which a part has to be read first is told with the sector of the volume, too', () => {
    const lab = transferring();
    lab.deferred(2, 'X');
    const { answers } = write(lab, 4, 'Y');
    lab.disk(checkCondition('lbaOutOfRange', { information: 1 }));
    expect(answers).to.deep.equal([checkCondition('lbaOutOfRange', { information: 5 })]);
    const direct = transferring();
    const primary = write(direct, 4, 'Y');
    direct.durable();
    direct.disk(checkCondition('lbaOutOfRange', { information: 5 }));
    expect(primary.answers).to.deep.equal([checkCondition('lbaOutOfRange', { information: 5 })]);
  });

  it('does not pass spoilt content on under a digest of its own', () => {
    const lab = transferring();
    lab.deferred(1, 'X');
    lab.put('shadow0', 1, Buffer.alloc(512, '?'));
    const begun = write(lab, 2, 'Y');
    lab.disk();
    const information = 2;
    expect(begun.answers).to.deep.equal([checkCondition('unrecoveredReadError', { information })]);
    const failed = { kind: 'failed', generation: 1, code: refusals['shadow-corrupt'].number };
    expect(lab.records.map(({ record }) => record)).to.deep.equal([failed]);
    const texts = lab.effects.flatMap((each) => (each.kind === 'log' ? [each.text] : []));
    expect(texts).to.deep.equal(['generation 1 failed: shadow-corrupt (volume 0, block 1)']);
    expect([slotsOf(lab, 1, 1), lab.core.slotsFree(0), isFree(lab)]).to.deep.equal([[0], 15, true]);
  });
});

describe('a COMPARE AND WRITE of a deferred block', () => {
  it('compares with what was deferred', () => {
    const lab = transferring();
    lab.deferred(1, 'X');
    const compare = (letters: string) =>
      begin(lab, { op: 'compareAndWrite', lba: 2, compare: sectorsOf(letters), data: sectorsOf('YY') });
    const [wrong, right] = [compare('bb'), compare('XX')];
    lab.settle();
    expect([ended(wrong), ended(right)]).to.deep.equal([['miscompare'], ['good']]);
    const other: Operation = { name: 'other', resume: () => {} };
    expect(
      lab.core.locks.claim(other, { volume: volumeNumber(0), first: blockNumber(0), count: 8, shared: false }),
    ).to.equal(true);
  });
});
