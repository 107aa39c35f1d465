import { expect } from 'chai';
import { epoch, generation } from '../../../protocol/ids.js';
import { begun, digestOf, ReplicaLab } from './replica-lab.js';

/** Generation `number` with these letters from block 0 on, up to its commit. */
function commit(lab: ReplicaLab, number: number, letters: string): void {
  lab.run(1, { first: 0, letters, generation: number });
  lab.settle();
  lab.complete(number, { blocks: letters.length, zeroBlocks: 0, digest: digestOf(letters) });
  while (lab.state.committed !== number) if (!lab.disk() && !lab.durable()) throw new Error('it was not committed');
}

describe('the receiver, committing', () => {
  it('commits when everything is durable and agrees, tells it, and structures the image', () => {
    const lab = begun();
    lab.run(1, { first: 0, letters: 'abc' });
    lab.zeros(2, { first: 5, count: 2 });
    lab.complete(1, { blocks: 5, zeroBlocks: 2, digest: digestOf('abc  ..') });
    expect(lab.marks).to.deep.equal([]);
    while (lab.disk());
    lab.durable();
    lab.durable();
    expect([lab.marks, lab.state.committed]).to.deep.equal([['complete 1'], 0]);
    expect(lab.told()).to.deep.equal(['stored 2 of 1', 'stored 1 of 1']);
    lab.durable();
    expect([lab.told(), lab.progress, lab.marks]).to.deep.equal([['committed 1'], 1, ['complete 1', 'committed 1']]);
    lab.settle();
    expect(lab.told()).to.deep.equal(['structured 1']);
    expect([lab.progress, lab.marks.at(-1), lab.letters('secondary0', 0, 8)]).to.deep.equal([
      ...[2, 'structured 1', 'abc.....'],
    ]);
    expect([lab.state.structured, lab.state.overlaid, lab.allocators[0]?.free]).to.deep.equal([1, 0, 64]);
    expect(lab.records).to.deep.equal([]);
  });

  it('refuses a complete whose counts or digest differ, and waits for another', () => {
    const right = { blocks: 5, zeroBlocks: 2, digest: digestOf('abc  ..') };
    for (const wrong of [
      { blocks: 6 },
      { zeroBlocks: 1 },
      { digest: digestOf('abd  ..') },
      { digest: digestOf('abc . .') },
    ]) {
      const lab = begun();
      lab.run(1, { first: 0, letters: 'abc' });
      lab.zeros(2, { first: 5, count: 2 });
      lab.settle();
      lab.told();
      lab.complete(1, { ...right, ...wrong });
      lab.settle();
      expect([lab.told(), lab.state.committed]).to.deep.equal([['completeRefused 1'], 0]);
      lab.complete(1, right);
      lab.settle();
      expect(lab.told()).to.deep.equal(['committed 1', 'structured 1']);
    }
  });

  it('keeps a complete that comes before the beginning is durable, and none of what is being dropped', () => {
    const lab = new ReplicaLab({ volumes: [32] });
    const of = { epoch: epoch(1), generation: generation(1), base: generation(0), full: true, state: 'COPY' } as const;
    lab.receiver.begin({ kind: 'begin', ...of });
    lab.run(7, { first: 0, letters: 'a' });
    lab.complete(1, { blocks: 1, zeroBlocks: 0, digest: digestOf('a') });
    lab.settle();
    expect(lab.told()).to.deep.equal(['stored 7 of 1', 'committed 1', 'structured 1']);
    expect([lab.state.committed, lab.state.epoch]).to.deep.equal([1, 1]);
    const dropped = begun();
    dropped.receiver.drop();
    dropped.complete(1, { blocks: 0, zeroBlocks: 0, digest: digestOf('') });
    dropped.settle();
    expect([dropped.told(), dropped.state.committed]).to.deep.equal([[], 0]);
  });

  it('passes over a complete of another generation', () => {
    const lab = begun();
    lab.complete(2, { blocks: 0, zeroBlocks: 0, digest: digestOf('') });
    lab.settle();
    expect([lab.told(), lab.state.committed]).to.deep.equal([[], 0]);
    lab.complete(1, { blocks: 0, zeroBlocks: 0, digest: digestOf('') });
    lab.settle();
    expect(lab.state.committed).to.equal(1);
  });

  it('forgets a complete of the session before, and one that a new beginning overtakes', () => {
    for (const overtake of [(lab: ReplicaLab) => lab.receiver.sessionOpened(), (lab: ReplicaLab) => lab.begin(2)]) {
      const lab = begun();
      lab.run(1, { first: 0, letters: 'a' });
      lab.complete(1, { blocks: 1, zeroBlocks: 0, digest: digestOf('a') });
      overtake(lab);
      lab.settle();
      expect(lab.state.committed).to.equal(0);
    }
  });

  it('tells of the commit again when the sender begins or completes it again', () => {
    const lab = begun();
    commit(lab, 1, 'ab');
    lab.settle();
    lab.told();
    lab.begin(1);
    expect(lab.told()).to.deep.equal(['committed 1', 'structured 1']);
    lab.complete(1, { blocks: 2, zeroBlocks: 0, digest: digestOf('ab') });
    expect(lab.told()).to.deep.equal(['committed 1', 'structured 1']);
    expect(lab.records).to.deep.equal([]);
  });

  it('takes neither beginning nor complete twice while the commit is on its way', () => {
    const lab = begun();
    lab.run(1, { first: 0, letters: 'a' });
    lab.settle();
    const complete = { blocks: 1, zeroBlocks: 0, digest: digestOf('a') };
    lab.complete(1, complete);
    lab.complete(1, complete);
    const of = { epoch: epoch(1), generation: generation(1), base: generation(0), full: false, state: 'PAIR' } as const;
    lab.receiver.begin({ kind: 'begin', ...of });
    lab.receiver.pump();
    expect(lab.records.map(({ record }) => record.kind)).to.deep.equal(['accepted']);
  });

  it('does not drop a generation whose commit is on its way', () => {
    const lab = begun();
    lab.complete(1, { blocks: 0, zeroBlocks: 0, digest: digestOf('') });
    lab.receiver.drop();
    expect(lab.records.map(({ record }) => record.kind)).to.deep.equal(['accepted']);
  });

  it('commits no generation over blocks of the one before that are not structured yet', () => {
    const lab = begun();
    commit(lab, 1, 'abcd');
    const of = { epoch: epoch(1), generation: generation(2), base: generation(1), full: false, state: 'PAIR' } as const;
    lab.receiver.begin({ kind: 'begin', ...of });
    while (lab.state.receiving === undefined) lab.durable();
    lab.zeros(5, { first: 0, count: 1, generation: 2 });
    lab.durable();
    lab.complete(2, { blocks: 1, zeroBlocks: 1, digest: digestOf('.') });
    expect([lab.state.overlaid > 0, lab.state.committed]).to.deep.equal([true, 1]);
    lab.settle();
    expect([lab.state.committed, lab.letters('secondary0', 0, 4)]).to.deep.equal([2, '.bcd']);
  });

  it('takes for the whole image what began as a difference, and keeps what had arrived for it', () => {
    const lab = begun();
    commit(lab, 1, 'abcd');
    lab.settle();
    lab.begin(2);
    lab.run(1, { first: 1, letters: 'X', generation: 2 });
    lab.settle();
    lab.begin(2, true);
    expect([lab.state.receiving?.full, lab.state.volume(0).staged.size]).to.deep.equal([true, 1]);
    lab.run(2, { first: 0, letters: 'a', generation: 2 });
    lab.settle();
    lab.complete(2, { blocks: 2, zeroBlocks: 0, digest: digestOf('aX') });
    lab.settle();
    expect([lab.state.committed, lab.letters('secondary0', 0, 5)]).to.deep.equal([2, 'aX...']);
    expect([lab.state.structured, lab.allocators[0]?.free]).to.deep.equal([2, 64]);
  });

  it('cuts its acknowledgements at 4096 runs', () => {
    const lab = begun({ volumes: [4097] });
    for (let run = 0; run < 4097; run += 1) lab.zeros(run, { first: run, count: 1 });
    for (const { record, operation } of lab.records.splice(0)) {
      lab.state.apply(record);
      operation?.resume({ kind: 'done', data: new Uint8Array(0) }, 0);
    }
    lab.receiver.pump();
    const counts = lab.sent.map((message) => (message.kind === 'stored' ? message.runs.length : 0));
    expect(counts).to.deep.equal([4096, 1]);
  });

  it('takes a failed commit for a broken invariant', () => {
    const lab = begun();
    expect(() => lab.receiver.resume({ kind: 'look' })).to.throw('ends well');
  });
});
