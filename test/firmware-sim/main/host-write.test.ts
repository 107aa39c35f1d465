/** A host write at main, step by step: what it records, where it puts the data, and what it waits for. */
import { expect } from 'chai';
import type { Operation } from '../../../firmware-sim/storage/operation.js';
import { contentDigests } from '../../../protocol/digest.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';
import { blockBytes, blocksOf, MainLab } from './main-lab.js';
import { begin, ended, flush, go, isFree, sectorsOf, transferring, write } from './write-lab.js';

describe('a host write at main', () => {
  it('notes durably which blocks change, writes, flushes, and is answered then', () => {
    const lab = new MainLab();
    const one = write(lab, 3, 'XY');
    expect(lab.records.map(({ record }) => record)).to.deep.equal([
      { kind: 'changing', volume: 0, first: 1, count: 2 },
    ]);
    expect([lab.waiting, isFree(lab), ended(one)]).to.deep.equal([[], false, []]);
    lab.durable();
    expect(lab.waiting).to.deep.equal(['primary0 write 3+2']);
    lab.disk();
    expect([lab.waiting, ended(one)]).to.deep.equal([[flush], []]);
    lab.disk();
    expect([ended(one), isFree(lab), lab.letters('primary0', 2, 4)]).to.deep.equal([['good'], true, '.XY.']);
    expect(lab.ended).to.deep.equal([one.write]);
  });

  it('notes nothing again of blocks that count as changed', () => {
    const lab = new MainLab();
    lab.primary(1, 'ab');
    write(lab, 2, 'XXYY');
    expect(lab.settle()).to.deep.equal(['primary0 write 2+4', flush]);
    write(lab, 4, 'XXYY');
    expect(lab.settle(), 'one of them is new').to.deep.equal(['record changing', 'primary0 write 4+4', flush]);
  });

  it('notes a change again when the sub holds the block, or is about to count as holding it', () => {
    const lab = new MainLab({ method: 'streaming' });
    lab.primary(0, 'abcd');
    lab.isSent(2, 'c');
    write(lab, 0, 'XXYY');
    expect(lab.settle(), 'others').to.deep.equal(['primary0 write 0+4', flush]);
    write(lab, 2, 'XXYY');
    expect(lab.settle()).to.deep.equal(['record changing', 'primary0 write 2+4', flush]);
    expect(lab.core.state.volume(0).streamed.has(2)).to.equal(false);
    lab.core.outgoing.stored(0, 3, 1, contentDigests(blocksOf('d'), blockBytes));
    write(lab, 6, 'ZZ');
    expect(lab.settle()).to.deep.equal(['record sent', 'record changing', 'primary0 write 6+2', flush]);
  });

  it('of no sectors is answered at once', () => {
    const lab = new MainLab();
    const none = [write(lab, 3, ''), begin(lab, { op: 'unmap', ranges: [{ lba: 0, sectors: 0 }] })];
    expect([none.map(ended), lab.settle(), isFree(lab)]).to.deep.equal([[['good'], ['good']], [], true]);
  });

  it('goes out in commands of at most 256 blocks', () => {
    const lab = new MainLab({ sectors: 700 });
    write(lab, 1, 'X'.repeat(2 * 256 + 8));
    expect(lab.settle()).to.deep.equal(['record changing', 'primary0 write 1+511', 'primary0 write 512+9', flush]);
    expect(lab.letters('primary0', 0, 522)).to.equal(`.${'X'.repeat(520)}.`);
  });

  it('of zeros, by UNMAP or WRITE SAME, unmaps range by range, each durable before the next', () => {
    const lab = new MainLab();
    lab.primary(0, 'abcdefgh');
    const unmap = begin(lab, {
      op: 'unmap',
      ranges: [
        { lba: 1, sectors: 2 },
        { lba: 8, sectors: 4 },
      ],
    });
    expect(lab.settle()).to.deep.equal(['primary0 unmap 1+2', flush, 'primary0 unmap 8+4', flush]);
    begin(lab, { op: 'writeSame', lba: 14, sectors: 2, pattern: Buffer.alloc(512), unmap: true });
    expect(lab.settle()).to.deep.equal(['primary0 unmap 14+2', flush]);
    begin(lab, { op: 'writeSame', lba: 4, sectors: 2, pattern: Buffer.alloc(512, 'W'), unmap: false });
    lab.settle();
    expect([ended(unmap), lab.letters('primary0', 0, 16)]).to.deep.equal([['good'], 'a..bWWdd....gg..']);
  });

  it('waits for those who read or write its blocks, and for no others', () => {
    const lab = new MainLab();
    const reader: Operation = { name: 'reader', resume: () => {} };
    lab.core.locks.claim(reader, { volume: 0, first: 2, count: 1, shared: true });
    const [over, beside] = [write(lab, 4, 'XXYY'), write(lab, 12, 'ZZ')];
    const second = write(lab, 6, 'WW');
    lab.settle();
    expect([over, beside, second].map(ended)).to.deep.equal([[], ['good'], []]);
    lab.core.unlock(reader, 0);
    lab.settle();
    expect([ended(over), ended(second), lab.letters('primary0', 4, 4)]).to.deep.equal([['good'], ['good'], 'XXWW']);
  });
});

describe('a COMPARE AND WRITE at main', () => {
  const compareAndWrite = (lab: MainLab, lba: number, compare: string, data: string) =>
    begin(lab, { op: 'compareAndWrite', lba, compare: sectorsOf(compare), data: sectorsOf(data) });

  it('writes when the sectors hold what they must', () => {
    const lab = new MainLab();
    lab.primary(0, 'ab');
    const begun = compareAndWrite(lab, 1, 'ab', 'XY');
    expect(lab.settle()).to.deep.equal(['primary0 read 0+4', 'primary0 write 1+2', flush]);
    expect([ended(begun), lab.letters('primary0', 0, 4), isFree(lab)]).to.deep.equal([['good'], 'aXYb', true]);
  });

  it('changes nothing when they do not, and says from which byte on', () => {
    const lab = new MainLab();
    lab.primary(0, 'ab');
    lab.put('primary0', 2, Buffer.from(`${'b'.repeat(100)}?`));
    const { answers } = compareAndWrite(lab, 1, 'ab', 'XY');
    expect(lab.settle()).to.deep.equal(['primary0 read 0+4']);
    expect(answers).to.deep.equal([checkCondition('miscompare', { information: 612 })]);
    expect([lab.core.unsettled.size, isFree(lab)]).to.deep.equal([0, true]);
  });

  it('fails when they cannot be read', () => {
    const lab = new MainLab();
    const { answers } = compareAndWrite(lab, 1, 'ab', 'XY');
    lab.disk(checkCondition('lbaOutOfRange'));
    expect([answers, lab.settle(), isFree(lab)]).to.deep.equal([[checkCondition('lbaOutOfRange')], [], true]);
  });
});

describe('a host write that fails', () => {
  it('is answered with what the disk said; what it wrote may be lost until a flush of that disk ends well', () => {
    for (const steps of [0, 1]) {
      const lab = new MainLab();
      lab.primary(0, 'ab');
      const begun = begin(lab, {
        op: 'unmap',
        ranges: [
          { lba: 1, sectors: 2 },
          { lba: 8, sectors: 4 },
        ],
      });
      for (let before = 0; before < steps; before += 1) lab.disk();
      lab.disk(checkCondition('lbaOutOfRange'));
      expect(begun.answers).to.deep.equal([checkCondition('lbaOutOfRange')]);
      expect([lab.settle(), isFree(lab), [...lab.core.unsettled]], 'no second range').to.deep.equal([[], true, [0]]);
      expect(lab.ended).to.deep.equal([begun.write]);
      write(lab, 0, 'X');
      lab.disk();
      expect([...lab.core.unsettled]).to.deep.equal([0]);
      lab.settle();
      expect([...lab.core.unsettled]).to.deep.equal([]);
    }
  });

  it('stays so when the flush of another does not cover all that was written', () => {
    const lab = new MainLab();
    lab.primary(0, 'abcd');
    write(lab, 0, 'X');
    lab.disk(checkCondition('lbaOutOfRange'));
    write(lab, 0, 'Y');
    lab.disk();
    const [, second] = [lab.waiting, write(lab, 4, 'Z')];
    expect(lab.waiting).to.deep.equal([flush, 'primary0 write 4+1']);
    const effects = lab.effects.splice(0);
    lab.effects.push(...effects.reverse());
    lab.disk();
    lab.disk();
    expect([...lab.core.unsettled], 'Z is not durable').to.deep.equal([0]);
    lab.settle();
    expect([ended(second), [...lab.core.unsettled]]).to.deep.equal([['good'], []]);
  });
});

describe('a host write to blocks of a frozen image, with copies kept', () => {
  it('waits until the frozen content is kept, and then goes to the primary area', () => {
    const lab = transferring('copy');
    const begun = write(lab, 3, 'XX', 700);
    expect(begun.write.stalledSinceUs, 'there is room: it goes on by itself').to.equal(undefined);
    lab.settle();
    expect(ended(begun)).to.deep.equal([]);
    expect(go(lab, 900)).to.deep.equal([
      ...['primary0 read 4+2', 'shadow0 write 2+2', 'shadow0 synchronizeCache', 'record kept', 'record changing'],
      ...['primary0 write 3+2', flush],
    ]);
    expect([ended(begun), lab.letters('primary0', 2, 4)]).to.deep.equal([['good'], 'bXXc']);
    expect([lab.core.state.volume(0).kept.has(1), lab.core.state.volume(0).kept.has(2)]).to.deep.equal([true, true]);
    expect(lab.core.stallUsMax).to.equal(0);
  });

  it('goes straight to the primary area when it is not of the image, or the sub holds the block', () => {
    const lab = transferring('copy');
    lab.isSent(2, 'c');
    write(lab, 4, 'XX');
    expect(lab.settle()).to.deep.equal(['record changing', 'primary0 write 4+2', flush]);
    write(lab, 20, 'YY');
    expect(lab.settle()).to.deep.equal(['record changing', 'primary0 write 20+2', flush]);
  });
});

describe('a host write before the freeze of a streaming pair', () => {
  it('is to be sent once it is durable, and what was being sent of its blocks does not count', () => {
    const lab = new MainLab({ method: 'streaming' });
    lab.primary(0, 'abcd');
    lab.core.outgoing.restart();
    lab.core.sender.pump();
    expect(lab.waiting).to.deep.equal(['primary0 read 0+8']);
    write(lab, 2, 'XX');
    lab.disk();
    expect(lab.sent, 'read before it was overwritten').to.deep.equal([]);
    lab.settle();
    lab.core.sender.pump();
    lab.settle();
    const runs = lab.sent.flatMap((each) => (each.kind === 'blockRun' ? [`${each.first}+${each.count}`] : []));
    expect(runs).to.deep.equal(['0+4']);
    expect(lab.core.state.volume(0).changed.has(1)).to.equal(true);
  });

  it('is not sent after the freeze: it belongs to the next image', () => {
    const lab = transferring('streaming');
    lab.isSent(0, 'abcdefgh');
    write(lab, 2, 'XX');
    lab.settle();
    lab.maySend = true;
    lab.core.pump(0);
    expect([lab.settle(), lab.sent]).to.deep.equal([[], []]);
  });
});

describe('a host write that waits for its turn', () => {
  it('brings home first what was deferred of its blocks and may go there', () => {
    const lab = transferring();
    lab.deferred(1, 'XY');
    lab.isSent(1, 'bc');
    const begun = write(lab, 3, 'ZZ');
    expect(lab.settle()).to.deep.equal([
      ...['shadow0 read 0+4', 'primary0 write 2+4', flush, 'record drained'],
      ...['primary0 write 3+2', flush],
    ]);
    expect([ended(begun), lab.letters('primary0', 2, 4), lab.core.slotsFree(0)]).to.deep.equal([['good'], 'XZZY', 14]);
    lab.core.takeFreed();
    expect(lab.core.slotsFree(0)).to.equal(16);
  });

  it('fails when that cannot be done', () => {
    const lab = transferring();
    lab.deferred(1, 'X');
    lab.isSent(1, 'b');
    const begun = write(lab, 2, 'ZZ');
    lab.disk(checkCondition('lbaOutOfRange'));
    expect([begun.answers, isFree(lab)]).to.deep.equal([[checkCondition('lbaOutOfRange')], true]);
  });
});
