import { expect } from 'chai';
import { HostRead } from '../../../firmware-sim/main/host-read.js';
import type { Operation } from '../../../firmware-sim/storage/operation.js';
import { refusals } from '../../../protocol/refusals.js';
import type { Completion } from '../../../protocol/scsi/commands.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';
import { lettersOf, MainLab } from './main-lab.js';

/** Starts a read, and says how it ended, once it has. */
function reading(lab: MainLab, lba: number, sectors: number, locked?: boolean): () => Completion | undefined {
  const answers: Completion[] = [];
  const range = { volume: 0, lba, sectors, ...(locked === undefined ? {} : { locked }) };
  new HostRead(lab.core, range, (completion) => answers.push(completion)).start(0);
  return () => {
    expect(answers.length).to.be.at.most(1);
    return answers[0];
  };
}

/** What a read gives: the letters of its sectors. */
function read(lab: MainLab, lba: number, sectors: number, locked?: boolean): string {
  const ended = reading(lab, lba, sectors, locked);
  lab.settle();
  const completion = ended();
  return completion?.status === 'good' ? lettersOf(completion.data) : (completion?.status ?? 'still reading');
}

const isFree = (lab: MainLab) => lab.core.locks.isFree({ volume: 0, first: 0, count: 16, shared: false });

describe('a host read at main', () => {
  it('gives what lies in the primary area, sector by sector, with one command', () => {
    const lab = new MainLab({ sectors: 31 });
    lab.primary(0, 'abcd');
    lab.put('primary0', 30, Buffer.alloc(512, 'z'));
    expect([read(lab, 0, 8), read(lab, 3, 2), read(lab, 3, 1), read(lab, 28, 3)]).to.deep.equal([
      ...['aabbccdd', 'bc', 'b', '..z'],
    ]);
    reading(lab, 1, 6);
    expect([lab.settle(), isFree(lab)]).to.deep.equal([['primary0 read 0+8'], true]);
  });

  it('gives the newest of each block, from before and after the freeze, and zeros without reading any', () => {
    const lab = new MainLab();
    lab.primary(0, 'abcdef');
    lab.freeze(1);
    lab.deferred(1, 'XY');
    lab.freeze(2);
    lab.deferred(2, 'Z');
    lab.deferred(4, '.');
    const ended = reading(lab, 1, 10);
    expect(lab.settle()).to.deep.equal([
      ...['primary0 read 0+2', 'shadow0 read 0+2', 'shadow0 read 4+2', 'primary0 read 6+2', 'primary0 read 10+2'],
    ]);
    const completion = ended();
    expect(completion?.status === 'good' && lettersOf(completion.data)).to.equal('aXXZZdd..f');
  });

  it('gives one deferred block as it lies there', () => {
    const lab = new MainLab();
    lab.deferred(3, 'X.');
    expect([read(lab, 6, 2), read(lab, 7, 1), read(lab, 8, 2)]).to.deep.equal(['XX', 'X', '..']);
  });

  it('reads no more than a disk takes at once', () => {
    const lab = new MainLab({ sectors: 3000 });
    const ended = reading(lab, 0, 3000);
    expect(lab.settle()).to.deep.equal(['primary0 read 0+2048', 'primary0 read 2048+952']);
    const completion = ended();
    expect(completion?.status === 'good' && completion.data.length).to.equal(3000 * 512);
  });

  it('waits for those who change the blocks, and for no other readers', () => {
    const lab = new MainLab();
    lab.primary(0, 'ab');
    const operation = (name: string): Operation => ({ name, resume: () => {} });
    const [reader, writer] = [operation('reader'), operation('writer')];
    lab.core.locks.claim(reader, { volume: 0, first: 0, count: 16, shared: true });
    expect(read(lab, 2, 2)).to.equal('bb');
    lab.core.unlock(reader, 0);
    lab.core.locks.claim(writer, { volume: 0, first: 1, count: 1, shared: false });
    expect([read(lab, 0, 2), read(lab, 4, 2)], 'other blocks').to.deep.equal(['aa', '..']);
    expect(read(lab, 2, 2, true), 'for who holds the lock').to.equal('bb');
    expect(lab.core.locks.isFree({ volume: 0, first: 1, count: 1, shared: true }), 'who keeps it').to.equal(false);
    const ended = reading(lab, 2, 2);
    expect([lab.waiting, ended()]).to.deep.equal([[], undefined]);
    lab.core.unlock(writer, 0);
    expect(isFree(lab), 'it holds the lock now').to.equal(false);
    lab.settle();
    expect([ended()?.status, isFree(lab)]).to.deep.equal(['good', true]);
  });

  it('ends as the disk does when that fails', () => {
    const lab = new MainLab();
    lab.primary(0, 'ab');
    lab.deferred(1, 'X');
    const ended = reading(lab, 0, 4);
    lab.disk();
    lab.disk(checkCondition('lbaOutOfRange'));
    expect([ended(), lab.waiting, isFree(lab)]).to.deep.equal([checkCondition('lbaOutOfRange'), [], true]);
  });

  it('says at which sector of the volume a disk failed, whichever slot of the shadow area that was', () => {
    for (const [disks, said, told] of [
      [0, 1, 1],
      [1, 1, 7],
      [1, 2, undefined],
    ] as const) {
      const lab = new MainLab();
      lab.primary(0, 'abcd');
      lab.deferred(3, 'X');
      const ended = reading(lab, 0, 8);
      for (let before = 0; before < disks; before += 1) lab.disk();
      lab.disk(checkCondition('lbaOutOfRange', { information: said }));
      const information = told === undefined ? {} : { information: told };
      expect(ended()).to.deep.equal(checkCondition('lbaOutOfRange', information));
    }
  });

  it('fails at a deferred block that is not what was written, and suspends the pair', () => {
    const lab = new MainLab();
    lab.primary(0, 'abcd');
    lab.deferred(1, 'XY');
    lab.put('shadow0', 3, Buffer.alloc(512, 'x'));
    const ended = reading(lab, 0, 8);
    while (lab.waiting.length > 0) lab.disk();
    expect(ended()).to.deep.equal(checkCondition('unrecoveredReadError', { information: 4 }));
    expect(isFree(lab)).to.equal(true);
    expect(lab.records.map(({ record }) => record)).to.deep.equal([
      { kind: 'pairState', state: 'PSUE', code: refusals['shadow-corrupt'].number },
    ]);
    const texts = lab.effects.flatMap((each) => (each.kind === 'log' ? [each.text] : []));
    expect(texts).to.deep.equal(['pair suspended: shadow-corrupt (volume 0, block 2)']);
    expect(read(lab, 2, 2), 'other blocks').to.equal('XX');
  });
});
