import { expect } from 'chai';
import { contentDigests, GenerationDigest } from '../../../protocol/digest.js';
import { generation, volumeNumber } from '../../../protocol/ids.js';
import { refusals } from '../../../protocol/refusals.js';
import { digest, FailbackLab, sending } from './failback-lab.js';
import { blockBytes, blocksOf } from './sub-lab.js';

describe('a failback', () => {
  it('asks main first, with what it has and whether main may discard', () => {
    for (const discard of [false, true]) {
      const lab = new FailbackLab().start(discard);
      expect(lab.sent).to.deep.equal([{ kind: 'failbackAsk', request: 1, epoch: 2, committed: 4, discard }]);
      expect([lab.failback.busy, lab.started, lab.records]).to.deep.equal([true, [], []]);
    }
  });

  it('sends what differs on either side, as the generation after the newest, and says when it is under way', () => {
    const lab = sending();
    expect(lab.told()).to.deep.equal(['failbackAsk', 'begin 6 on 4 SSWS', '1: 1 XXYY', '2: 5 ff']);
    expect([lab.state.failback, lab.started, lab.failback.generation]).to.deep.equal([6, [undefined], 6]);
    expect(lab.failback.progress).to.deep.equal({ total: 3, sent: 0 });
    expect(lab.marks()).to.deep.equal(['failback 6,3']);
  });

  it('goes from the ask to the right to write, given back durably', () => {
    const lab = sending();
    lab.told();
    lab.stored(1);
    expect([lab.told(), lab.failback.progress.sent]).to.deep.equal([[], 2]);
    lab.stored(2);
    expect([lab.sent[0]?.kind, lab.sent.length]).to.deep.equal(['complete', 1]);
    const sent = new GenerationDigest();
    for (const [block, letter] of [
      [1, 'X'],
      [2, 'Y'],
      [5, 'f'],
    ] as const) {
      sent.add(0, block, contentDigests(blocksOf(letter), blockBytes));
    }
    expect(lab.sent[0]).to.deep.include({ blocks: 3, zeroBlocks: 0, digest: sent.finish() });
    lab.told();
    lab.main('committed');
    expect([lab.told(), lab.state.takenOver]).to.deep.equal([[], true]);
    lab.failback.message({ kind: 'structured', generation: generation(6) });
    expect(lab.records.map(({ record }) => record.kind)).to.deep.equal(['missed', 'image', 'gaveBack']);
    expect(lab.told(), 'not before it is durable').to.deep.equal([]);
    lab.go();
    expect(lab.sent).to.deep.equal([{ kind: 'failbackDone', epoch: 2, generation: 6 }]);
    const { committed, structured, commitDigest, epoch: now } = lab.replica;
    expect([committed, structured, now, Buffer.from(commitDigest)]).to.deep.equal([6, 6, 2, digest]);
    expect([lab.state.takenOver, lab.state.pairState, lab.failback.busy]).to.deep.equal([false, 'PAIR', false]);
    expect([lab.state.changed[0]?.size, lab.marks()]).to.deep.equal([0, ['failback 6,3', 'gaveBack 6']]);
  });

  it('has a number after every number that was used, on either side, also by a failback that failed', () => {
    for (const [frozen, ended, expected] of [
      [3, 0, 5],
      [9, 0, 10],
      [3, 12, 13],
    ] as const) {
      const lab = new FailbackLab();
      lab.failback.mainFrozen = generation(frozen);
      lab.state.failbackEnded = generation(ended);
      lab.start().differs(1, [1]);
      expect(lab.state.failback).to.equal(expected);
    }
  });

  it('goes on with the number that it had before a power cut, and records no other', () => {
    const lab = new FailbackLab();
    lab.state.apply({ kind: 'failbackBegun', generation: generation(5) });
    lab.start();
    lab.failback.message({ kind: 'failbackDifference', request: 1, volume: volumeNumber(0), chunks: [], last: true });
    lab.failback.pump();
    expect([lab.records, lab.failback.generation, lab.started]).to.deep.equal([[], 5, [undefined]]);
  });

  it('waits until the host writes under way have ended', () => {
    const lab = new FailbackLab();
    lab.core.hostWrites = 1;
    lab.start().differs(1, [1]);
    expect([lab.records, lab.state.failback]).to.deep.equal([[], undefined]);
    lab.changed(3, 'Z');
    lab.core.hostWrites = 0;
    lab.go();
    expect(lab.told()).to.deep.equal(['failbackAsk', 'begin 6 on 4 SSWS', '1: 1 bb', '2: 3 ZZ']);
  });

  it('takes the difference in parts, and nothing of another question or past the end of the volume', () => {
    const lab = new FailbackLab().start();
    lab.differs(7, [0, 1, 2, 3]);
    lab.differs(1, [1, 15, 16, 63], false);
    expect(lab.state.failback).to.equal(undefined);
    lab.differs(1, [4]);
    lab.differs(1, [6]);
    expect(lab.told()).to.deep.equal(['failbackAsk', 'begin 6 on 4 SSWS', '1: 1 bb', '2: 4 ee', '3: 15 zeros 1']);
    expect(lab.failback.progress.total).to.equal(3);
  });

  it('takes a chunk of a difference for what it is', () => {
    const lab = new FailbackLab().start();
    const chunks = [{ chunk: 1, blocks: Buffer.alloc(8, 0xff) }];
    lab.says({ kind: 'failbackDifference', request: 1, volume: volumeNumber(0), chunks, last: true });
    expect(lab.failback.progress.total, 'blocks 64 and on are not there').to.equal(0);
    expect(lab.told().at(-1)).to.equal('complete 6: 0 0');
  });

  it('sends nothing before structuring has come to its end', () => {
    const lab = new FailbackLab();
    lab.overlaid(9, 'P');
    lab.start().differs(1, [1]);
    expect(lab.told()).to.deep.equal(['failbackAsk', 'begin 6 on 4 SSWS']);
    lab.replica.volume(0).overlay.delete(9, 1);
    lab.go();
    expect(lab.told()).to.deep.equal(['1: 1 bb']);
  });

  it('sends zeros as a range, and what is known apart from what is not', () => {
    const lab = new FailbackLab();
    lab.changed(2, 'WX');
    lab.start().differs(1, [0, 1, 4, 10, 11]);
    expect(lab.told().slice(2)).to.deep.equal(['1: 0 aabb', '2: 2 WWXX', '3: 4 ee', '4: 10 zeros 2']);
  });

  it('is told why main refuses it, and has begun nothing', () => {
    const lab = new FailbackLab().start();
    const refused = {
      kind: 'refused',
      request: 2,
      code: refusals['discard-needed'].number,
      detail: '7 blocks',
    } as const;
    expect(lab.says(refused), 'of another question').to.equal(true);
    expect([lab.started, lab.failback.busy]).to.deep.equal([[], true]);
    lab.says({ ...refused, request: 1 });
    expect([lab.started, lab.failback.busy, lab.records]).to.deep.equal([['discard-needed'], false, []]);
    lab.start().says({ ...refused, request: 2, code: 60_000 });
    expect(lab.started).to.deep.equal(['discard-needed', 'wrong-controller']);
  });

  it('takes no messages when there is none', () => {
    const lab = new FailbackLab();
    expect([lab.stored(1), lab.main('committed'), lab.failback.busy]).to.deep.equal([false, false, false]);
    const other = sending();
    expect(other.says({ kind: 'getHoldings', generation: generation(6) })).to.equal(false);
    expect(
      other.says({ kind: 'holdings', generation: generation(6), volume: volumeNumber(0), chunks: [], last: true }),
    ).to.equal(true);
  });
});
