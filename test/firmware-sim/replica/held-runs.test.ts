import { expect } from 'chai';
import { contentDigests, runDigest } from '../../../protocol/digest.js';
import { blockNumber, epoch, generation, volumeNumber } from '../../../protocol/ids.js';
import type { MessageNamed } from '../../../protocol/message/messages.js';
import { refusals } from '../../../protocol/refusals.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';
import { begun, blockBytes, blocksOf, digestOf, ReplicaLab } from './replica-lab.js';

const differs = refusals['content-differs'].number;
const outside = refusals['range-outside'].number;

/** Run 1 names blocks from block 2 on, each full of its letter. */
function runOf(letters: string, of: Partial<MessageNamed<'heldRun'>> = {}): MessageNamed<'heldRun'> {
  return {
    ...{ kind: 'heldRun', run: 1, generation: generation(1), volume: volumeNumber(0), first: blockNumber(2) },
    ...{ count: letters.length, digest: runDigest(contentDigests(blocksOf(letters), blockBytes)), ...of },
  };
}

/** A receiver whose image holds these letters from block 2 on. */
function holding(letters: string, options: Parameters<typeof begun>[0] = {}): ReplicaLab {
  const lab = begun(options);
  lab.media.get('secondary0')?.set(blocksOf(letters), 2 * blockBytes);
  return lab;
}

describe('the receiver, taking runs that it may hold', () => {
  it('stores from its image what it is named', () => {
    const lab = holding('abc');
    lab.receiver.heldRun(runOf('abc'));
    lab.settle();
    expect(lab.told()).to.deep.equal(['stored 1 of 1']);
    const { staged } = lab.state.volume(0);
    expect([staged.size, lab.letters('staging0', staged.slotOf(2) ?? 99, 3)]).to.deep.equal([3, 'abc']);
    expect(Buffer.from(staged.digestOf(4) ?? [])).to.deep.equal(Buffer.from(contentDigests(blocksOf('c'), blockBytes)));
  });

  it('refuses, and stages nothing of, what its image does not hold, or in another order, or cannot read', () => {
    for (const letters of ['abd', 'acb', '...']) {
      const lab = holding(letters);
      lab.receiver.heldRun(runOf('abc'));
      lab.settle();
      expect([lab.told(), lab.state.volume(0).staged.size]).to.deep.equal([[`runRefused 1 ${differs}`], 0]);
    }
    const lab = holding('abc');
    lab.receiver.heldRun(runOf('abc'));
    while (lab.disk(checkCondition('hardwareFailure')));
    lab.settle();
    expect([lab.told(), lab.suspended]).to.deep.equal([[`runRefused 1 ${differs}`], []]);
  });

  it('refuses a run of more than 64 KiB, or past the end of the volume, before it reads anything', () => {
    const lab = begun({ volumes: [300], stagingSlots: 300 });
    lab.receiver.heldRun(runOf('x'.repeat(129)));
    lab.receiver.heldRun(runOf('x'.repeat(10), { first: blockNumber(291) }));
    lab.receiver.heldRun(runOf('x', { count: 2 ** 32 - 1 }));
    lab.receiver.heldRun(runOf('x', { volume: volumeNumber(1) }));
    expect([lab.told(), lab.waiting]).to.deep.equal([Array(4).fill(`runRefused 1 ${outside}`), []]);
    lab.media.get('secondary0')?.set(blocksOf('x'.repeat(128)), 2 * blockBytes);
    lab.receiver.heldRun(runOf('x'.repeat(128)));
    lab.settle();
    expect(lab.told()).to.deep.equal(['stored 1 of 1']);
  });

  it('commits no image while it still looks for a part of it', () => {
    const lab = holding('abc');
    lab.run(1, { first: 0, letters: 'x' });
    lab.settle();
    lab.told();
    lab.receiver.heldRun(runOf('abc', { run: 2 }));
    lab.complete(1, { blocks: 4, zeroBlocks: 0, digest: digestOf('x abc') });
    lab.receiver.pump();
    expect(lab.told(), 'not refused either').to.deep.equal([]);
    lab.settle();
    expect(lab.told()).to.deep.equal(['stored 2 of 1', 'committed 1', 'structured 1']);
  });

  it('has of a block what came last, named or with its contents', () => {
    const settled = (order: 'held first' | 'held last') => {
      const lab = holding('abc', { stagingSlots: 7 });
      if (order === 'held first') lab.receiver.heldRun(runOf('abc'));
      lab.run(2, { first: 3, letters: 'x' });
      lab.run(3, { first: 9, letters: 'y' });
      if (order === 'held last') lab.receiver.heldRun(runOf('abc', { run: 4 }));
      lab.settle();
      const { staged } = lab.state.volume(0);
      const letters = [2, 3, 4, 9].map((block) => lab.letters('staging0', staged.slotOf(block) ?? 99, 1));
      return [lab.told().join(), letters.join('')];
    };
    expect(settled('held first')).to.deep.equal(['stored 1 of 1,stored 2 of 1,stored 3 of 1', 'axcy']);
    expect(settled('held last')).to.deep.equal(['stored 2 of 1,stored 3 of 1,stored 4 of 1', 'abcy']);
  });

  it('does not read for a generation that staging is not for', () => {
    const lab = holding('abc');
    lab.receiver.heldRun(runOf('abc', { generation: generation(2) }));
    expect([lab.told(), lab.waiting]).to.deep.equal([[], []]);
  });

  it('answers none of a session that has ended meanwhile, and says what it holds when it has looked', () => {
    for (const letters of ['abc', 'abd']) {
      const lab = holding(letters);
      lab.receiver.heldRun(runOf('abc'));
      lab.receiver.sessionOpened();
      lab.receiver.getHoldings({ kind: 'getHoldings', generation: generation(1) });
      expect(lab.told(), letters).to.deep.equal([]);
      lab.settle();
      expect(lab.told(), letters).to.deep.equal(['holdings 1']);
      expect(lab.state.volume(0).staged.size).to.equal(letters === 'abc' ? 3 : 0);
    }
  });

  it('keeps those that come before the beginning is durable until it is', () => {
    const lab = new ReplicaLab({ volumes: [32] });
    lab.media.get('secondary0')?.set(blocksOf('ab'), 2 * blockBytes);
    const of = { epoch: epoch(1), generation: generation(1), base: generation(0), full: true, state: 'COPY' } as const;
    lab.receiver.begin({ kind: 'begin', ...of });
    lab.receiver.heldRun(runOf('ab'));
    expect(lab.waiting).to.deep.equal([]);
    lab.settle();
    expect(lab.told()).to.deep.equal(['stored 1 of 1']);
  });
});
