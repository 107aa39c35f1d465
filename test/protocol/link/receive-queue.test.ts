import { expect } from 'chai';
import { type DataFrame, ReceiveQueue } from '../../../protocol/link/receive-queue.js';

const limits = { windowUnits: 16, payloadUnitsMax: 4, messageBytesMax: 1000 };

/** A fragment at this unit, full of a byte; a message of its own unless told otherwise. */
function frame(
  sequence: number,
  of: { bytes?: number; fill?: number; first?: boolean; last?: boolean } = {},
): DataFrame {
  const { bytes = 64, fill = sequence, first = true, last = true } = of;
  return { kind: 'data', priority: 1, first, last, sequence, payload: Buffer.alloc(bytes, fill) };
}

/** Outcomes of frames in this order. */
function outcomes(queue: ReceiveQueue, ...frames: readonly DataFrame[]): string[] {
  return frames.map((each) => queue.take(each).outcome);
}

/** The messages that a frame completed, each as its first byte and its length. */
function messages(queue: ReceiveQueue, each: DataFrame): string[] {
  return queue.take(each).messages.map((message) => `${message[0] ?? '-'}×${message.length}`);
}

describe('a queue at the receiver', () => {
  it('hands on messages in order, as soon as what was missing before them has come', () => {
    const queue = new ReceiveQueue(limits);
    expect(messages(queue, frame(0))).to.deep.equal(['0×64']);
    expect(messages(queue, frame(2))).to.deep.equal([]);
    expect(messages(queue, frame(4, { bytes: 65 }))).to.deep.equal([]);
    expect(messages(queue, frame(3))).to.deep.equal([]);
    expect([queue.next, queue.heldBytes]).to.deep.equal([1, 64 + 64 + 65]);
    expect(messages(queue, frame(1))).to.deep.equal(['1×64', '2×64', '3×64', '4×65']);
    expect([queue.next, queue.heldBytes]).to.deep.equal([6, 0]);
  });

  it('stops at the next gap', () => {
    const queue = new ReceiveQueue(limits);
    queue.take(frame(1));
    queue.take(frame(3));
    expect(messages(queue, frame(0))).to.deep.equal(['0×64', '1×64']);
    expect([queue.next, queue.runs, queue.heldBytes]).to.deep.equal([2, [1, 1], 64]);
  });

  it('tells a gap behind everything from a fragment that fills one or follows on', () => {
    const queue = new ReceiveQueue(limits);
    const taken = outcomes(queue, frame(3), frame(4), frame(8), frame(6), frame(1), frame(10));
    expect(taken).to.deep.equal(['gap', 'taken', 'gap', 'taken', 'taken', 'gap']);
    expect(queue.runs).to.deep.equal([1, 1, 1, 2, 1, 1, 1, 1, 1, 1]);
  });

  it('names what it holds as runs of missing and received units', () => {
    const queue = new ReceiveQueue(limits);
    expect(queue.runs).to.deep.equal([]);
    queue.take(frame(2, { bytes: 256 }));
    queue.take(frame(9, { bytes: 1 }));
    queue.take(frame(6, { bytes: 128 }));
    expect(queue.runs).to.deep.equal([2, 6, 1, 1]);
  });

  it('passes over what it has, or has a part of', () => {
    const queue = new ReceiveQueue(limits);
    outcomes(queue, frame(0, { bytes: 128 }), frame(4, { bytes: 128 }), frame(8));
    const repeated = [frame(0, { bytes: 128 }), frame(1), frame(4), frame(5), frame(3, { bytes: 128 }), frame(8)];
    expect(outcomes(queue, ...repeated)).to.deep.equal(Array(6).fill('repeated'));
    expect(outcomes(queue, frame(2, { bytes: 192 })), 'reaches into what is held').to.deep.equal(['repeated']);
    expect([queue.next, queue.heldBytes]).to.deep.equal([2, 192]);
    expect(messages(queue, frame(2, { bytes: 128 }))).to.deep.equal(['2×128', '4×128']);
  });

  it('refuses what lies past its window, in whole or in part', () => {
    const queue = new ReceiveQueue(limits);
    expect(outcomes(queue, frame(16), frame(15, { bytes: 65 }))).to.deep.equal(['frame-window', 'frame-window']);
    expect(outcomes(queue, frame(15), frame(0), frame(16), frame(17))).to.deep.equal([
      ...['gap', 'taken', 'taken', 'frame-window'],
    ]);
  });

  it('goes on where sequence numbers begin again', () => {
    const queue = new ReceiveQueue(limits);
    for (let unit = 0; unit < 65_536; unit += 4) queue.take(frame(unit, { bytes: 256, fill: 7 }));
    expect(queue.next).to.equal(65_536);
    expect(outcomes(queue, frame(65_535), frame(1), frame(0))).to.deep.equal(['repeated', 'gap', 'taken']);
    expect(queue.next).to.equal(65_538);
  });

  it('refuses a fragment that is too long, and one within a message that is not whole units', () => {
    const queue = new ReceiveQueue(limits);
    const wrong = [
      frame(0, { bytes: 257 }),
      frame(0, { bytes: 320, last: false }),
      frame(0, { bytes: 65, last: false }),
    ];
    expect(outcomes(queue, ...wrong, frame(0, { bytes: 0, last: false }))).to.deep.equal(Array(4).fill('frame-length'));
    expect(outcomes(queue, frame(0, { bytes: 256, last: false }))).to.deep.equal(['taken']);
  });

  it('joins fragments, and hands on a message of one as it came', () => {
    const queue = new ReceiveQueue(limits);
    const single = frame(0, { bytes: 3 });
    expect(queue.take(single).messages[0]).to.equal(single.payload);
    queue.take(frame(1, { bytes: 128, fill: 1, last: false }));
    queue.take(frame(3, { bytes: 64, fill: 2, first: false, last: false }));
    expect(queue.heldBytes).to.equal(192);
    const [joined] = queue.take(frame(4, { bytes: 5, fill: 3, first: false })).messages;
    expect(joined).to.deep.equal(Buffer.concat([Buffer.alloc(128, 1), Buffer.alloc(64, 2), Buffer.alloc(5, 3)]));
    expect([queue.heldBytes, messages(queue, frame(5, { bytes: 0 }))]).to.deep.equal([0, ['-×0']]);
  });

  it('drops a message that becomes too long, up to the next one, and says so once', () => {
    const queue = new ReceiveQueue(limits);
    const part = (sequence: number, of: { first?: boolean; last?: boolean; bytes?: number } = {}) =>
      frame(sequence, { bytes: 256, first: false, last: false, ...of });
    expect(outcomes(queue, part(0, { first: true }), part(4), part(8))).to.deep.equal(['taken', 'taken', 'taken']);
    expect(outcomes(queue, part(12))).to.deep.equal(['link-message-length']);
    expect([queue.heldBytes, outcomes(queue, part(16))]).to.deep.equal([0, ['taken']]);
    expect([messages(queue, part(20, { last: true })), queue.heldBytes]).to.deep.equal([[], 0]);
    expect(messages(queue, frame(24, { fill: 9 }))).to.deep.equal(['9×64']);
  });

  it('takes the longest message, and none a byte longer', () => {
    for (const [lastBytes, outcome] of [
      [232, 'taken'],
      [233, 'link-message-length'],
    ] as const) {
      const queue = new ReceiveQueue(limits);
      for (const unit of [0, 4, 8]) queue.take(frame(unit, { bytes: 256, first: unit === 0, last: false, fill: 1 }));
      const last = queue.take(frame(12, { bytes: lastBytes, first: false }));
      expect([last.outcome, last.messages.length]).to.deep.equal([outcome, outcome === 'taken' ? 1 : 0]);
      expect(messages(queue, frame(16, { fill: 5 }))).to.deep.equal(['5×64']);
    }
  });

  it('tells of a message too long when it was held, and hands on the others', () => {
    const queue = new ReceiveQueue({ ...limits, messageBytesMax: 100 });
    queue.take(frame(1, { bytes: 128 }));
    queue.take(frame(3));
    const taken = queue.take(frame(0));
    expect([taken.outcome, taken.messages.map(([byte]) => byte)]).to.deep.equal(['link-message-length', [0, 3]]);
  });

  it('makes nothing of the rest of a message whose beginning it never had', () => {
    const queue = new ReceiveQueue(limits);
    expect(messages(queue, frame(0, { first: false }))).to.deep.equal([]);
    expect([queue.heldBytes, messages(queue, frame(1))]).to.deep.equal([0, ['1×64']]);
  });
});
