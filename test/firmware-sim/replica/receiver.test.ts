import { expect } from 'chai';
import { zeroSlot } from '../../../firmware-sim/storage/stored-blocks.js';
import { contentDigests, runDigest } from '../../../protocol/digest.js';
import { blockNumber, epoch, generation, volumeNumber } from '../../../protocol/ids.js';
import { refusals } from '../../../protocol/refusals.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';
import { begun, blockBytes, blocksOf, digestOf, ReplicaLab } from './replica-lab.js';

const outside = refusals['range-outside'].number;
const mismatch = refusals['digest-mismatch'].number;
const stagingFull = refusals['staging-full'].number;
const diskError = refusals['disk-error'].number;

describe('the receiver, taking runs', () => {
  it('acknowledges a run once its content is written, flushed and recorded, in this order', () => {
    const lab = begun();
    lab.run(7, { first: 2, letters: 'ab' });
    expect(lab.waiting).to.deep.equal(['staging0 write']);
    lab.disk();
    expect(lab.waiting).to.deep.equal(['staging0 synchronizeCache']);
    expect([lab.records.length, lab.told()]).to.deep.equal([0, []]);
    lab.disk();
    expect([lab.records.map(({ record }) => record.kind), lab.told()]).to.deep.equal([['staged'], []]);
    lab.durable();
    expect(lab.told()).to.deep.equal(['stored 7 of 1']);
    const { staged } = lab.state.volume(0);
    expect([staged.size, lab.letters('staging0', staged.slotOf(2) ?? 99, 2)]).to.deep.equal([2, 'ab']);
    expect(Buffer.from(staged.digestOf(3) ?? [])).to.deep.equal(Buffer.from(contentDigests(blocksOf('b'), blockBytes)));
  });

  it('acknowledges what was stored together in one message', () => {
    const lab = begun();
    lab.run(7, { first: 2, letters: 'ab' });
    lab.zeros(8, { first: 9, count: 3 });
    while (lab.disk());
    lab.receiver.board.send = () => {
      throw new Error('nothing is told before the end of the step');
    };
    for (const { record, operation } of lab.records.splice(0)) {
      lab.state.apply(record);
      operation?.resume({ kind: 'done', data: new Uint8Array(0) }, 0);
    }
    lab.receiver.board.send = (_port, message) => lab.sent.push(message);
    lab.receiver.pump();
    expect(lab.told()).to.deep.equal(['stored 8,7 of 1']);
    lab.receiver.pump();
    expect(lab.told()).to.deep.equal([]);
  });

  it('writes nothing for zeros', () => {
    const lab = begun();
    lab.zeros(3, { first: 5, count: 20 });
    expect([lab.waiting, lab.records.length]).to.deep.equal([[], 1]);
    lab.durable();
    expect(lab.told()).to.deep.equal(['stored 3 of 1']);
    expect([lab.state.volume(0).staged.size, lab.state.volume(0).staged.slotOf(24)]).to.deep.equal([20, zeroSlot]);
  });

  it('spreads a run over the slots that are free', () => {
    const lab = begun({ stagingSlots: 6 });
    lab.allocators[0]?.occupy(1, 2);
    lab.run(1, { first: 10, letters: 'wxyz' });
    expect(lab.waiting).to.deep.equal(['staging0 write', 'staging0 write']);
    lab.disk();
    expect(lab.waiting, 'both, before the flush').to.deep.equal(['staging0 write']);
    lab.disk();
    lab.disk();
    expect(lab.records).to.have.length(2);
    lab.durable();
    expect(lab.told()).to.deep.equal([]);
    lab.durable();
    expect([lab.told(), lab.letters('staging0', 0, 6)]).to.deep.equal([['stored 1 of 1'], 'w..xyz']);
    const slots = [10, 11, 12, 13].map((block) => lab.state.volume(0).staged.slotOf(block));
    expect(slots).to.deep.equal([0, 3, 4, 5]);
    expect(lab.state.volume(0).staged.digestOf(12)).to.deep.equal(contentDigests(blocksOf('y'), blockBytes));
  });

  it('refuses a run that passes the end of the volume, names another one, or has not whole blocks', () => {
    const lab = begun();
    lab.run(1, { first: 31, letters: 'ab' });
    lab.run(2, { first: 0, letters: 'a', volume: 1 });
    lab.run(3, { first: 0, letters: '' });
    lab.zeros(4, { first: 30, count: 3 });
    lab.zeros(5, { first: 0, count: 0 });
    const whole = { first: blockNumber(0), count: 1, digest: new Uint8Array(16), data: blocksOf('a').subarray(1) };
    const place = { generation: generation(1), volume: volumeNumber(0) };
    lab.receiver.blockRun({ kind: 'blockRun', run: 6, ...place, ...whole });
    lab.receiver.blockRun({ kind: 'blockRun', run: 7, ...place, ...whole, count: 0 });
    expect(lab.told()).to.deep.equal([1, 2, 3, 4, 5, 6, 7].map((run) => `runRefused ${run} ${outside}`));
    lab.run(8, { first: 31, letters: 'a' });
    lab.zeros(9, { first: 29, count: 2 });
    lab.settle();
    expect(lab.told()).to.deep.equal(['stored 9 of 1', 'stored 8 of 1']);
  });

  it('takes 4096 blocks of zeros as one run, and no more', () => {
    const lab = begun({ volumes: [5000] });
    lab.zeros(1, { first: 0, count: 4097 });
    expect(lab.told()).to.deep.equal([`runRefused 1 ${outside}`]);
    lab.zeros(2, { first: 0, count: 4096 });
    lab.settle();
    expect(lab.told()).to.deep.equal(['stored 2 of 1']);
  });

  it('refuses a run of one block and a half', () => {
    const lab = begun();
    const place = { generation: generation(1), volume: volumeNumber(0), first: blockNumber(0) };
    const data = blocksOf('ab').subarray(0, 1.5 * blockBytes);
    lab.receiver.blockRun({ kind: 'blockRun', run: 1, ...place, count: 1, digest: new Uint8Array(16), data });
    expect(lab.told()).to.deep.equal([`runRefused 1 ${outside}`]);
  });

  it('takes zeros over content that was staged before', () => {
    const lab = begun();
    lab.run(1, { first: 0, letters: 'abc' });
    lab.settle();
    lab.zeros(2, { first: 1, count: 2 });
    lab.settle();
    const { staged } = lab.state.volume(0);
    expect([...(staged.digestOf(1) ?? []), ...(staged.digestOf(2) ?? [])]).to.deep.equal(Array(32).fill(0));
    expect([staged.slotOf(2), lab.allocators[0]?.free]).to.deep.equal([zeroSlot, 63]);
  });

  it('has of a block what came last, whichever of two runs is quicker', () => {
    const lab = begun();
    lab.run(1, { first: 4, letters: 'ab' });
    lab.zeros(2, { first: 5, count: 2 });
    lab.run(3, { first: 20, letters: 'z' });
    expect([lab.waiting, lab.records.length], 'zeros wait for the disk').to.deep.equal([['staging0 write'], 0]);
    lab.settle();
    expect(lab.told()).to.deep.equal(['stored 1 of 1', 'stored 2 of 1', 'stored 3 of 1']);
    const { staged } = lab.state.volume(0);
    expect([5, 6].map((block) => staged.slotOf(block))).to.deep.equal([zeroSlot, zeroSlot]);
    lab.complete(1, { blocks: 4, zeroBlocks: 2, digest: digestOf('    a..             z') });
    lab.settle();
    expect(lab.state.committed).to.equal(1);
  });

  it('refuses a run whose content has another digest', () => {
    const lab = begun();
    const place = { generation: generation(1), volume: volumeNumber(0), first: blockNumber(0) };
    const digest = runDigest(contentDigests(blocksOf('b'), blockBytes));
    lab.receiver.blockRun({ kind: 'blockRun', run: 6, ...place, count: 1, digest, data: blocksOf('a') });
    expect([lab.told(), lab.waiting]).to.deep.equal([[`runRefused 6 ${mismatch}`], []]);
  });

  it('passes over a run of another generation', () => {
    const lab = begun();
    lab.run(1, { first: 0, letters: 'a', generation: 2 });
    lab.zeros(2, { first: 0, count: 1, generation: 2 });
    lab.settle();
    expect([lab.told(), lab.state.volume(0).staged.size]).to.deep.equal([[], 0]);
  });

  it('keeps runs that come before the beginning is durable until it is', () => {
    const lab = new ReplicaLab({ volumes: [32] });
    const of = { epoch: epoch(1), generation: generation(1), base: generation(0), full: true, state: 'COPY' } as const;
    lab.receiver.begin({ kind: 'begin', ...of });
    lab.receiver.begin({ kind: 'begin', ...of });
    lab.run(1, { first: 0, letters: 'ab' });
    lab.zeros(2, { first: 5, count: 1 });
    expect([lab.waiting, lab.records.map(({ record }) => record.kind)]).to.deep.equal([[], ['begun']]);
    lab.settle();
    expect(lab.told()).to.deep.equal(['stored 2 of 1', 'stored 1 of 1']);
    expect(lab.state.receiving).to.deep.include({ epoch: 1, generation: 1, base: 0, full: true });
  });

  it('forgets runs that came before a beginning was durable when the session ends or the generation is dropped', () => {
    for (const forget of [
      (lab: ReplicaLab) => lab.receiver.sessionOpened(),
      (lab: ReplicaLab) => lab.receiver.drop(),
    ]) {
      const lab = new ReplicaLab({ volumes: [32] });
      const of = {
        epoch: epoch(1),
        generation: generation(1),
        base: generation(0),
        full: true,
        state: 'COPY',
      } as const;
      lab.receiver.begin({ kind: 'begin', ...of });
      lab.run(1, { first: 0, letters: 'ab' });
      forget(lab);
      lab.settle();
      expect([lab.told(), lab.state.volume(0).staged.size]).to.deep.equal([[], 0]);
    }
  });

  it('begins anew for a generation of which anything has changed', () => {
    const same = {
      epoch: epoch(1),
      generation: generation(1),
      base: generation(0),
      full: false,
      state: 'PAIR',
    } as const;
    const changes = [{}, { epoch: epoch(2) }, { base: generation(5) }, { full: true }];
    const begunAnew = changes.map((change) => {
      const lab = begun();
      lab.receiver.begin({ kind: 'begin', ...same, ...change });
      return lab.records.length;
    });
    expect(begunAnew).to.deep.equal([0, 1, 1, 1]);
  });

  it('does not take runs for those of a beginning while another one is on its way', () => {
    const lab = new ReplicaLab({ volumes: [32] });
    for (const number of [1, 2]) {
      const base = generation(0);
      const of = { epoch: epoch(1), generation: generation(number), base, full: true, state: 'COPY' } as const;
      lab.receiver.begin({ kind: 'begin', ...of });
    }
    lab.run(1, { first: 0, letters: 'ab', generation: 2 });
    lab.durable();
    expect(lab.waiting).to.deep.equal([]);
    lab.settle();
    expect(lab.told()).to.deep.equal(['stored 1 of 2']);
  });

  it('acknowledges nothing in a session that it did not come in', () => {
    const lab = begun();
    lab.run(1, { first: 0, letters: 'a' });
    lab.disk();
    lab.receiver.sessionOpened();
    lab.settle();
    expect([lab.told(), lab.state.volume(0).staged.size]).to.deep.equal([[], 1]);
    lab.run(1, { first: 1, letters: 'b' });
    lab.settle();
    expect(lab.told()).to.deep.equal(['stored 1 of 1']);
  });

  it('tells its holdings only when nothing is on its way into staging', () => {
    const lab = begun();
    lab.run(1, { first: 0, letters: 'a' });
    lab.receiver.getHoldings({ kind: 'getHoldings', generation: generation(1) });
    expect(lab.told()).to.deep.equal([]);
    lab.settle();
    expect(lab.told()).to.deep.equal(['stored 1 of 1', 'holdings 1']);
    lab.receiver.pump();
    expect(lab.told()).to.deep.equal([]);
    lab.receiver.getHoldings({ kind: 'getHoldings', generation: generation(1) });
    expect(lab.told()).to.deep.equal(['holdings 1']);
  });

  it('gives a generation up that staging has no room for, and tells it', () => {
    const lab = begun({ stagingSlots: 4 });
    lab.run(1, { first: 0, letters: 'abcd' });
    lab.settle();
    lab.run(2, { first: 4, letters: 'e' });
    expect(lab.told()).to.deep.equal(['stored 1 of 1', `abandon 1 ${stagingFull} PSUE`]);
    lab.settle();
    expect([lab.state.receiving, lab.allocators[0]?.free, lab.waiting]).to.deep.equal([undefined, 4, []]);
    lab.run(3, { first: 4, letters: 'e' });
    lab.settle();
    expect([lab.told(), lab.suspended]).to.deep.equal([[], []]);
  });

  it('lets runs wait, in their order, as long as what is on its way may make room', () => {
    const lab = begun({ stagingSlots: 4 });
    lab.run(1, { first: 0, letters: 'abc' });
    lab.run(2, { first: 0, letters: 'xyz' });
    lab.zeros(3, { first: 8, count: 2 });
    lab.receiver.getHoldings({ kind: 'getHoldings', generation: generation(1) });
    lab.complete(1, { blocks: 5, zeroBlocks: 2, digest: digestOf('xyz     ..') });
    expect(lab.waiting).to.deep.equal(['staging0 write']);
    lab.disk();
    lab.disk();
    lab.durable();
    expect(lab.told(), 'not as long as a run waits').to.deep.equal([`abandon 1 ${stagingFull} PSUE`, 'holdings 1']);
    const more = begun({ stagingSlots: 4 });
    more.run(1, { first: 0, letters: 'a' });
    more.run(2, { first: 0, letters: 'x' });
    more.run(3, { first: 1, letters: 'bcd' });
    more.receiver.getHoldings({ kind: 'getHoldings', generation: generation(1) });
    more.complete(1, { blocks: 4, zeroBlocks: 0, digest: digestOf('xbcd') });
    more.settle();
    expect(more.told()).to.deep.equal([
      'stored 1 of 1',
      'stored 2 of 1',
      'stored 3 of 1',
      'holdings 1',
      'committed 1',
      'structured 1',
    ]);
    expect(more.letters('secondary0', 0, 4)).to.equal('xbcd');
  });

  it('stages of a run that comes once more only what it does not hold, when there is no room for all', () => {
    const lab = begun({ stagingSlots: 6 });
    lab.run(1, { first: 1, letters: 'bcd' });
    lab.run(2, { first: 5, letters: 'f' });
    lab.settle();
    lab.receiver.sessionOpened();
    lab.told();
    lab.run(1, { first: 1, letters: 'bcd' });
    expect([lab.waiting, lab.records, lab.told()], 'all of it is there').to.deep.equal([[], [], []]);
    lab.receiver.pump();
    expect(lab.told()).to.deep.equal(['stored 1 of 1']);
    lab.run(2, { first: 0, letters: 'abcde' });
    expect(lab.waiting).to.deep.equal(['staging0 write', 'staging0 write']);
    while (lab.disk());
    lab.durable();
    expect(lab.told(), 'one part').to.deep.equal([]);
    lab.durable();
    expect([lab.told(), lab.allocators[0]?.free]).to.deep.equal([['stored 2 of 1'], 0]);
    const { staged } = lab.state.volume(0);
    const slots = Array.from({ length: 6 }, (_, block) => staged.slotOf(block) ?? 99);
    expect(slots.map((slot) => lab.letters('staging0', slot, 1)).join('')).to.equal('abcdef');
    lab.run(3, { first: 5, letters: 'x' });
    expect(lab.told(), 'another content needs a slot of its own').to.deep.equal([`abandon 1 ${stagingFull} PSUE`]);
  });

  it('lets runs wait for the structuring of the image before, but not for one that failed', () => {
    const structuring = (...runs: readonly (readonly [number, string])[]) => {
      const lab = begun({ stagingSlots: 4 });
      for (const [first, letters] of runs) lab.run(1, { first, letters });
      lab.settle();
      const whole = runs.reduce((all, [first, letters]) => all.padEnd(first) + letters, '');
      lab.complete(1, { blocks: 3, zeroBlocks: 0, digest: digestOf(whole) });
      lab.durable();
      lab.receiver.begin({
        ...{ kind: 'begin', epoch: epoch(1), generation: generation(2), base: generation(1) },
        ...{ full: false, state: 'PAIR' },
      });
      while (lab.durable());
      lab.run(2, { first: 4, letters: 'xy', generation: 2 });
      lab.told();
      return lab;
    };
    const lab = structuring([0, 'abc']);
    expect(lab.waiting).to.deep.equal(['staging0 read']);
    lab.settle();
    expect(lab.told()).to.deep.equal(['structured 1', 'stored 2 of 2']);
    const failed = structuring([0, 'abc']);
    while (failed.disk(checkCondition('unrecoveredReadError')));
    expect(failed.told()).to.deep.equal([`abandon 2 ${stagingFull} PSUE`]);
    const spoilt = structuring([0, 'ab'], [10, 'c']);
    while (spoilt.suspended.length === 0 && spoilt.disk(checkCondition('unrecoveredReadError')));
    expect(spoilt.told(), 'the other one is on its way').to.deep.equal([]);
    spoilt.settle();
    expect(spoilt.told()).to.deep.equal(['stored 2 of 2']);
  });

  it('forgets runs that wait for room when the session ends or the generation is dropped', () => {
    for (const end of ['session', 'drop'] as const) {
      const lab = begun({ stagingSlots: 4 });
      lab.run(1, { first: 0, letters: 'abc' });
      lab.run(2, { first: 4, letters: 'xy' });
      if (end === 'session') lab.receiver.sessionOpened();
      else lab.receiver.drop();
      lab.settle();
      const { size } = lab.state.volume(0).staged;
      expect([lab.told().join(), size], end).to.deep.equal(['', end === 'session' ? 3 : 0]);
    }
  });

  it('gives a generation up, and its slots back, when the disk does not take a run', () => {
    const lab = begun({ stagingSlots: 6 });
    lab.allocators[0]?.occupy(1, 2);
    lab.run(1, { first: 10, letters: 'wxyz' });
    lab.disk(checkCondition('writeProtected'));
    expect([lab.told(), lab.suspended], 'the other write is under way').to.deep.equal([[], []]);
    lab.disk();
    expect(lab.told()).to.deep.equal([`abandon 1 ${diskError} PSUE`]);
    expect(lab.suspended).to.deep.equal(['disk-error: staging0']);
    lab.settle();
    expect([lab.state.receiving, lab.allocators[0]?.free]).to.deep.equal([undefined, 4]);
    lab.receiver.getHoldings({ kind: 'getHoldings', generation: generation(1) });
    expect(lab.told(), 'nothing is on its way').to.deep.equal(['holdings 1']);
  });

  it('drops what is staged when told so, for the generation that it is for only', () => {
    const lab = begun();
    lab.run(1, { first: 0, letters: 'ab' });
    lab.settle();
    new ReplicaLab({ volumes: [1] }).receiver.drop(generation(1));
    lab.receiver.drop(generation(2));
    expect(lab.records).to.deep.equal([]);
    lab.receiver.drop();
    lab.receiver.drop();
    expect(lab.records.map(({ record }) => record.kind)).to.deep.equal(['dropped']);
    lab.settle();
    expect([lab.state.volume(0).staged.size, lab.allocators[0]?.free]).to.deep.equal([0, 64]);
  });
});
