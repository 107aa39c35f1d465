import { expect } from 'chai';
import { type Fragment, SendQueue } from '../../../protocol/link/send-queue.js';

/** A queue that has cut messages of these lengths into fragments, the first of which were sent first. */
function cutOf(lengths: readonly number[], bytesMax = 64, windowUnits = 100): SendQueue {
  const queue = new SendQueue();
  for (const [index, length] of lengths.entries()) queue.push(Buffer.alloc(length, index + 1));
  let order = 0;
  for (let next = queue.cut(bytesMax, windowUnits); next; next = queue.cut(bytesMax, windowUnits)) {
    order += 1;
    next.sentOrder = order;
  }
  return queue;
}

const startsOf = (fragments: readonly Fragment[]) => fragments.map(({ start }) => start);
/** Starts of what is to be repeated, which flies afterwards. */
function repeated(queue: SendQueue, bytesMax = 64): number[] {
  const starts: number[] = [];
  for (let next = queue.repeat(bytesMax); next; next = queue.repeat(bytesMax)) starts.push(next.start);
  return starts;
}
const received = (next: number, ...runs: number[]) => ({ next, runs, complete: true });

describe('a queue at the sender', () => {
  it('cuts messages into fragments of whole units, flagged at the ends', () => {
    const queue = cutOf([150, 0, 64]);
    const cut = queue.fragments.map(({ start, units, bytes, first, last }) => ({
      ...{ start, units, length: bytes.length, byte: bytes[0] ?? 0, first, last },
    }));
    expect(cut).to.deep.equal([
      { start: 0, units: 1, length: 64, byte: 1, first: true, last: false },
      { start: 1, units: 1, length: 64, byte: 1, first: false, last: false },
      { start: 2, units: 1, length: 22, byte: 1, first: false, last: true },
      { start: 3, units: 1, length: 0, byte: 0, first: true, last: true },
      { start: 4, units: 1, length: 64, byte: 3, first: true, last: true },
    ]);
    expect([queue.queuedBytes, queue.queuedMessages, queue.flying, queue.lost]).to.deep.equal([214, 3, true, false]);
  });

  it('cuts a fragment to the window only when nothing else is on its way', () => {
    const queue = new SendQueue();
    queue.push(Buffer.alloc(500));
    expect(queue.cut(256, 3)?.units).to.equal(3);
    expect(queue.cut(256, 3), 'the window is full').to.equal(undefined);
    expect(queue.cut(256, 6), 'a sliver is not worth a frame').to.equal(undefined);
    expect(queue.cut(256, 7)?.units).to.equal(4);
    const exact = new SendQueue();
    exact.push(Buffer.alloc(500));
    expect(exact.cut(256, 4)?.units).to.equal(4);
  });

  it('counts bytes and messages until they are acknowledged', () => {
    const queue = cutOf([150, 64]);
    expect(startsOf(queue.acknowledge(received(2)))).to.deep.equal([0, 1]);
    expect([queue.queuedBytes, queue.queuedMessages, startsOf(queue.fragments)]).to.deep.equal([86, 2, [2, 3]]);
    expect(startsOf(queue.acknowledge(received(2, 1, 1)))).to.deep.equal([3]);
    expect([queue.queuedBytes, queue.queuedMessages]).to.deep.equal([22, 1]);
    expect(startsOf(queue.acknowledge(received(4)))).to.deep.equal([2]);
    expect([queue.queuedBytes, queue.queuedMessages, queue.flying]).to.deep.equal([0, 0, false]);
  });

  it('takes a fragment for arrived only when all of it is', () => {
    const queue = cutOf([256, 256, 256], 256);
    expect(startsOf(queue.acknowledge(received(3)))).to.deep.equal([]);
    expect(startsOf(queue.acknowledge(received(3, 1, 3)))).to.deep.equal([]);
    expect(startsOf(queue.acknowledge(received(3, 2, 7)))).to.deep.equal([8]);
    expect(startsOf(queue.acknowledge(received(4)))).to.deep.equal([0]);
    expect(startsOf(queue.acknowledge(received(4, 1, 3)))).to.deep.equal([]);
  });

  it('finds what arrived in several runs', () => {
    const queue = cutOf(Array(9).fill(64));
    expect(startsOf(queue.acknowledge(received(1, 1, 2, 2, 1, 1, 1)))).to.deep.equal([0, 2, 3, 6, 8]);
    expect(startsOf(queue.fragments)).to.deep.equal([1, 4, 5, 7]);
  });

  it('takes no notice of an acknowledgement that is older than another, or of what was never cut', () => {
    const queue = cutOf(Array(5).fill(64));
    queue.acknowledge(received(3));
    expect(startsOf(queue.acknowledge(received(2, 2, 1)))).to.deep.equal([]);
    expect(startsOf(queue.acknowledge(received(6)))).to.deep.equal([]);
    expect(startsOf(queue.fragments)).to.deep.equal([3, 4]);
    expect(startsOf(queue.acknowledge(received(5)))).to.deep.equal([3, 4]);
  });

  it('makes room in the window as the head is acknowledged, and not before', () => {
    const queue = cutOf(Array(6).fill(64), 64, 4);
    expect(startsOf(queue.fragments)).to.deep.equal([0, 1, 2, 3]);
    queue.acknowledge(received(0, 1, 3));
    expect(queue.cut(64, 4)).to.equal(undefined);
    queue.acknowledge(received(2));
    expect([queue.cut(64, 4)?.start, queue.cut(64, 4)?.start, queue.cut(64, 4)]).to.deep.equal([4, 5, undefined]);
  });

  it('loses what was sent at or before what has arrived, as far as the acknowledgement could name', () => {
    const queue = cutOf(Array(8).fill(64));
    queue.acknowledge(received(1, 2, 1));
    expect(startsOf(queue.loseBefore(4))).to.deep.equal([1, 2]);
    expect([queue.lost, queue.flying, startsOf(queue.loseBefore(4))]).to.deep.equal([true, true, []]);
    expect([repeated(queue), queue.lost]).to.deep.equal([[1, 2], false]);
    const cutShort = cutOf(Array(8).fill(64));
    cutShort.acknowledge({ next: 1, runs: [2, 1], complete: false });
    expect(startsOf(cutShort.loseBefore(8)), 'nothing is known past the last run').to.deep.equal([1, 2]);
    const nothingNamed = cutOf(Array(8).fill(64));
    nothingNamed.acknowledge({ next: 1, runs: [], complete: false });
    expect(startsOf(nothingNamed.loseBefore(8))).to.deep.equal([]);
  });

  it('loses nothing that was sent later, though it is the first that is missing', () => {
    const queue = cutOf(Array(3).fill(64));
    expect(startsOf(queue.loseBefore(0))).to.deep.equal([]);
    expect(startsOf(queue.loseBefore(1))).to.deep.equal([0]);
    expect(startsOf(queue.loseBefore(3)), 'behind a head that is lost').to.deep.equal([1, 2]);
    expect(new SendQueue().loseBefore(9)).to.deep.equal([]);
    const gaps = cutOf(Array(3).fill(64));
    const [head] = gaps.fragments;
    if (head !== undefined) head.sentOrder = 9;
    gaps.acknowledge(received(0, 2, 1));
    expect(startsOf(gaps.loseBefore(5)), 'behind a head that was repeated').to.deep.equal([1]);
  });

  it('repeats everything once the line was lost', () => {
    const queue = cutOf(Array(4).fill(64));
    queue.acknowledge(received(0, 1, 1));
    queue.loseAll();
    expect([queue.flying, queue.lost]).to.deep.equal([false, true]);
    expect([repeated(queue), queue.repeat(64)]).to.deep.equal([[0, 2, 3], undefined]);
  });

  it('counts what is acknowledged while it waits to be repeated as lost no more', () => {
    const queue = cutOf(Array(3).fill(64));
    queue.loseAll();
    queue.acknowledge(received(2));
    expect([queue.lost, repeated(queue), queue.lost, queue.flying]).to.deep.equal([true, [2], false, true]);
    queue.acknowledge(received(3));
    expect([queue.lost, queue.flying]).to.deep.equal([false, false]);
  });

  it('splits what it repeats into pieces that the line bears', () => {
    const queue = cutOf([300], 256);
    queue.loseAll();
    const pieces = [];
    for (let next = queue.repeat(128); next; next = queue.repeat(128)) pieces.push(next);
    expect(
      pieces.map(({ start, units, bytes, first, last }) => [start, units, bytes.length, first, last]),
    ).to.deep.equal([
      [0, 2, 128, true, false],
      [2, 2, 128, false, false],
      [4, 1, 44, false, true],
    ]);
    expect([queue.lost, startsOf(queue.acknowledge(received(5)))]).to.deep.equal([false, [0, 2, 4]]);
  });

  it('loses by a timer only the first piece of a fragment, and what is lost already not again', () => {
    const queue = cutOf([300], 256);
    const [head] = queue.fragments;
    if (head === undefined) throw new Error('it was cut');
    queue.loseByTimer(head, 64);
    expect(queue.fragments.map(({ start, state, byTimer, last }) => [start, state, byTimer, last])).to.deep.equal([
      [0, 'lost', true, false],
      [1, 'flying', false, false],
      [4, 'flying', false, true],
    ]);
    const [piece] = queue.fragments;
    if (piece !== undefined) queue.loseByTimer(piece, 64);
    expect([repeated(queue), queue.lost]).to.deep.equal([[0], false]);
  });

  it('is not asked to split what it does not have', () => {
    const queue = cutOf([64]);
    const [fragment] = queue.fragments;
    queue.acknowledge(received(1));
    expect(() => fragment && queue.loseByTimer(fragment, 64)).to.throw('not acknowledged');
  });

  it('knows what is behind, also where numbers begin anew', () => {
    const queue = new SendQueue();
    const behind = (...nexts: readonly number[]) => nexts.map((next) => queue.isBehind(next));
    expect(behind(0, 1, 0xffff)).to.deep.equal([false, false, true]);
    queue.push(Buffer.alloc(64 * 0x10003));
    for (let acknowledged = 0; acknowledged < 0x10001; acknowledged += 0x1fff) {
      while (queue.cut(64, 0x2000) !== undefined);
      queue.acknowledge(received(acknowledged & 0xffff));
    }
    while (queue.cut(64, 0x2000) !== undefined);
    queue.acknowledge(received(1));
    expect(behind(0xffff, 0, 1, 2)).to.deep.equal([true, true, false, false]);
  });
});
