import { expect } from 'chai';
import type { Operation, Outcome } from '../../../firmware-sim/storage/operation.js';
import { blockNumber, generation, volumeNumber } from '../../../protocol/ids.js';
import { refusals } from '../../../protocol/refusals.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';
import { MainLab } from './main-lab.js';
import { write } from './write-lab.js';

/** Generation 1 is on its way with blocks 0 to 7, and the host has overwritten some of them since. */
function deferring(letters = 'XYZ', first = 1): MainLab {
  const lab = new MainLab();
  lab.primary(0, 'abcdefgh');
  lab.freeze(1);
  lab.deferred(first, letters);
  return lab;
}

/** The sub holds these blocks now: what is deferred of them may go home. */
function sent(lab: MainLab, first: number, letters: string): void {
  lab.isSent(first, letters);
  lab.core.drainer.noteSent(0, first, letters.length);
}

function drained(lab: MainLab): string[] {
  const steps: string[] = [];
  for (;;) {
    lab.core.takeFreed();
    lab.core.drainer.pump();
    const more = lab.settle();
    if (more.length === 0) return steps;
    steps.push(...more);
  }
}

const isFree = (lab: MainLab) => lab.core.locks.isFree({ volume: 0, first: 0, count: 16, shared: true });
const suspended = (lab: MainLab) =>
  lab.effects.flatMap((each) => (each.kind === 'log' ? [each.text.replace(/^.*?: /, '')] : []));

describe('a deferred write', () => {
  it('goes home once its block is sent: read, written, flushed, recorded; then its slot is free', () => {
    const lab = deferring();
    expect([lab.core.drainer.idle, drained(lab)], 'not before').to.deep.equal([false, []]);
    sent(lab, 2, 'c');
    lab.core.drainer.pump();
    expect(isFree(lab), 'nobody reads it meanwhile').to.equal(false);
    expect(drained(lab)).to.deep.equal([
      ...['shadow0 read 2+2', 'primary0 write 4+2', 'primary0 synchronizeCache', 'record drained'],
    ]);
    expect([lab.letters('primary0', 0, 8), lab.slots.free, isFree(lab)]).to.deep.equal(['aabbYYdd', 14, true]);
    expect([lab.core.state.volume(0).deferred.has(2), lab.core.drainer.idle]).to.deep.equal([false, false]);
    sent(lab, 1, 'bcd');
    drained(lab);
    expect([lab.letters('primary0', 0, 8), lab.slots.free, lab.core.drainer.idle]).to.deep.equal([
      ...['aaXXYYZZ', 16, true],
    ]);
  });

  it('goes home with its neighbours, as far as their slots lie together', () => {
    const lab = deferring('XYZ');
    lab.deferred(2, 'W');
    sent(lab, 0, 'abcdefgh');
    const steps = drained(lab);
    expect(steps.filter((each) => each.startsWith('primary0 write'))).to.deep.equal([
      ...['primary0 write 2+2', 'primary0 write 4+2', 'primary0 write 6+2'],
    ]);
    expect([lab.letters('primary0', 0, 10), lab.core.drainer.idle]).to.deep.equal(['aaXXWWZZee', true]);
    const together = deferring('XYZ');
    sent(together, 0, 'abcdefgh');
    expect(drained(together).slice(0, 2)).to.deep.equal(['shadow0 read 0+6', 'primary0 write 2+6']);
  });

  it('of zeros goes home without being read', () => {
    const lab = deferring('..');
    sent(lab, 0, 'abcdefgh');
    expect(drained(lab)).to.deep.equal(['primary0 unmap 2+4', 'primary0 synchronizeCache', 'record drained']);
    expect([lab.letters('primary0', 0, 8), lab.slots.free]).to.deep.equal(['aa....dd', 16]);
  });

  it('from before the freeze goes home at once: it is part of the image', () => {
    const lab = deferring('XY');
    lab.isSent(1, 'bc');
    lab.freeze(2);
    lab.deferred(5, 'W');
    expect([1, 2, 5].map((block) => lab.core.isProtected(0, block))).to.deep.equal([true, true, false]);
    lab.core.drainer.noteAll();
    drained(lab);
    expect([lab.letters('primary0', 0, 12), lab.core.drainer.idle]).to.deep.equal(['aaXXYYddeeWW', true]);
  });

  it('of a block that is still owed to the sub stays where it is, also when everything is looked at', () => {
    const lab = deferring('XY');
    sent(lab, 2, 'c');
    lab.core.drainer.noteAll();
    drained(lab);
    expect([lab.letters('primary0', 2, 4), lab.core.state.volume(0).deferred.size]).to.deep.equal(['bbYY', 1]);
    expect([lab.core.drainer.mayDrain(0, 1), lab.core.drainer.mayDrain(0, 2)]).to.deep.equal([false, true]);
  });

  it('from before the freeze can be sent once it is home', () => {
    const lab = deferring('X');
    lab.isSent(1, 'b');
    lab.core.state.apply({ kind: 'committed', generation: generation(1), digest: Buffer.alloc(16) });
    lab.freeze(2);
    lab.core.outgoing.restart();
    lab.core.sender.pump();
    expect(lab.waiting, 'not before').to.deep.equal([]);
    lab.core.drainer.noteAll();
    drained(lab);
    lab.core.sender.pump();
    expect(lab.waiting).to.deep.equal(['primary0 read 2+2']);
  });

  it('counts in every volume, and as long as its way home takes', () => {
    const lab = new MainLab({ others: [8] });
    expect(lab.core.drainer.idle).to.equal(true);
    const run = { volume: volumeNumber(1), first: blockNumber(1), count: 1, slot: 0, digests: Buffer.alloc(16, 1) };
    lab.core.state.apply({ kind: 'deferred', ...run });
    expect(lab.core.drainer.idle).to.equal(false);
    lab.freeze(1);
    expect(lab.core.drainer.idle, 'from before the freeze').to.equal(false);
    lab.core.state.apply({ kind: 'deferred', ...run, first: blockNumber(2) });
    expect(lab.core.drainer.idle, 'and as much since').to.equal(false);
    const draining = deferring('X');
    sent(draining, 1, 'b');
    draining.core.drainer.pump();
    draining.core.state.apply({ kind: 'drained', volume: volumeNumber(0), first: blockNumber(1), count: 1 });
    expect(draining.core.drainer.idle).to.equal(false);
    draining.settle();
    expect(draining.core.drainer.idle).to.equal(true);
  });

  it('waits for those who read its block', () => {
    const lab = deferring('X');
    const reader: Operation = { name: 'reader', resume: () => {} };
    lab.core.locks.claim(reader, { volume: 0, first: 1, count: 1, shared: true });
    sent(lab, 1, 'b');
    lab.core.drainer.pump();
    expect([lab.waiting, lab.core.drainer.idle]).to.deep.equal([[], false]);
    lab.core.unlock(reader, 0);
    expect(lab.waiting).to.deep.equal(['shadow0 read 0+2']);
    drained(lab);
    expect([lab.letters('primary0', 2, 2), isFree(lab)]).to.deep.equal(['XX', true]);
  });

  it('that went home while it waited is left alone', () => {
    const lab = deferring('X');
    const other: Operation = { name: 'other', resume: () => {} };
    lab.core.locks.claim(other, { volume: 0, first: 1, count: 1, shared: false });
    sent(lab, 1, 'b');
    lab.core.drainer.pump();
    lab.core.state.apply({ kind: 'drained', volume: 0 as never, first: 1 as never, count: 1 });
    lab.core.unlock(other, 0);
    expect([drained(lab), isFree(lab), lab.core.drainer.idle]).to.deep.equal([[], true, true]);
  });

  it('is one of four runs under way, and of sixty-four blocks', () => {
    const lab = new MainLab({ sectors: 400, slots: 150 });
    lab.primary(0, 'a'.repeat(150));
    lab.freeze(1);
    lab.deferred(0, 'b'.repeat(70));
    for (let block = 80; block < 96; block += 2) lab.deferred(block, 'c');
    sent(lab, 0, 'a'.repeat(150));
    lab.core.drainer.pump();
    expect(lab.waiting).to.deep.equal([
      ...['shadow0 read 0+128', 'shadow0 read 128+12', 'shadow0 read 140+2', 'shadow0 read 142+2'],
    ]);
    drained(lab);
    expect([lab.core.drainer.idle, lab.slots.free]).to.deep.equal([true, 150]);
    expect(lab.letters('primary0', 136, 30)).to.equal(`bbbb${'a'.repeat(20)}ccaacc`);
  });
});

describe('a deferred write that cannot go home', () => {
  it('suspends the pair when a disk fails, whichever step it is, and stays deferred', () => {
    for (const step of [0, 1, 2]) {
      const lab = deferring('X');
      sent(lab, 1, 'b');
      lab.core.drainer.pump();
      for (let before = 0; before < step; before += 1) lab.disk();
      lab.disk(checkCondition('lbaOutOfRange'));
      expect(lab.records.map(({ record }) => record)).to.deep.equal([
        { kind: 'failed', generation: 1, code: refusals['disk-error'].number },
      ]);
      expect(suspended(lab)).to.deep.equal(['disk-error (draining volume 0, block 1)'], `${step}`);
      expect([lab.core.state.volume(0).deferred.has(1), isFree(lab), lab.waiting]).to.deep.equal([true, true, []]);
      lab.core.drainer.pump();
      expect(lab.waiting, 'not by itself').to.deep.equal([]);
      lab.durable();
      lab.core.drainer.noteAll();
      drained(lab);
      expect(lab.letters('primary0', 2, 2), 'tried again').to.equal('XX');
    }
  });

  it('suspends the pair when it is not what was kept, and is not written', () => {
    const lab = deferring('X');
    lab.put('shadow0', 1, Buffer.alloc(512, '?'));
    sent(lab, 1, 'b');
    lab.core.drainer.pump();
    lab.disk();
    expect(suspended(lab)).to.deep.equal(['shadow-corrupt (volume 0, block 1)']);
    expect([lab.waiting, lab.letters('primary0', 2, 2), isFree(lab)]).to.deep.equal([[], 'bb', true]);
  });
});

describe('a deferred write that somebody waits for', () => {
  function asker(lab: MainLab): { readonly operation: Operation; readonly outcomes: Outcome['kind'][] } {
    const outcomes: Outcome['kind'][] = [];
    const operation = { name: 'asker', resume: (outcome: Outcome) => outcomes.push(outcome.kind) };
    lab.core.locks.claim(operation, { volume: 0, first: 0, count: 16, shared: false });
    return { operation, outcomes };
  }

  it('goes home under the lock of who asks, who is told', () => {
    const lab = deferring('XYZ');
    lab.isSent(2, 'cd');
    const { operation, outcomes } = asker(lab);
    expect(lab.core.drainer.drainFor(operation, 0, 0, 3), 'the first of them').to.equal(2);
    lab.settle();
    expect([outcomes, lab.letters('primary0', 2, 6)]).to.deep.equal([['look'], 'bbYYdd']);
    expect(lab.core.drainer.drainFor(operation, 0, 0, 3), 'nothing is left').to.equal(undefined);
    expect(lab.core.drainer.drainFor(operation, 0, 3, 1)).to.equal(3);
    lab.disk(checkCondition('lbaOutOfRange'));
    expect([outcomes, isFree(lab)]).to.deep.equal([['look', 'failed'], false]);
  });

  it('fails what waits for it when it is not what was kept', () => {
    const lab = deferring('X');
    lab.isSent(1, 'b');
    lab.put('shadow0', 0, Buffer.alloc(512, '?'));
    const begun = write(lab, 2, 'YY');
    lab.disk();
    expect(begun.answers).to.deep.equal([checkCondition('unrecoveredReadError', { information: 2 })]);
    expect([lab.waiting, lab.letters('primary0', 2, 2)]).to.deep.equal([[], 'bb']);
  });

  it('says at which block of several it is not what was kept', () => {
    const lab = deferring('XYZ');
    lab.isSent(1, 'bcd');
    lab.put('shadow0', 3, Buffer.alloc(512, '?'));
    const { answers } = write(lab, 2, 'PPQQRR');
    lab.disk();
    expect(answers).to.deep.equal([checkCondition('unrecoveredReadError', { information: 4 })]);
    expect(suspended(lab)).to.deep.equal(['shadow-corrupt (volume 0, block 2)']);
  });

  it('fails what waits for it with the sector of the volume, whichever slot the shadow area could not read', () => {
    for (const [disk, volume] of [
      [1, 5],
      [9, undefined],
    ] as const) {
      const lab = deferring('X', 2);
      lab.isSent(2, 'c');
      const { answers } = write(lab, 4, 'YY');
      lab.disk(checkCondition('lbaOutOfRange', { information: disk }));
      const told = volume === undefined ? {} : { information: volume };
      expect(answers).to.deep.equal([checkCondition('lbaOutOfRange', told)]);
    }
  });

  it('fails what waits for it with what the primary area says, where that is what failed', () => {
    const lab = deferring('X', 2);
    lab.isSent(2, 'c');
    const { answers } = write(lab, 4, 'YY');
    lab.disk();
    lab.disk(checkCondition('lbaOutOfRange', { information: 5 }));
    expect(answers).to.deep.equal([checkCondition('lbaOutOfRange', { information: 5 })]);
  });
});
