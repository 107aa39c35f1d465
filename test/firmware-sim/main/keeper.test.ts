/** Frozen content at main that is copied to the shadow area, step by step. */
import { expect } from 'chai';
import { zeroSlot } from '../../../firmware-sim/storage/stored-blocks.js';
import { contentDigests } from '../../../protocol/digest.js';
import { generation } from '../../../protocol/ids.js';
import { refusals } from '../../../protocol/refusals.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';
import { blockBytes, blocksOf, MainLab } from './main-lab.js';

/** Generation 1 with these letters is on its way, and nothing of it has been kept or sent. */
function freezing(letters = 'abcd', { slots = 16, sectors = 32, others = [] as readonly number[] } = {}): MainLab {
  const lab = new MainLab({ method: 'copy', slots, sectors, others });
  lab.primary(0, letters);
  lab.freeze(1, true);
  lab.maySend = false;
  return lab;
}

/** Lets the keeper go on until it has nothing to do; names what was done. */
function kept(lab: MainLab): string[] {
  const steps: string[] = [];
  for (;;) {
    lab.core.takeFreed();
    lab.core.keeper.pump();
    const more = lab.settle();
    if (more.length === 0) return steps;
    steps.push(...more);
  }
}

const slotOf = (lab: MainLab, block: number) => lab.core.state.volume(0).kept.slotOf(block);
const isKept = (lab: MainLab, first: number, count: number) =>
  Array.from({ length: count }, (_, index) => (slotOf(lab, first + index) === undefined ? '-' : 'k')).join('');
const shadowFlush = 'shadow0 synchronizeCache';

describe('the frozen content', () => {
  it('is copied to the shadow area, flushed, and recorded with its digests', () => {
    const lab = freezing('abcd');
    lab.core.keeper.keepAll();
    lab.core.keeper.pump();
    expect(lab.waiting).to.deep.equal(['primary0 read 0+8']);
    lab.disk();
    expect([lab.waiting, lab.records]).to.deep.equal([['shadow0 write 0+8'], []]);
    lab.disk();
    expect([lab.waiting, lab.records]).to.deep.equal([[shadowFlush], []]);
    lab.disk();
    const digests = contentDigests(blocksOf('abcd'), blockBytes);
    expect(lab.records.map(({ record }) => record)).to.deep.equal([
      { kind: 'kept', generation: 1, volume: 0, first: 0, count: 4, slot: 0, digests },
    ]);
    lab.durable();
    expect([isKept(lab, 0, 5), lab.letters('shadow0', 0, 8), kept(lab)]).to.deep.equal(['kkkk-', 'aabbccdd', []]);
  });

  it('of zeros is recorded without a slot', () => {
    const lab = freezing('....');
    lab.core.keeper.keepAll();
    expect(kept(lab)).to.deep.equal(['primary0 read 0+8', 'record kept']);
    expect([slotOf(lab, 0), lab.core.slotsFree(0), isKept(lab, 0, 5)]).to.deep.equal([zeroSlot, 16, 'kkkk-']);
    const mixed = freezing('a.');
    mixed.core.keeper.keepAll();
    kept(mixed);
    expect([slotOf(mixed, 1), mixed.core.slotsFree(0)]).to.deep.equal([1, 14]);
  });

  it('of a short last block is padded with zeros', () => {
    const lab = freezing('abc', { sectors: 5 });
    lab.core.keeper.keepAll();
    expect(kept(lab)).to.deep.equal(['primary0 read 0+5', 'shadow0 write 0+6', shadowFlush, 'record kept']);
    expect(lab.letters('shadow0', 0, 6)).to.equal('aabbc.');
  });

  it('is kept in runs of sixteen blocks, four at once, volume after volume', () => {
    const lab = freezing('a'.repeat(70), { sectors: 160, slots: 80, others: [8] });
    lab.core.keeper.keepAll();
    lab.core.keeper.pump();
    expect(lab.waiting).to.deep.equal([0, 32, 64, 96].map((lba) => `primary0 read ${lba}+32`));
    lab.disk();
    lab.core.keeper.pump();
    expect(lab.waiting.length, 'as long as it is on its way').to.equal(4);
    const steps = kept(lab);
    expect(steps).to.include('primary0 read 128+12');
    expect([isKept(lab, 0, 71), lab.core.slotsFree(0)]).to.deep.equal([`${'k'.repeat(70)}-`, 10]);
    const other = new MainLab({ method: 'copy', others: [8] });
    other.primary(0, 'ab');
    other.changed(1, 2, 1);
    other.freeze(1, true);
    other.core.keeper.keepAll();
    other.core.keeper.pump();
    expect(other.waiting).to.deep.equal(['primary0 read 0+4', 'primary1 read 4+2']);
  });

  it('is kept of the blocks that have not flowed to the sub, where they have been flowing', () => {
    const lab = freezing('abcdefgh');
    lab.isSent(0, 'a');
    lab.isSent(3, 'de');
    lab.isSent(6, 'gh');
    lab.core.keeper.keepAll();
    const steps = kept(lab).filter((each) => each.startsWith('primary0'));
    expect(steps).to.deep.equal(['primary0 read 2+4', 'primary0 read 10+2']);
    expect(isKept(lab, 0, 8)).to.equal('-kk--k--');
    lab.core.outgoing.lacking(0, 7);
    kept(lab);
    expect(isKept(lab, 0, 8), 'what turns out to be missing there').to.equal('-kk--k-k');
  });

  it('is looked for past all that the sub holds, and in it where something turns out to be missing', () => {
    const lab = freezing('abcdefghijkl');
    lab.isSent(0, 'abcdefghij');
    lab.core.keeper.keepAll();
    kept(lab);
    expect(isKept(lab, 0, 12)).to.equal('----------kk');
    const lacking = freezing('abcdefghijkl');
    lacking.isSent(0, 'abcdefghijkl');
    lacking.core.outgoing.lacking(0, 4);
    lacking.core.keeper.keepAll();
    lacking.core.keeper.pump();
    expect(lacking.waiting).to.deep.equal(['primary0 read 8+2']);
  });

  it('is left alone where the sub holds it or it has been kept', () => {
    const lab = freezing('abcdefgh');
    lab.isSent(0, 'a');
    lab.isSent(3, 'de');
    lab.core.keeper.keepAll();
    const steps = kept(lab).filter((each) => each.startsWith('primary0'));
    expect([steps, isKept(lab, 0, 9)]).to.deep.equal([['primary0 read 2+4', 'primary0 read 10+6'], '-kk--kkk-']);
    lab.core.keeper.keepAll();
    expect(kept(lab), 'nothing twice').to.deep.equal([]);
    lab.core.keeper.keepAlso(0, 0, 8);
    expect(kept(lab)).to.deep.equal([]);
    const parts = freezing('abcdefgh');
    parts.isSent(3, 'd');
    parts.core.keeper.keepAlso(0, 1, 6);
    kept(parts);
    expect(isKept(parts, 0, 8), 'what lies behind a gap, too').to.equal('-kk-kkk-');
  });

  it('is not kept of a pair that defers writes instead, nor when no image is on its way', () => {
    const lab = new MainLab({ method: 'differential' });
    lab.primary(0, 'ab');
    lab.freeze(1);
    lab.core.keeper.keepAll();
    expect([lab.core.keeper.isNeeded(0, 0), kept(lab)]).to.deep.equal([false, []]);
    const idle = new MainLab({ method: 'copy' });
    idle.primary(0, 'ab');
    expect(idle.core.keeper.isNeeded(0, 0)).to.equal(false);
    const stopped = freezing('abcd');
    stopped.core.keeper.keepAll();
    stopped.core.keeper.keepAlso(0, 1, 1);
    stopped.core.keeper.stop();
    expect(kept(stopped)).to.deep.equal([]);
  });

  it('can be sent once it has been kept', () => {
    const lab = freezing('abcd');
    lab.core.keeper.keepAll();
    lab.core.outgoing.freeze();
    lab.maySend = true;
    lab.core.sender.pump();
    expect([lab.waiting, lab.sent], 'nothing before').to.deep.equal([[], []]);
    kept(lab);
    lab.core.sender.pump();
    expect(lab.waiting).to.deep.equal(['shadow0 read 0+8']);
  });
});

describe('frozen content that there is no room for', () => {
  it('is kept as far as there is room, and the rest when there is more', () => {
    const lab = freezing('abcdef', { slots: 4 });
    lab.core.keeper.keepAll();
    expect(kept(lab)).to.deep.equal(['primary0 read 0+8', 'shadow0 write 0+8', shadowFlush, 'record kept']);
    expect([isKept(lab, 0, 6), lab.core.slotsFree(0)]).to.deep.equal(['kkkk--', 0]);
    lab.core.giveSlots(0, []);
    lab.isSent(0, 'ab');
    expect(kept(lab)).to.deep.equal([
      ...['record released', 'primary0 read 8+4'],
      ...['shadow0 write 0+4', shadowFlush, 'record kept'],
    ]);
    expect(isKept(lab, 0, 6)).to.equal('--kkkk');
  });

  it('lies in as many runs of slots as there are, with a record each', () => {
    const lab = freezing('abc');
    lab.core.takeSlots(0, 16);
    for (const slot of [2, 9, 10]) lab.core.giveSlots(0, [{ first: slot, count: 1 }]);
    lab.core.keeper.keepAll();
    lab.core.keeper.pump();
    lab.disk();
    expect(lab.waiting.toSorted()).to.deep.equal(['shadow0 write 18+4', 'shadow0 write 4+2']);
    lab.disk();
    expect(lab.waiting.length, 'flushed when both are written').to.equal(1);
    lab.settle();
    const found = [0, 1, 2].map((block) => lab.letters('shadow0', (slotOf(lab, block) ?? 0) * 2, 2));
    expect([found, lab.core.slotsFree(0)]).to.deep.equal([['aa', 'bb', 'cc'], 0]);
    const digests = [0, 1, 2].map((block) => lab.core.state.volume(0).kept.digestOf(block));
    expect(Buffer.concat(digests.map((each) => each ?? Buffer.alloc(0)))).to.deep.equal(
      Buffer.from(contentDigests(blocksOf('abc'), blockBytes)),
    );
  });
});

describe('a write that needs frozen content kept first', () => {
  it('has its first such block kept alone, at once, and waits', () => {
    const lab = freezing('abcd');
    lab.isSent(0, 'a');
    expect([lab.core.keeper.keepFor(0, 0, 1), lab.core.keeper.keepFor(0, 8, 2)]).to.deep.equal([undefined, undefined]);
    expect(lab.core.keeper.keepFor(0, 0, 4)).to.deep.equal({ block: 1, hasRoom: true });
    expect(lab.waiting).to.deep.equal(['primary0 read 2+2']);
    expect([lab.core.keeper.keepFor(0, 0, 4), lab.waiting.length], 'once').to.deep.equal([
      { block: 1, hasRoom: true },
      1,
    ]);
    expect(lab.core.keeper.keepFor(0, 2, 1)).to.deep.equal({ block: 2, hasRoom: true });
    expect(lab.waiting, 'another one beside it').to.deep.equal(['primary0 read 2+2', 'primary0 read 4+2']);
    lab.core.keeper.keepAll();
    lab.core.keeper.pump();
    expect(lab.waiting.slice(2), 'the rest').to.deep.equal(['primary0 read 6+2']);
    kept(lab);
    expect([isKept(lab, 0, 4), lab.core.keeper.keepFor(0, 0, 4)]).to.deep.equal(['-kkk', undefined]);
  });

  it('is not kept waiting by what is kept of other blocks, or of another volume', () => {
    const lab = new MainLab({ method: 'copy', others: [8] });
    lab.primary(0, 'abcd');
    lab.changed(1, 0, 4);
    lab.freeze(1, true);
    lab.core.keeper.keepFor(0, 2, 1);
    lab.core.keeper.keepFor(1, 2, 1);
    lab.core.keeper.keepFor(0, 1, 1);
    lab.core.keeper.keepFor(1, 3, 1);
    expect(lab.waiting).to.deep.equal([
      ...['primary0 read 4+2', 'primary1 read 4+2', 'primary0 read 2+2', 'primary1 read 6+2'],
    ]);
  });

  it('finds room: what the sub holds is given up, and what is kept already is sent first', () => {
    const lab = freezing('abcd', { slots: 2 });
    lab.core.outgoing.freeze();
    lab.core.keeper.keepFor(0, 0, 1);
    lab.core.keeper.keepFor(0, 3, 1);
    kept(lab);
    lab.isSent(3, 'd');
    expect([lab.core.keeper.keepFor(0, 1, 1), lab.waiting]).to.deep.equal([{ block: 1, hasRoom: false }, []]);
    expect(lab.records.map(({ record }) => record)).to.deep.equal([
      { kind: 'released', volume: 0, first: 3, count: 1 },
    ]);
    lab.maySend = true;
    lab.core.sender.pump();
    expect(lab.waiting, 'the block that is waited for, before all others').to.deep.equal([
      'primary0 read 2+2',
      'shadow0 read 0+2',
    ]);
  });

  it('is told when it has been', () => {
    const lab = freezing('abcd');
    const looked: string[] = [];
    lab.core.keeper.keepFor(0, 1, 1);
    lab.core.waitForProgress({ resume: () => looked.push('looked') } as never);
    while (lab.disk()) lab.core.pump(0);
    expect(looked).to.deep.equal([]);
    lab.durable();
    lab.core.pump(0);
    expect(looked).to.deep.equal(['looked']);
  });
});

describe('keeping that comes to nothing', () => {
  const failures = (lab: MainLab) => lab.records.map(({ record }) => record);

  it('fails the generation when a disk fails, whichever step it is, and gives the slots back', () => {
    for (const steps of [0, 1, 2]) {
      const lab = freezing('abcd');
      lab.core.keeper.keepFor(0, 1, 1);
      for (let before = 0; before < steps; before += 1) lab.disk();
      lab.disk(checkCondition('lbaOutOfRange'));
      expect(failures(lab)).to.deep.equal([{ kind: 'failed', generation: 1, code: refusals['disk-error'].number }]);
      const texts = lab.effects.flatMap((each) => (each.kind === 'log' ? [each.text] : []));
      expect(texts).to.deep.equal(['generation 1 failed: disk-error (keeping volume 0, block 1)']);
      expect([lab.core.slotsFree(0), lab.waiting, isKept(lab, 1, 1)]).to.deep.equal([16, [], '-']);
      expect(lab.core.keeper.keepFor(0, 1, 1), 'a write waits for the end of the generation').to.deep.equal({
        ...{ block: 1, hasRoom: true },
      });
      expect(lab.waiting, 'and nothing is kept for it').to.deep.equal([]);
    }
  });

  it('does not go on with a generation whose failure is being recorded', () => {
    const lab = freezing('abcd');
    lab.core.keeper.keepAll();
    lab.core.failGeneration('shadow-full', '');
    lab.core.pump(0);
    expect(lab.waiting).to.deep.equal([]);
  });

  it('waits for all that it has begun', () => {
    const lab = freezing('abcd');
    lab.core.takeSlots(0, 16);
    for (const slot of [2, 9]) lab.core.giveSlots(0, [{ first: slot, count: 1 }]);
    lab.core.keeper.keepAlso(0, 0, 2);
    lab.core.keeper.pump();
    lab.disk();
    lab.disk(checkCondition('lbaOutOfRange'));
    expect([failures(lab), lab.core.slotsFree(0)]).to.deep.equal([[], 0]);
    lab.disk();
    expect([failures(lab).length, lab.core.slotsFree(0), lab.waiting]).to.deep.equal([1, 2, []]);
  });

  it('records nothing once the generation has ended, and fails no other', () => {
    for (const steps of [0, 1, 2]) {
      const lab = freezing('abcd');
      lab.core.keeper.keepFor(0, 1, 1);
      for (let before = 0; before < steps; before += 1) lab.disk();
      lab.core.state.apply({ kind: 'committed', generation: generation(1), digest: Buffer.alloc(16) });
      if (steps > 0) lab.freeze(2, true);
      lab.disk(steps === 2 ? checkCondition('lbaOutOfRange') : undefined);
      expect([failures(lab), lab.core.slotsFree(0), lab.waiting]).to.deep.equal([[], 16, []]);
    }
  });

  it('leaves the slots to the map once its record is on its way', () => {
    const lab = freezing('abcd');
    lab.core.keeper.keepFor(0, 1, 1);
    for (let step = 0; step < 3; step += 1) lab.disk();
    lab.core.state.apply({ kind: 'committed', generation: generation(1), digest: Buffer.alloc(16) });
    lab.durable();
    expect(lab.core.slotsFree(0)).to.equal(15);
    lab.core.takeFreed();
    expect([lab.core.slotsFree(0), lab.waiting, isKept(lab, 1, 1)]).to.deep.equal([16, [], '-']);
  });
});
