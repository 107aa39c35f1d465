import { expect } from 'chai';
import type { WriteCommand } from '../../../firmware-sim/controller/write-pieces.js';
import type { Operation } from '../../../firmware-sim/storage/operation.js';
import { ImageWrite } from '../../../firmware-sim/sub/image-write.js';
import type { Completion } from '../../../protocol/scsi/commands.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';
import { SubLab } from './sub-lab.js';

const good: Completion = { status: 'good', data: new Uint8Array(0) };
const failed = checkCondition('lbaOutOfRange');

/** Starts a write, and says how it ended, once it has. */
function writing(lab: SubLab, command: WriteCommand): () => Completion | undefined {
  const answers: Completion[] = [];
  new ImageWrite(lab.core, 0, command, (completion) => answers.push(completion)).start();
  return () => {
    expect(answers.length).to.be.at.most(1);
    return answers[0];
  };
}

const isFree = (lab: SubLab) => lab.core.locks.isFree({ volume: 0, first: 0, count: 16, shared: true });
const sectors = (letters: string) =>
  Buffer.concat(Array.from(letters, (letter) => Buffer.alloc(512, letter === '.' ? 0 : letter)));
const changed = (lab: SubLab) =>
  [...(lab.state.changed[0]?.runs() ?? [])].map(({ first, count }) => `${first}+${count}`);

describe('a host write to the image', () => {
  it('is noted, written and flushed, in this order, and then answered', () => {
    const lab = new SubLab();
    lab.structured(0, 'abcd');
    const ended = writing(lab, { op: 'write', lba: 3, data: sectors('XYZ') });
    expect(lab.core.locks.isFree({ volume: 0, first: 1, count: 1, shared: true }), 'nobody reads it').to.equal(false);
    expect(lab.core.locks.isFree({ volume: 0, first: 3, count: 1, shared: false }), 'others').to.equal(true);
    expect([lab.waiting, lab.records[0]?.record]).to.deep.equal([
      [],
      { kind: 'changing', volume: 0, first: 1, count: 2 },
    ]);
    lab.durable();
    expect([lab.waiting, changed(lab)]).to.deep.equal([['secondary0 write 3+3'], ['1+2']]);
    lab.disk();
    expect([lab.waiting, ended()]).to.deep.equal([['secondary0 synchronizeCache'], undefined]);
    lab.disk();
    expect([ended(), isFree(lab), lab.letters(0, 8)]).to.deep.equal([good, true, 'aabXYZdd']);
    expect(lab.replica.volume(0).known.has(1), 'what was known of it').to.equal(false);
    expect(lab.replica.volume(0).known.has(3)).to.equal(true);
  });

  it('makes what waits in staging of its blocks durable first', () => {
    const lab = new SubLab();
    lab.structured(0, 'abcd');
    lab.overlaid(1, 'PQ');
    const ended = writing(lab, { op: 'write', lba: 3, data: sectors('X') });
    expect(lab.settle()).to.deep.equal([
      ...['staging0 read 0+2', 'secondary0 write 2+2', 'secondary0 synchronizeCache', 'record placed'],
      ...['record changing', 'secondary0 write 3+1', 'secondary0 synchronizeCache'],
    ]);
    expect([ended(), lab.letters(0, 8)]).to.deep.equal([good, 'aaPXccdd']);
    expect(lab.replica.volume(0).overlay.has(2), 'of other blocks it waits on').to.equal(true);
  });

  it('makes zeros of ranges, one after the other', () => {
    const lab = new SubLab();
    lab.structured(0, 'abcd');
    const ranges = [
      { lba: 0, sectors: 1 },
      { lba: 3, sectors: 3 },
    ];
    const ended = writing(lab, { op: 'unmap', ranges });
    expect(lab.settle()).to.deep.equal([
      ...['record changing', 'secondary0 unmap 0+1', 'secondary0 synchronizeCache'],
      ...['record changing', 'secondary0 unmap 3+3', 'secondary0 synchronizeCache'],
    ]);
    expect([ended(), lab.letters(0, 8), changed(lab)]).to.deep.equal([good, '.ab...dd', ['0+3']]);
  });

  it('makes zeros of a long range piece by piece, and lets others in between', () => {
    const lab = new SubLab(20_000);
    const ended = writing(lab, { op: 'unmap', ranges: [{ lba: 1000, sectors: 17_000 }] });
    const { locks } = lab.core;
    const isFreeAt = (first: number) => locks.isFree({ volume: 0, first, count: 1, shared: false });
    expect([isFreeAt(4095), isFreeAt(4096)]).to.deep.equal([false, true]);
    const steps = (unmap: string) => ['record changing', unmap, 'secondary0 synchronizeCache'];
    const block = { volume: 0, first: 600, count: 1, shared: true };
    let hadItsTurn = false;
    const reader: Operation = {
      name: 'reader',
      resume: () => {
        hadItsTurn = true;
        expect(ended()).to.equal(undefined);
        lab.core.unlock(reader);
      },
    };
    expect(locks.claim(reader, block)).to.equal(false);
    expect(lab.settle()).to.deep.equal([
      ...steps('secondary0 unmap 1000+7192'),
      ...steps('secondary0 unmap 8192+8192'),
      ...steps('secondary0 unmap 16384+1616'),
    ]);
    expect([hadItsTurn, ended(), changed(lab)]).to.deep.equal([true, good, ['500+8500']]);
  });

  it('of nothing is answered at once', () => {
    const lab = new SubLab();
    const ended = writing(lab, { op: 'unmap', ranges: [] });
    expect([ended(), lab.records, lab.waiting]).to.deep.equal([good, [], []]);
  });

  it('waits for those who read or change its blocks', () => {
    for (const shared of [false, true]) {
      const lab = new SubLab();
      const other: Operation = { name: 'other', resume: () => {} };
      lab.core.locks.claim(other, { volume: 0, first: 1, count: 1, shared });
      const ended = writing(lab, { op: 'write', lba: 3, data: sectors('X') });
      expect([lab.records, ended()]).to.deep.equal([[], undefined]);
      lab.core.unlock(other);
      lab.settle();
      expect([ended(), lab.letters(2, 2), isFree(lab)]).to.deep.equal([good, '.X', true]);
    }
  });

  it('compares first where it is told to, and writes only what is as expected', () => {
    const lab = new SubLab();
    lab.structured(0, 'ab');
    lab.overlaid(1, 'P');
    const compared = (compare: string) =>
      writing(lab, { op: 'compareAndWrite', lba: 1, compare: sectors(compare), data: sectors('XY') });
    const wrong = compared('ab');
    lab.settle();
    expect([wrong(), isFree(lab)]).to.deep.equal([checkCondition('miscompare', { information: 512 }), true]);
    expect([lab.letters(0, 4), changed(lab)], 'placed, and not written').to.deep.equal(['aaPP', []]);
    const right = compared('aP');
    expect(lab.settle()).to.deep.equal([
      ...['secondary0 read 0+4', 'record changing', 'secondary0 write 1+2', 'secondary0 synchronizeCache'],
    ]);
    expect([right(), lab.letters(0, 4), isFree(lab)]).to.deep.equal([good, 'aXYP', true]);
  });

  it('ends as the disk does when that fails, whichever step it is, and writes nothing more', () => {
    const steps = ['placing', 'writing', 'flushing'];
    for (const [before, step] of steps.entries()) {
      const lab = new SubLab();
      lab.overlaid(0, 'P');
      const ranges = [
        { lba: 0, sectors: 1 },
        { lba: 5, sectors: 1 },
      ];
      const ended = writing(lab, { op: 'unmap', ranges });
      if (before > 0) while (!lab.waiting.includes('secondary0 unmap 0+1')) if (!lab.disk()) lab.durable();
      if (before > 1) lab.disk();
      lab.disk(failed);
      expect(ended(), step).to.deep.equal(failed);
      expect([lab.waiting, isFree(lab)], step).to.deep.equal([[], true]);
      expect(changed(lab)).to.deep.equal(before === 0 ? [] : ['0+1']);
    }
  });

  it('ends as its comparison does when that cannot be read', () => {
    const lab = new SubLab();
    lab.structured(0, 'ab');
    const ended = writing(lab, { op: 'compareAndWrite', lba: 1, compare: sectors('a'), data: sectors('X') });
    lab.disk(failed);
    expect([ended(), lab.records, isFree(lab)]).to.deep.equal([failed, [], true]);
  });

  describe('over blocks whose content in staging is spoilt', () => {
    /** Blocks 1 to 3 are committed and not structured; of block 2 staging gives something else. */
    function spoilt(): SubLab {
      const lab = new SubLab();
      lab.structured(0, 'abcdef');
      lab.overlaid(1, 'PQR');
      lab.put('staging0', 2, sectors('zz'));
      return lab;
    }
    const overlay = (lab: SubLab) => [0, 1, 2, 3, 4, 5].filter((block) => lab.replica.volume(0).overlay.has(block));
    const mediumError = checkCondition('unrecoveredReadError', { information: 4 });

    it('takes the place of those that it covers, once it is durable, and leaves nothing known of them', () => {
      const lab = spoilt();
      const ended = writing(lab, { op: 'write', lba: 3, data: sectors('VWXY') });
      const steps = lab.settle();
      expect(steps.slice(steps.indexOf('secondary0 write 3+4'))).to.deep.equal([
        ...['secondary0 write 3+4', 'secondary0 synchronizeCache', 'record placed', 'record changing'],
      ]);
      expect([ended(), lab.letters(0, 8), overlay(lab), isFree(lab)]).to.deep.equal([good, 'aaPVWXYR', [], true]);
      const { known } = lab.replica.volume(0);
      expect([1, 2, 3].map((block) => known.has(block))).to.deep.equal([false, false, false]);
    });

    it('is one that unmaps them, too, and the short last block of a volume is covered by its end', () => {
      const lab = new SubLab(3);
      lab.overlaid(1, 'Q');
      lab.put('staging0', 0, sectors('zz'));
      const ended = writing(lab, { op: 'unmap', ranges: [{ lba: 2, sectors: 1 }] });
      lab.settle();
      expect([ended(), lab.letters(0, 3), overlay(lab)]).to.deep.equal([good, '...', []]);
    });

    it('fails when it does not cover one of them, and tells which; what could be placed is', () => {
      for (const [lba, letters] of [
        [5, 'XY'],
        [2, 'WXY'],
      ] as const) {
        const lab = spoilt();
        const ended = writing(lab, { op: 'write', lba, data: sectors(letters) });
        lab.settle();
        expect(ended()).to.deep.equal(mediumError);
        expect([overlay(lab).includes(2), changed(lab), isFree(lab)]).to.deep.equal([true, [], true]);
        expect(lab.letters(4, 2), 'the block is as it was').to.equal('cc');
      }
    });

    it('hinders no other block, and is tried anew by each piece of a command', () => {
      const lab = spoilt();
      const ranges = [
        { lba: 0, sectors: 2 },
        { lba: 4, sectors: 2 },
        { lba: 8, sectors: 2 },
      ];
      const ended = writing(lab, { op: 'unmap', ranges });
      lab.settle();
      expect([ended(), lab.letters(0, 12), overlay(lab)]).to.deep.equal([...[good, '..bb..dd..ff', [1, 3]]]);
    });

    it('is not compared with what cannot be read', () => {
      const lab = spoilt();
      const ended = writing(lab, { op: 'compareAndWrite', lba: 4, compare: sectors('QQ'), data: sectors('XX') });
      lab.settle();
      expect([ended(), overlay(lab).includes(2), isFree(lab)]).to.deep.equal([mediumError, true, true]);
    });
  });
});
