import { expect } from 'chai';
import type { Operation } from '../../../firmware-sim/storage/operation.js';
import { type ImageRange, ImageRead } from '../../../firmware-sim/sub/image-read.js';
import { refusals } from '../../../protocol/refusals.js';
import type { Completion } from '../../../protocol/scsi/commands.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';
import { blocksOf, lettersOf, SubLab } from './sub-lab.js';

/** Starts a read, and says how it ended, once it has. */
function reading(
  lab: SubLab,
  lba: number,
  sectors: number,
  how: Partial<ImageRange> = {},
): () => Completion | undefined {
  const answers: Completion[] = [];
  new ImageRead(lab.core, { volume: 0, lba, sectors, ...how }, (completion) => answers.push(completion)).start();
  return () => {
    expect(answers.length).to.be.at.most(1);
    return answers[0];
  };
}

/** What a read gives: the letters of its sectors. */
function read(lab: SubLab, lba: number, sectors: number, how: Partial<ImageRange> = {}): string {
  const ended = reading(lab, lba, sectors, how);
  lab.settle();
  const completion = ended();
  if (completion?.status !== 'good') return completion?.status ?? 'still reading';
  return lettersOf(completion.data);
}

const whole = { volume: 0, first: 0, count: 16 };
const isFree = (lab: SubLab) => lab.core.locks.isFree({ ...whole, shared: false });
const errorAt = (block: number) => checkCondition('unrecoveredReadError', { information: block * 2 });

describe('a read of the image', () => {
  it('gives what has been structured, sector by sector', () => {
    const lab = new SubLab();
    lab.structured(0, 'abcd');
    expect(read(lab, 0, 8)).to.equal('aabbccdd');
    expect([read(lab, 3, 2), read(lab, 3, 1), read(lab, 7, 3)]).to.deep.equal(['bc', 'b', 'd..']);
    expect(isFree(lab)).to.equal(true);
  });

  it('gives what waits in staging before what it will replace, and zeros without reading any', () => {
    const lab = new SubLab();
    lab.structured(0, 'abcdef');
    lab.overlaid(1, 'X');
    lab.overlaid(3, '.Y');
    const ended = reading(lab, 1, 10);
    expect(lab.settle()).to.deep.equal([
      'secondary0 read 0+2',
      'staging0 read 0+2',
      'secondary0 read 4+2',
      'staging0 read 2+2',
      'secondary0 read 10+2',
    ]);
    const completion = ended();
    expect(completion?.status === 'good' && lettersOf(completion.data)).to.equal('aXXcc..YYf');
  });

  it('gives a part of what waits in staging as one', () => {
    const lab = new SubLab();
    lab.overlaid(2, 'UVWXYZ');
    expect(read(lab, 6, 4)).to.equal('VVWW');
    const ended = reading(lab, 4, 4);
    expect(lab.settle()).to.deep.equal(['staging0 read 0+4']);
    expect(ended()?.status).to.equal('good');
  });

  it('gives the short block at the end of a volume', () => {
    const lab = new SubLab(31);
    lab.put('secondary0', 30, Buffer.alloc(512, 'z'));
    lab.replica.volume(0).occupied.add(15, 1);
    expect(read(lab, 28, 3)).to.equal('..z');
    lab.overlaid(15, 'Q');
    expect(read(lab, 30, 1)).to.equal('Q');
  });

  it('reads no more than a disk takes at once', () => {
    const lab = new SubLab(3000);
    const ended = reading(lab, 0, 3000);
    expect(lab.settle()).to.deep.equal(['secondary0 read 0+2048', 'secondary0 read 2048+952']);
    const completion = ended();
    expect(completion?.status === 'good' && completion.data.length).to.equal(3000 * 512);
  });

  it('waits for those who change the blocks, and for no other readers', () => {
    const lab = new SubLab();
    lab.structured(0, 'ab');
    const operation = (name: string): Operation => ({ name, resume: () => {} });
    const [reader, writer] = [operation('reader'), operation('writer')];
    lab.core.locks.claim(reader, { ...whole, shared: true });
    expect(read(lab, 2, 2)).to.equal('bb');
    lab.core.unlock(reader);
    lab.core.locks.claim(writer, { volume: 0, first: 1, count: 1, shared: false });
    expect([read(lab, 0, 2), read(lab, 4, 2)], 'other blocks').to.deep.equal(['aa', '..']);
    expect(read(lab, 2, 2, { locked: true }), 'for who holds the lock').to.equal('bb');
    const ended = reading(lab, 2, 2);
    expect([lab.waiting, ended()]).to.deep.equal([[], undefined]);
    lab.core.unlock(writer);
    expect(isFree(lab), 'it holds the lock now').to.equal(false);
    lab.settle();
    expect([ended()?.status, isFree(lab)]).to.deep.equal(['good', true]);
  });

  it('ends as the disk does when that fails', () => {
    const lab = new SubLab();
    lab.structured(0, 'ab');
    lab.overlaid(1, 'X');
    const ended = reading(lab, 0, 4);
    lab.disk();
    lab.disk(checkCondition('lbaOutOfRange'));
    expect([ended(), lab.waiting, isFree(lab)]).to.deep.equal([checkCondition('lbaOutOfRange'), [], true]);
  });
});

describe('a read of the image that a disk fails', () => {
  it('says at which sector of the volume, whichever slot of staging that was', () => {
    for (const [disks, said, told] of [
      [0, 1, 1],
      [1, 1, 7],
      [1, 2, undefined],
    ] as const) {
      const lab = new SubLab();
      lab.structured(0, 'abcd');
      lab.overlaid(3, 'X');
      const ended = reading(lab, 0, 8);
      for (let before = 0; before < disks; before += 1) lab.disk();
      lab.disk(checkCondition('lbaOutOfRange', { information: said }));
      const information = told === undefined ? {} : { information: told };
      expect(ended()).to.deep.equal(checkCondition('lbaOutOfRange', information));
    }
  });
});

describe('a read of an image that is not what was written', () => {
  it('fails at the block, and suspends the pair', () => {
    const lab = new SubLab();
    lab.structured(0, 'abcd');
    lab.put('secondary0', 5, Buffer.alloc(512, 'x'));
    const ended = reading(lab, 0, 8);
    lab.disk();
    expect([ended(), isFree(lab)]).to.deep.equal([errorAt(2), true]);
    expect(lab.records.map(({ record }) => record)).to.deep.equal([
      { kind: 'pairState', state: 'PSUE', code: refusals['image-corrupt'].number },
    ]);
    expect(lab.effects).to.deep.equal([
      { kind: 'log', level: 'error', text: 'pair suspended: image-corrupt (volume 0, block 2)' },
    ]);
    lab.settle();
    expect([read(lab, 0, 4), read(lab, 6, 2)]).to.deep.equal(['aabb', 'dd']);
  });

  it('fails at a block of staging, too, and says so', () => {
    const lab = new SubLab();
    lab.structured(0, 'abcd');
    lab.overlaid(1, 'XYZ');
    lab.put('staging0', 3, Buffer.alloc(512, 'x'));
    const ended = reading(lab, 0, 8);
    while (lab.waiting.length > 0) lab.disk();
    expect(ended()).to.deep.equal(errorAt(2));
    expect(lab.records.map(({ record }) => 'code' in record && record.code)).to.deep.equal([
      refusals['staging-corrupt'].number,
    ]);
  });

  it('fails where something lies that nobody has written', () => {
    const lab = new SubLab();
    lab.structured(0, 'ab');
    lab.put('secondary0', 6, blocksOf('x'));
    const ended = reading(lab, 4, 8);
    lab.disk();
    expect(ended()).to.deep.equal(errorAt(3));
  });

  it('gives what lies where something was written of which no digest is known', () => {
    const lab = new SubLab();
    lab.replica.volume(0).occupied.add(3, 1);
    lab.put('secondary0', 6, blocksOf('x'));
    expect(read(lab, 4, 8)).to.equal('..xx....');
    expect(lab.records).to.deep.equal([]);
  });

  it('gives what lies there all the same when it is asked to', () => {
    const lab = new SubLab();
    lab.structured(0, 'abcd');
    lab.overlaid(1, 'X');
    lab.put('secondary0', 5, Buffer.alloc(512, 'x'));
    lab.put('staging0', 1, Buffer.alloc(512, 'y'));
    expect(read(lab, 0, 8, { unchecked: true })).to.equal('aaXycxdd');
    expect(lab.records).to.deep.equal([]);
  });
});
