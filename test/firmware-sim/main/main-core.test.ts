import { expect } from 'chai';
import { zeroSlot } from '../../../firmware-sim/storage/stored-blocks.js';
import { blockNumber, generation, volumeNumber } from '../../../protocol/ids.js';
import { refusals } from '../../../protocol/refusals.js';
import { MainLab } from './main-lab.js';

const code = (name: keyof typeof refusals) => refusals[name].number;

/** Main with generation 1 committed, and the changed block 2 frozen as generation 2. */
function transferring(method: 'copy' | 'differential' | 'streaming' = 'differential'): MainLab {
  const lab = new MainLab({ method });
  lab.primary(0, 'abcd');
  lab.freeze(1, true);
  lab.core.state.apply({ kind: 'committed', generation: generation(1), digest: Buffer.alloc(16) });
  lab.primary(2, 'c');
  lab.freeze(2);
  return lab;
}

const texts = (lab: MainLab) =>
  lab.effects.splice(0).flatMap((each) => {
    if (each.kind === 'log') return [`${each.level}: ${each.text}`];
    return each.kind === 'mark' ? [`${each.name} ${Object.values(each.values).join()}`] : [];
  });

describe('a generation that main gives up', () => {
  it('fails durably, is told to the sub then, and sends nothing meanwhile', () => {
    const lab = transferring();
    lab.core.failGeneration('shadow-full', 'because');
    const failed = { kind: 'failed', generation: 2, code: code('shadow-full') };
    expect(lab.records.map(({ record }) => record)).to.deep.equal([failed]);
    expect(lab.core.failing).to.equal(true);
    expect([lab.sent, lab.core.maySend(), texts(lab)]).to.deep.equal([
      ...[[], false, ['error: generation 2 failed: shadow-full (because)']],
    ]);
    lab.core.failGeneration('disk-error', '');
    expect(lab.records.length, 'once').to.equal(1);
    lab.durable();
    expect(lab.sent).to.deep.equal([{ kind: 'abandon', generation: 2, code: code('shadow-full'), state: 'PSUE' }]);
    expect(lab.core.failing).to.equal(false);
    expect([lab.core.maySend(), texts(lab)]).to.deep.equal([true, ['failed 2,shadow-full']]);
    lab.core.failGeneration('disk-error', '');
    expect([lab.records, texts(lab)], 'none is on its way').to.deep.equal([[], []]);
  });

  it('does not fail once its commit is being recorded', () => {
    const lab = transferring();
    lab.core.committing = true;
    lab.core.failGeneration('shadow-full', '');
    expect(lab.records).to.deep.equal([]);
    lab.core.suspend('disk-error', 'primary0');
    expect(lab.records.map(({ record }) => record)).to.deep.equal([
      { kind: 'pairState', state: 'PSUE', code: code('disk-error') },
    ]);
  });

  it('brings home what was deferred', () => {
    const lab = transferring();
    lab.deferred(2, 'X');
    lab.core.failGeneration('shadow-full', '');
    lab.durable();
    lab.core.pump(0);
    lab.settle();
    expect(lab.letters('primary0', 4, 2)).to.equal('XX');
  });
});

describe('a pair that main suspends', () => {
  it('fails the generation on its way, or says so to the sub, once for each reason', () => {
    const lab = transferring();
    lab.core.suspend('disk-error', '');
    expect(lab.records.map(({ record }) => record.kind)).to.deep.equal(['failed']);
    expect(texts(lab)).to.deep.equal(['error: generation 2 failed: disk-error']);
    lab.durable();
    lab.sent.length = 0;
    lab.core.suspend('disk-error', 'again');
    expect([lab.records, lab.sent]).to.deep.equal([[], []]);
    lab.core.suspend('shadow-corrupt', 'block 3');
    const number = code('shadow-corrupt');
    expect(lab.records.map(({ record }) => record)).to.deep.equal([{ kind: 'pairState', state: 'PSUE', code: number }]);
    expect(lab.sent).to.deep.equal([{ kind: 'pairStateChanged', state: 'PSUE', code: number }]);
    expect(texts(lab).at(-1)).to.equal('error: pair suspended: shadow-corrupt (block 3)');
  });
});

describe('what main may overwrite', () => {
  it('is what is not frozen, or what the sub holds', () => {
    const lab = transferring();
    const isProtected = (block: number) => lab.core.isProtected(0, block);
    expect([0, 2].map(isProtected)).to.deep.equal([false, true]);
    expect([lab.core.defers(0, 2), transferring('copy').core.defers(0, 2)]).to.deep.equal([true, false]);
    lab.isSent(2, 'c');
    expect([isProtected(2), lab.core.defers(0, 2)]).to.deep.equal([false, false]);
    const idle = new MainLab();
    idle.primary(0, 'a');
    expect(idle.core.isProtected(0, 0)).to.equal(false);
  });
});

describe('the slots of main’s shadow area', () => {
  it('are taken all or none, or as many as there are', () => {
    const lab = new MainLab({ slots: 6 });
    expect([
      lab.core.slotsTotal(0),
      lab.core.slotsFree(0),
      lab.core.slotsTotal(1),
      lab.core.slotsFree(1),
    ]).to.deep.equal([...[6, 6, 0, 0]]);
    expect(lab.core.takeSlots(0, 7)).to.equal(undefined);
    expect(lab.core.takeSlots(0, 2)).to.deep.equal([{ first: 0, count: 2 }]);
    lab.core.giveSlots(0, [{ first: 0, count: 1 }]);
    const runs = lab.core.takeSlots(0, 5)?.map(({ first, count }) => `${first}+${count}`);
    expect(runs?.sort(), 'in two runs').to.deep.equal(['0+1', '2+4']);
    expect([lab.core.takeSlots(0, 1, 'any'), lab.core.takeSlots(1, 1)]).to.deep.equal([undefined, undefined]);
    lab.core.giveSlots(0, [{ first: 3, count: 2 }]);
    expect(lab.core.takeSlots(0, 9, 'any')).to.deep.equal([{ first: 3, count: 2 }]);
  });

  it('come back when records give them up, main’s and those of a failback', () => {
    const lab = new MainLab({ slots: 6 });
    lab.core.takeSlots(0, 6);
    lab.core.state.freed.push({ volume: 0, first: 1, count: 2 });
    lab.core.replica.freed.push({ volume: 0, first: 5, count: 1 });
    lab.core.takeFreed();
    expect([lab.core.slotsFree(0), lab.core.state.freed, lab.core.replica.freed]).to.deep.equal([3, [], []]);
    lab.core.takeFreed();
    expect(lab.core.slotsFree(0)).to.equal(3);
  });

  it('are given up for room when what is kept there has been sent', () => {
    const lab = transferring('copy');
    const kept = (first: number, count: number, slot: number) =>
      lab.core.state.apply({
        ...{ kind: 'kept', generation: generation(2), volume: volumeNumber(0), first: blockNumber(first), count, slot },
        digests: Buffer.alloc(16 * count, 1),
      });
    kept(4, 1, 9);
    kept(6, 3, 0);
    lab.core.reclaim(0);
    expect(lab.records, 'nothing has been sent').to.deep.equal([]);
    lab.isSent(6, 'xy');
    lab.core.reclaim(0);
    const released = { kind: 'released', volume: 0, first: 6, count: 2 };
    lab.core.reclaim(0);
    expect(
      lab.records.map(({ record }) => record),
      'one run at a time',
    ).to.deep.equal([released]);
    expect([6, 8].map((block) => lab.core.isKept(0, block))).to.deep.equal([false, true]);
    lab.durable();
    kept(2, 1, zeroSlot);
    lab.isSent(2, '.');
    lab.isSent(8, 'zw');
    lab.core.outgoing.lacking(0, 8);
    lab.core.reclaim(0);
    expect(
      lab.records.map(({ record }) => record),
      'zeros take no room, and what the sub turned out to lack stays',
    ).to.deep.equal([{ kind: 'unsent', generation: 2, volume: 0, first: 8, count: 1 }]);
    while (lab.durable());
    lab.isSent(8, 'z');
    lab.core.reclaim(0);
    expect(
      lab.records.map(({ record }) => record),
      'what is not kept gives none',
    ).to.deep.equal([{ ...released, first: 8, count: 1 }]);
  });
});

describe('what is on its way at a freeze of a streaming pair', () => {
  it('is not copied as long as nobody overwrites it; all else that has not been sent is', () => {
    const lab = new MainLab({ method: 'streaming' });
    lab.primary(0, 'abcdef');
    lab.core.sender.runBytesMax = 4096;
    lab.core.outgoing.restart();
    lab.core.sender.pump();
    lab.disk();
    lab.maySend = false;
    lab.freeze(1);
    lab.core.transferBegan();
    lab.core.pump(0);
    expect([lab.sent.length, lab.waiting]).to.deep.equal([1, ['primary0 read 8+4']]);
  });
});

describe('what a streaming pair has frozen', () => {
  it('is kept though nothing was queued: the maps say what has to be, not what was going to be sent', () => {
    const lab = new MainLab({ method: 'streaming' });
    lab.primary(0, 'abcdef');
    lab.isSent(1, 'b');
    lab.freeze(1);
    // Another record of the same batch had everything begin anew, with the image frozen already.
    lab.core.outgoing.restart();
    lab.core.transferBegan();
    lab.core.pump(0);
    expect(lab.waiting).to.deep.equal(['primary0 read 0+2', 'primary0 read 4+8']);
  });
});

describe('what the sub is about to hold of a streaming pair', () => {
  it('does not count when it was overwritten on its way before the freeze, and counts when after it', () => {
    for (const frozen of [false, true]) {
      const lab = new MainLab({ method: 'streaming' });
      lab.primary(0, 'ab');
      lab.core.outgoing.restart();
      lab.core.sender.pump();
      lab.disk();
      if (frozen) lab.freeze(1);
      lab.core.overwritten(0, 1, 1);
      lab.core.sender.stored({ kind: 'stored', generation: generation(1), runs: [1] });
      expect(lab.records.map(({ record }) => record.kind)).to.deep.equal(frozen ? ['sent'] : []);
    }
  });
});

describe('a write that waits', () => {
  it('does not look again for slots that nobody gave', () => {
    const lab = transferring();
    const looked: string[] = [];
    lab.core.waitForProgress({ resume: () => looked.push('looked') } as never);
    lab.core.giveSlots(0, []);
    lab.core.pump(0);
    expect(looked).to.deep.equal([]);
  });

  it('looks again when there is progress, and how long the longest waited is known', () => {
    const lab = transferring();
    const looked: string[] = [];
    const waiting = (name: string, stalledSinceUs: number | undefined) =>
      ({
        stalledSinceUs,
        resume: ({ kind }: { kind: string }, nowUs: number) => looked.push(`${name} ${kind} ${nowUs}`),
      }) as never;
    expect(lab.core.stalledSinceUs()).to.equal(undefined);
    lab.core.waitForProgress(waiting('a', 500));
    lab.core.waitForProgress(waiting('b', 300));
    lab.core.waitForProgress(waiting('c', undefined));
    expect(lab.core.stalledSinceUs()).to.equal(300);
    lab.core.pump(800);
    expect([looked, lab.core.stallUsMax]).to.deep.equal([[], 0]);
    lab.core.progressed();
    lab.core.pump(900);
    expect([looked, lab.core.stallUsMax]).to.deep.equal([['a look 900', 'b look 900', 'c look 900'], 600]);
    expect(lab.core.stalledSinceUs()).to.equal(undefined);
    lab.core.waitForProgress(waiting('d', 1000));
    lab.core.failGeneration('shadow-full', '');
    expect(lab.core.stalledSinceUs(), 'the generation is being given up').to.equal(undefined);
    lab.core.pump(1100);
    expect(looked.length).to.equal(3);
    lab.durable();
    lab.core.pump(1200);
    expect([looked.length, lab.core.stallUsMax]).to.deep.equal([4, 600]);
  });
});
